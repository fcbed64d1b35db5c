//! `POST /api/mmob/products`

use std::time::Duration;

use jiff::SignedDuration;
use model::id::OfferId;
use model::product::{NewFulfilment, NewProduct, Product};
use model::{Error, Kind, Result};
use partners::mmob;
use runtime::problem::Problem;
use runtime::{Cx, Reply, Success, signature};
use serde::Serialize;
use utoipa::ToSchema;

use super::ask::{ask, find, is_unknown};
use super::offer::{OfferRow, ProductView};
use super::sent::{self, Earlier, Mark};
use super::{Fulfilment, ProductRow};
use crate::Env;

/// What MMOB has not listed this long after it was sent is not on its way any more.
const UNDERWAY: SignedDuration = SignedDuration::from_secs(30);

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedProduct {
    #[serde(flatten)]
    product: ProductView,
    /// With fulfilment by callback, the key of every signature, shown this once. An answer that is replayed has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// Offers a product at MMOB, and says what is to be done with its orders. For admins.
///
/// With the same `Idempotency-Key` and body there is one product, also where MMOB's answer was lost. Fulfilment by callback is
/// a signed POST of each order as Standard Webhooks has it; see the `secret`.
#[utoipa::path(
    post,
    path = "/api/mmob/products",
    operation_id = "mmob-product-create",
    tag = "mmob",
    request_body = NewProduct,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body create once", min_length = 1, max_length = 255, pattern = "^[ -~]*$", nullable = false)),
    responses(
        (status = 201, description = "Created; the secret is shown once", body = Success<CreatedProduct>),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The key is in use, or the product may still be on its way to MMOB", body = Problem, content_type = "application/problem+json"),
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
pub async fn create(cx: Cx<Env>, wanted: NewProduct) -> Result<Reply<Success<CreatedProduct>>> {
    cx.caller.must_be_admin()?;
    if let NewFulfilment::Callback { url } = &wanted.fulfilment {
        cx.env.egress.endpoint("fulfilment.url", url)?;
    }
    let name = sent::name(&cx, "product", &wanted)?;
    let external_key = name.unwrap_or_else(|| *OfferId::new(cx.now()).as_uuid()).to_string();
    let made = match name {
        Some(name) => once(&cx, &wanted, &external_key, &Mark::of(&cx.env, &name)?).await,
        None => anew(&cx, &wanted, &external_key).await,
    };
    cx.env.outbound.tracer.flush().await;
    keep(&cx, &made?, external_key, wanted).await
}

/// Not again where an earlier call may have sent it.
async fn once(cx: &Cx<Env>, wanted: &NewProduct, external_key: &str, mark: &Mark) -> Result<Product> {
    if let Earlier::Sent(before) = mark.set(cx).await? {
        if let Some(made) = find(cx, external_key).await? {
            return Ok(made);
        }
        if cx.now().duration_since(before) < UNDERWAY || !mark.renew(cx, before).await? {
            let wait = "The product may still be on its way to MMOB. Ask again.";
            return Err(Error::new(Kind::InProgress, wait).retry_after(Some(Duration::from_secs(5))));
        }
    }
    let made = anew(cx, wanted, external_key).await;
    if made.as_ref().is_err_and(|error| !is_unknown(error)) {
        mark.clear(cx).await;
    }
    made
}

async fn anew(cx: &Cx<Env>, wanted: &NewProduct, external_key: &str) -> Result<Product> {
    let call = mmob::create_product(wanted, external_key)?;
    let error = match ask(cx, &call, mmob::read_created_product).await {
        Err(error) if is_unknown(&error) => error,
        known => return known,
    };
    // Only its answer may be lost.
    find(cx, external_key).await.ok().flatten().ok_or(error)
}

async fn keep(
    cx: &Cx<Env>,
    made: &Product,
    external_key: String,
    wanted: NewProduct,
) -> Result<Reply<Success<CreatedProduct>>> {
    let shown = |offer: &OfferRow, secret| {
        let product = offer.view();
        Reply::created(Success::new(CreatedProduct { product, secret }, "Product created"))
    };
    // Under a key that was forgotten meanwhile: the product is there, and so is its secret.
    if let Some(offer) = OfferRow::load(&cx.env, &made.id).await? {
        return cx.commit(Vec::new(), Ok(shown(&offer, None))).await;
    }
    let (fulfilment, secret) = match &wanted.fulfilment {
        NewFulfilment::Auto { required_inputs } => {
            let required_inputs = required_inputs.clone();
            (Fulfilment::Auto { required_inputs }, None)
        }
        NewFulfilment::Callback { url } => {
            let (url, secret) = (url.clone(), signature::secret()?);
            (
                Fulfilment::Callback {
                    url,
                    secret: secret.clone(),
                },
                Some(secret),
            )
        }
        NewFulfilment::Manual => (Fulfilment::Manual, None),
    };
    let offer = OfferRow::new(made, external_key, wanted, cx.now());
    let row = ProductRow::new(&made.id, fulfilment, cx.now()).create(&cx.env)?;
    let rows = offer.create(&cx.env)?.into_iter().chain([row]).collect();
    cx.commit_secret(rows, &shown(&offer, None), shown(&offer, secret))
        .await
}
