//! Calls to MMOB for a caller who waits.

use call::{Answer, Call};
use model::error::Kind;
use model::product::Product;
use model::{Error, Result};
use partners_marketplace::{Marketplace, Mmob};
use runtime::Cx;
use runtime::transport::CallContext;

use crate::Env;

/// More pages of products than any provider has.
const MAX_PAGES: u32 = 100;

pub async fn call<T>(cx: &Cx<Env>, call: &Call, read: impl Fn(&Answer) -> Result<T>) -> Result<T> {
    let env = &cx.env;
    let context = CallContext {
        background: false,
        ..cx.call_context(cx.correlation)
    };
    env.outbound
        .exchange(&env.target()?, &env.policy()?, context, call, read)
        .await
}

/// Whether MMOB may have carried out the failed call.
pub fn is_uncertain(error: &Error) -> bool {
    matches!(
        error.kind,
        Kind::PartnerTimeout | Kind::PartnerReset | Kind::PartnerError | Kind::PartnerBadResponse
    )
}

/// The product that was created under one of the hub's keys, if MMOB has it.
pub async fn find(cx: &Cx<Env>, external_key: &str) -> Result<Option<Product>> {
    for page in 0..MAX_PAGES {
        let page = call(cx, &Mmob.products(page)?, |answer| Mmob.read_products(answer)).await?;
        let created = |product: &Product| product.external_key.as_deref() == Some(external_key);
        let found = page.items.into_iter().find(created);
        if found.is_some() || page.last {
            return Ok(found);
        }
    }
    let endless = "MMOB's list of products has no end";
    Err(Error::new(Kind::PartnerBadResponse, endless))
}
