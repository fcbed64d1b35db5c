//! `POST /api/mmob/products/{prodId}/pricing`

use garde::Validate;
use model::product::{CurrencyCode, NewPrice, ProductPrice};
use model::{Error, Kind, Result};
use partners::mmob;
use runtime::problem::Problem;
use runtime::{Cx, Reply, Success};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::{ask, is_unknown};
use super::sent::{self, Earlier, Mark};
use crate::Env;

#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewPrice)]
pub struct Wanted {
    #[garde(length(min = 1, max = 64))]
    #[schema(ignore)]
    prod_id: String,
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    #[garde(skip)]
    currency: CurrencyCode,
    /// In the currency's minor units: pence for GBP.
    #[garde(range(min = 0, max = 10_000_000_000))]
    #[schema(minimum = 0, maximum = 10_000_000_000_i64)]
    amount: i64,
}

/// A price as MMOB has it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PriceView {
    id: String,
    prod_id: String,
    name: String,
    currency: CurrencyCode,
    amount: i64,
}

/// Gives a product a price. For admins.
///
/// MMOB has no way to find a price again. Where its answer was lost, the same `Idempotency-Key` creates no second one: it is
/// refused, and somebody has to look at MMOB whether the price is there.
#[utoipa::path(
    post,
    path = "/api/mmob/products/{prodId}/pricing",
    operation_id = "mmob-price-create",
    tag = "mmob",
    request_body = Wanted,
    params(
        ("prodId" = String, Path, description = "MMOB's id of the product", min_length = 1, max_length = 64),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body create once", min_length = 1, max_length = 255, pattern = "^[ -~]*$", nullable = false),
    ),
    responses(
        (status = 201, description = "Created", body = Success<PriceView>),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "MMOB has no such product", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The key is in use, or MMOB may have the price already", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Over 1 MiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Invalid, or MMOB does not accept it", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 502, description = "MMOB does not know us, or its answer cannot be used", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "MMOB or our storage failed", body = Problem, content_type = "application/problem+json"),
        (status = 504, description = "MMOB did not answer", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn create(cx: Cx<Env>, wanted: Wanted) -> Result<Reply<Success<PriceView>>> {
    cx.caller.must_be_admin()?;
    let price = NewPrice {
        name: wanted.name,
        currency: wanted.currency,
        amount: wanted.amount,
    };
    let made = made(&cx, &wanted.prod_id, &price).await;
    cx.env.outbound.tracer.flush().await;
    let made = made?;
    let view = PriceView {
        id: made.id,
        prod_id: wanted.prod_id,
        name: made.name.unwrap_or(price.name),
        currency: made.currency,
        amount: made.amount,
    };
    let reply = Reply::created(Success::new(view, "Price created"));
    cx.commit(Vec::new(), Ok(reply)).await
}

async fn made(cx: &Cx<Env>, product: &str, price: &NewPrice) -> Result<ProductPrice> {
    // What cannot stand in a path is no product's id.
    let call = mmob::create_price(product, price).map_err(|_| Error::not_found())?;
    let name = sent::name(cx, &format!("price of {product}"), price)?;
    let mark = name.map(|name| Mark::of(&cx.env, &name)).transpose()?;
    if let Some(mark) = &mark
        && let Earlier::Sent(_) = mark.set(cx).await?
    {
        let why = "MMOB may have this price already. Look there, and use another Idempotency-Key if it has not.";
        return Err(Error::new(Kind::Conflict, why));
    }
    let read = |answer: &_| mmob::read_created_price(answer)?.ok_or_else(Error::not_found);
    let made = ask(cx, &call, read).await;
    if let (Some(mark), Err(error)) = (&mark, &made)
        && !is_unknown(error)
    {
        mark.clear(cx).await;
    }
    made
}
