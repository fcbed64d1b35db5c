//! Asking MMOB for somebody who waits.

use model::error::Kind;
use model::product::Product;
use model::{Error, Result};
use partners::{Answer, Call, mmob};
use runtime::Cx;
use runtime::transport::Trip;

use crate::Env;

/// So many pages are looked through: more products than any provider has.
const MOST_PAGES: u32 = 100;

pub async fn ask<T>(cx: &Cx<Env>, call: &Call, read: impl Fn(&Answer) -> Result<T>) -> Result<T> {
    let env = &cx.env;
    let trip = Trip {
        correlation: cx.correlation,
        clock: cx.clock,
        deadline: cx.deadline,
        unhurried: false,
    };
    env.outbound
        .exchange(&env.target()?, &env.policy()?, trip, call, read)
        .await
}

/// Whether MMOB may have done what it was asked although it did not say so.
pub fn is_unknown(error: &Error) -> bool {
    matches!(
        error.kind,
        Kind::PartnerTimeout | Kind::PartnerError | Kind::PartnerBadResponse
    )
}

/// The product that was created under a key of ours, if MMOB has it.
pub async fn find(cx: &Cx<Env>, external_key: &str) -> Result<Option<Product>> {
    for page in 0..MOST_PAGES {
        let page = ask(cx, &mmob::products(page)?, mmob::read_products).await?;
        let ours = |product: &Product| product.external_key.as_deref() == Some(external_key);
        let found = page.items.into_iter().find(ours);
        if found.is_some() || page.last {
            return Ok(found);
        }
    }
    let endless = "MMOB lists products without end";
    Err(Error::new(Kind::PartnerBadResponse, endless))
}
