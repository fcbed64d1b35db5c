//! `POST /api/mmob/products`

use std::time::Duration;

use jiff::SignedDuration;
use model::id::OfferId;
use model::product::{NewFulfilment, NewProduct, Product};
use model::{Error, Kind, Result};
use partners_marketplace::{Marketplace, Mmob};
use runtime::http::signature;
use runtime::work::row::Row;
use runtime::{Cx, Reply, Success};
use serde::Serialize;
use utoipa::ToSchema;

use super::client::{call, find, is_uncertain};
use super::marker::{self, Marker};
use super::offer::{OfferRow, ProductView};
use super::row::{Fulfilment, ProductRow, seal};
use crate::Env;

/// A request that MMOB has not carried out by then never arrived.
const IN_FLIGHT_LIMIT: SignedDuration = SignedDuration::from_secs(30);

/// A new product.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedProduct {
    #[serde(flatten)]
    product: ProductView,
    /// With fulfilment by callback, the key of every signature. Only the first response has it; a replay does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// Offers a product at MMOB and stores how its orders are fulfilled. For admins.
///
/// Calls with the same `Idempotency-Key` and body create one product, even if MMOB's response is lost. For fulfilment by
/// callback, the hub sends each order in a signed POST in the form of Standard Webhooks; see `secret`.
#[utoipa::path(
    post,
    path = "/api/mmob/products",
    operation_id = "mmob-product-create",
    request_body = NewProduct,
    responses(
        (status = 201, description = "Created. Only this response has the secret", body = Success<CreatedProduct>),
        (status = 409, description = "An earlier request to MMOB may still arrive"),
        (status = 422, description = "MMOB refused some values"),
        (status = 502, description = "MMOB refused the hub's key, or its response is unusable"),
        (status = 503, description = "MMOB failed"),
        (status = 504, description = "MMOB did not respond"),
    )
)]
pub async fn create(cx: Cx<Env>, wanted: NewProduct) -> Result<Reply<Success<CreatedProduct>>> {
    if let NewFulfilment::Callback { url } = &wanted.fulfilment {
        cx.env.egress.endpoint("fulfilment.url", url)?;
        // Before MMOB has the product: without keys its secret cannot be stored.
        cx.env.sealing.check(cx.now()).await?;
    }
    let id = marker::id(&cx, "product", &wanted)?;
    let external_key = id.unwrap_or_else(|| *OfferId::new(cx.now()).as_uuid()).to_string();
    let marker = id.map(|id| Marker::of(&cx.env, &id)).transpose()?;
    let create = async {
        match &marker {
            Some(marker) => create_marked(&cx, &wanted, &external_key, marker).await,
            None => create_at_mmob(&cx, &wanted, &external_key).await,
        }
    };
    let created = cx.counted(create).await;
    cx.env.outbound.tracer.flush().await;
    store(&cx, &created?, external_key, wanted).await
}

/// Creates the product unless an earlier call may have done so.
async fn create_marked(cx: &Cx<Env>, wanted: &NewProduct, external_key: &str, marker: &Marker) -> Result<Product> {
    if let Some(before) = marker.set(cx).await? {
        if let Some(created) = find(cx, external_key).await? {
            return Ok(created);
        }
        if cx.now().duration_since(before) < IN_FLIGHT_LIMIT || !marker.renew(cx, before).await? {
            let wait = "The product may still be on its way to MMOB. Repeat the request.";
            return Err(Error::new(Kind::InProgress, wait).retry_after(Some(Duration::from_secs(5))));
        }
    }
    let created = create_at_mmob(cx, wanted, external_key).await;
    if created.as_ref().is_err_and(|error| !is_uncertain(error)) {
        marker.clear(cx).await;
    }
    created
}

async fn create_at_mmob(cx: &Cx<Env>, wanted: &NewProduct, external_key: &str) -> Result<Product> {
    let request = Mmob.create_product(wanted, external_key)?;
    let error = match call(cx, &request, |answer| Mmob.read_created_product(answer)).await {
        Err(error) if is_uncertain(&error) => error,
        certain => return certain,
    };
    // MMOB may have the product, and only its response is lost.
    find(cx, external_key).await.ok().flatten().ok_or(error)
}

async fn store(
    cx: &Cx<Env>,
    created: &Product,
    external_key: String,
    wanted: NewProduct,
) -> Result<Reply<Success<CreatedProduct>>> {
    let reply = |offer: &OfferRow, secret| {
        let product = offer.view();
        Reply::created(Success::new(CreatedProduct { product, secret }, "Product created"))
    };
    // The hub has forgotten the caller's key since. The rows exist, with the secret.
    let rows = cx.env.table()?;
    if let Some(offer) = OfferRow::load(rows, &created.id).await? {
        return cx.commit(Vec::new(), Ok(reply(&offer, None))).await;
    }
    let (fulfilment, secret) = fulfilment(cx, &created.id, &wanted.fulfilment).await?;
    let offer = OfferRow::new(created, external_key, wanted, &cx.caller.subject, cx.now());
    let product = ProductRow::new(&created.id, fulfilment, cx.now());
    let writes = vec![offer.entry(rows)?, offer.create(rows)?, product.create(rows)?];
    cx.commit_secret(writes, &reply(&offer, None), reply(&offer, secret))
        .await
}

/// The fulfilment as it is stored, with the new secret of a callback.
async fn fulfilment(cx: &Cx<Env>, id: &str, wanted: &NewFulfilment) -> Result<(Fulfilment, Option<String>)> {
    Ok(match wanted.clone() {
        NewFulfilment::Auto { required_inputs } => (Fulfilment::Auto { required_inputs }, None),
        NewFulfilment::Callback { url } => {
            let shown = signature::secret()?;
            let secret = seal(&cx.env, id, &shown, cx.now()).await?;
            (Fulfilment::Callback { url, secret }, Some(shown))
        }
        NewFulfilment::Manual => (Fulfilment::Manual, None),
    })
}
