//! `POST /api/integration/erasures`

use garde::Validate;
use http::header;
use model::email::Email;
use model::id::ErasureId;
use model::{Error, Result};
use runtime::work::erasure::{ErasureRow, ErasureSubject};
use runtime::{Cx, Domain, Reply, Success};
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::ErasureView;
use crate::Env;

/// No case has a greater number.
const MAX_CASE: u64 = 999_999_999_999_999;

/// The subject of the erasure: exactly one of the members.
#[derive(Deserialize, Validate, ToSchema)]
#[schema(min_properties = 1, max_properties = 1)]
pub struct NewErasure {
    /// An address, in any spelling.
    #[garde(skip)]
    #[schema(nullable = false)]
    email: Option<Email>,
    /// A case's number in the hub.
    #[garde(range(min = 1, max = MAX_CASE))]
    #[schema(nullable = false, minimum = 1, maximum = 999_999_999_999_999_i64)]
    case: Option<u64>,
    /// A user's id at MMOB.
    #[garde(length(min = 1, max = 64))]
    #[schema(nullable = false, min_length = 1, max_length = 64)]
    customer: Option<String>,
}

impl NewErasure {
    fn subject(&self, env: &Env) -> Result<ErasureSubject> {
        match (&self.email, self.case, &self.customer) {
            (Some(address), None, None) => Ok(ErasureSubject::email(env.redactor(), address)),
            (None, Some(number), None) => Ok(ErasureSubject::Case { number }),
            (None, None, Some(user)) => Ok(ErasureSubject::customer(env.redactor(), user)),
            _ => {
                let why = "must be given if and only if no other of email, case and customer is";
                Err(Error::invalid("email", why).field("case", why).field("customer", why))
            }
        }
    }
}

/// Erases the hub's data about a person or a case. For admins.
///
/// Workers begin within five minutes. They delete all that was made before the request; later data stays. The hub stores a keyed
/// digest of an address or an id, never the value. A repeated request makes another erasure, which finds nothing more.
#[utoipa::path(
    post,
    path = "/api/integration/erasures",
    operation_id = "operations-erasure-create",
    request_body = NewErasure,
    responses((status = 202, description = "Accepted; see Location", body = Success<ErasureView>))
)]
pub async fn create(cx: Cx<Env>, wanted: NewErasure) -> Result<Reply<Success<ErasureView>>> {
    let (subject, now) = (wanted.subject(&cx.env)?, cx.now());
    let row = ErasureRow::new(ErasureId::new(now), subject, &cx.caller.subject, now);
    let rows = cx.env.erasures()?;
    let location = format!("/api/integration/erasures/{}", row.id);
    let reply = Reply::accepted(Success::new(ErasureView::of(&row), "Erasure accepted"));
    cx.commit(row.begin(rows)?, Ok(reply.header(header::LOCATION, location)))
        .await
}
