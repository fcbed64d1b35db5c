//! `POST /api/mmob/products/{prodId}/pricing`

use garde::Validate;
use jiff::Timestamp;
use model::currency::CurrencyCode;
use model::product::{NewPrice, ProductPrice};
use model::text::plain;
use model::{Error, Kind, Result};
use partners_marketplace::{Marketplace, Mmob};
use runtime::port::store::Key;
use runtime::work::row::{Row, Table};
use runtime::{Cx, Reply, Success};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::client::{call, is_uncertain};
use super::marker::{self, Marker};
use crate::Env;

/// A new price of a product.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewPrice)]
pub struct CreatePrice {
    #[garde(length(min = 1, max = 64))]
    #[schema(ignore)]
    prod_id: String,
    /// Without control or format characters.
    #[garde(length(chars, min = 1, max = 200), custom(plain))]
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// ISO 4217.
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
    /// MMOB's id of the price.
    id: String,
    /// MMOB's id of the product.
    prod_id: String,
    /// The name that users see.
    name: String,
    /// ISO 4217.
    currency: CurrencyCode,
    /// In the currency's minor units: pence for GBP.
    amount: i64,
}

/// Who created a price. The price itself is at MMOB.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PriceRow {
    /// MMOB's id.
    id: String,
    prod_id: String,
    created_at: Timestamp,
    /// The `sub` of the admin.
    created_by: String,
}

impl Row for PriceRow {
    type Id = str;

    fn key(table: Table<'_>, id: &str) -> Key {
        table.key(format!("PRICE#{id}"), "PRICE")
    }

    fn id(&self) -> &str {
        &self.id
    }
}

/// Adds a price to a product. For admins.
///
/// MMOB has no way to look up a price. If its response is lost, a repeated call with the same `Idempotency-Key` gets a 409
/// instead of a second price. An operator then looks for the price at MMOB.
#[utoipa::path(
    post,
    path = "/api/mmob/products/{prodId}/pricing",
    operation_id = "mmob-price-create",
    request_body = CreatePrice,
    params(("prodId" = String, Path, description = "MMOB's id of the product", min_length = 1, max_length = 64)),
    responses(
        (status = 201, description = "Created", body = Success<PriceView>),
        (status = 404, description = "MMOB has no such product"),
        (status = 409, description = "MMOB may have this price already"),
        (status = 422, description = "MMOB refused some values"),
        (status = 502, description = "MMOB refused the hub's key, or its response is unusable"),
        (status = 503, description = "MMOB failed"),
        (status = 504, description = "MMOB did not respond"),
    )
)]
pub async fn create(cx: Cx<Env>, wanted: CreatePrice) -> Result<Reply<Success<PriceView>>> {
    let price = NewPrice {
        name: wanted.name,
        currency: wanted.currency,
        amount: wanted.amount,
    };
    let created = cx.counted(create_at_mmob(&cx, &wanted.prod_id, &price)).await;
    cx.env.outbound.tracer.flush().await;
    let created = created?;
    let view = PriceView {
        id: created.id,
        prod_id: wanted.prod_id,
        name: created.name.unwrap_or(price.name),
        currency: created.currency,
        amount: created.amount,
    };
    let row = PriceRow {
        id: view.id.clone(),
        prod_id: view.prod_id.clone(),
        created_at: cx.now(),
        created_by: cx.caller.subject.clone(),
    };
    let reply = Reply::created(Success::new(view, "Price created"));
    cx.commit(vec![row.create(cx.env.table()?)?], Ok(reply)).await
}

async fn create_at_mmob(cx: &Cx<Env>, product: &str, price: &NewPrice) -> Result<ProductPrice> {
    // An id that cannot be part of a path belongs to no product.
    let request = Mmob.create_price(product, price).map_err(|_| Error::not_found())?;
    let id = marker::id(cx, &format!("price of {product}"), price)?;
    let marker = id.map(|id| Marker::of(&cx.env, &id)).transpose()?;
    if let Some(marker) = &marker
        && marker.set(cx).await?.is_some()
    {
        let why = "MMOB may have this price already. Look there, and use another Idempotency-Key if it has not.";
        return Err(Error::new(Kind::Conflict, why));
    }
    let read = |answer: &_| Mmob.read_created_price(answer)?.ok_or_else(Error::not_found);
    let created = call(cx, &request, read).await;
    if let (Some(marker), Err(error)) = (&marker, &created)
        && !is_uncertain(error)
    {
        marker.clear(cx).await;
    }
    created
}
