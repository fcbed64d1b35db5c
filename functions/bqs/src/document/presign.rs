//! `POST /v1/bqs-case/document/{sequence}/upload`

use http::header;
use model::{Error, Kind, Result};
use runtime::blob::{File, Presigned};
use runtime::problem::AspNetProblem;
use runtime::store::{Outcome, When, Write};
use runtime::{Cx, Domain, Reply};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::arrive::expect;
use super::check::code;
use super::kept::key;
use super::pending::Pending;
use crate::Env;
use crate::case::row::{CaseRow, Sequence};
use crate::channel::Role;
use crate::json::{Body, Is, Member, Schema};

/// The largest file that is sent on.
const LIMIT: u64 = 20 * 1024 * 1024;
const TYPES: [&str; 3] = ["application/pdf", "image/jpeg", "image/png"];

const ANNOUNCED: Schema = Schema {
    name: "announceDocument",
    partial: false,
    members: &[
        Member::new("code", Is::Text).required(),
        Member::new("contentType", Is::Text).required(),
        Member::new("size", Is::Integer).required(),
    ],
};

/// What is going to be uploaded.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
#[schema(rename_all = "camelCase")]
pub struct AnnouncedDocument {
    /// The document definition code.
    #[schema(min_length = 1, max_length = 20, pattern = "^[A-Za-z0-9_-]+$")]
    code: String,
    content_type: ContentType,
    /// In bytes.
    #[schema(minimum = 1, maximum = 20_971_520)]
    size: u64,
}

#[derive(ToSchema)]
pub enum ContentType {
    #[schema(rename = "application/pdf")]
    Pdf,
    #[schema(rename = "image/jpeg")]
    Jpeg,
    #[schema(rename = "image/png")]
    Png,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Offered {
    #[schema(value_type = String, format = "uuid")]
    document_id: Uuid,
    upload: Presigned,
}

/// Presigns the upload of one larger document to a case of the channel's own.
///
/// The answer is a request to be sent as it stands, within five minutes and once: a second time is 412, another type or
/// size is 403. What was uploaded becomes the case's some minutes later, if it is of the type that it was announced as.
#[utoipa::path(
    post,
    path = "/v1/bqs-case/document/{sequence}/upload",
    operation_id = "bqs-document-presign",
    tag = "bqs",
    request_body = AnnouncedDocument,
    params(
        ("sequence" = u64, Path, description = "The case's number", minimum = 1),
        ("x-correlation-id" = Option<String>, Header, description = "A UUID that is logged, passed on and returned", nullable = false),
    ),
    responses(
        (status = 201, description = "The request that uploads it", body = Offered),
        (status = 400, description = "Not JSON, or values that cannot be accepted, by JSON path", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 401, description = "No valid api key", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 403, description = "Without `document.write`, or another channel's case", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 404, description = "No such case for this channel", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 409, description = "Permissions are being changed", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 413, description = "Over 20 MiB, or a body over 1 MiB", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed"),
    ),
    security(("apiKey" = []))
)]
pub async fn presign(cx: Cx<Env>, ask: Body) -> Result<Reply<Offered>> {
    let env = &cx.env;
    cx.caller.must_have(Role::DocumentWrite)?;
    let sequence = Sequence::parse(ask.path.get("sequence"))?;
    let case = CaseRow::of(env, &cx.caller, sequence).await?;
    let asked = ask.document(&ANNOUNCED)?;
    let code = code(asked.text(&["code"]).unwrap_or_default())?;
    let given = asked.text(&["contentType"]).unwrap_or_default();
    let media_type = TYPES.into_iter().find(|known| *known == given);
    let media_type = media_type.ok_or_else(|| {
        Error::invalid(
            "$.contentType",
            format!("The contentType must be one of {}.", TYPES.join(", ")),
        )
    })?;
    let size = asked.integer(&["size"]).and_then(|size| u64::try_from(size).ok());
    let size = size.filter(|size| *size > 0);
    let size = size.ok_or_else(|| Error::invalid("$.size", "The size must be a positive number of bytes."))?;
    if size > LIMIT {
        return Err(Error::new(
            Kind::TooLarge,
            format!("A document must be at most {LIMIT} bytes."),
        ));
    }
    let id = Uuid::new_v4();
    let pending = Pending::new(id, code, media_type, size, cx.now());
    let key = key(id);
    let file = File {
        bucket: env.bucket()?,
        key: &key,
        media_type,
        size,
    };
    let (upload, expected) = tokio::join!(env.blobs().presign(file, cx.now()), expect(env, sequence, id));
    expected?;
    let writes = vec![
        pending.create(env, sequence)?,
        Write::check(CaseRow::key(env, sequence)?, When::text("channel", case.channel)),
        cx.caller.unchanged(env)?,
    ];
    let reply = Reply::created(Offered {
        document_id: id,
        upload: upload?,
    });
    match env.store().write(writes).await? {
        // Whoever holds it may upload.
        Outcome::Done => Ok(reply.header(header::CACHE_CONTROL, "no-store")),
        Outcome::Refused(_) => Err(Error::new(
            Kind::InProgress,
            "Permissions are being changed. Ask again.",
        )),
    }
}
