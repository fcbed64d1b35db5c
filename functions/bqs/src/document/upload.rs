//! `POST /v1/bqs-case/document/{sequence}`

use model::Result;
use runtime::blob::sha256;
use runtime::problem::AspNetProblem;
use runtime::{Cx, Form, Reply};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::check::check;
use super::kept::{Kept, key};
use crate::Env;
use crate::case::row::{CaseRow, ChangeKind, Sequence};
use crate::case::write::Writer;
use crate::channel::Role;

/// One of `file` and `fileBase64`, and `code`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
#[serde(rename_all = "camelCase")]
pub struct DocumentForm {
    /// A PDF, a JPEG or a PNG of at most 3 MiB.
    #[schema(value_type = Option<String>, format = Binary, nullable = false)]
    file: Option<Vec<u8>>,
    /// The same in base64, with padding and without line breaks.
    #[schema(nullable = false)]
    file_base64: Option<String>,
    /// The document definition code.
    #[schema(min_length = 1, max_length = 20, pattern = "^[A-Za-z0-9_-]+$")]
    code: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Uploaded {
    #[schema(value_type = String, format = "uuid")]
    document_id: Uuid,
    /// Of the file's bytes, in hex.
    sha256: String,
    /// In bytes.
    size: u64,
}

/// Uploads a document to a case of the channel's own.
///
/// At most 3 MiB, a third less than that in base64 fits through the gateway in any case; the 413 of a larger one names, in
/// `instead`, where to ask for an upload of its own. Above about 4.4 MB the gateway's own 413 comes first.
#[utoipa::path(
    post,
    path = "/v1/bqs-case/document/{sequence}",
    operation_id = "bqs-document-upload",
    tag = "bqs",
    request_body(content = DocumentForm, content_type = "multipart/form-data"),
    params(
        ("sequence" = u64, Path, description = "The case's number", minimum = 1),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body are answered once", min_length = 1, max_length = 255, pattern = "^[ -~]*$", nullable = false),
        ("x-correlation-id" = Option<String>, Header, description = "A UUID that is logged, passed on and returned", nullable = false),
    ),
    responses(
        (status = 201, description = "Kept", body = Uploaded),
        (status = 400, description = "Not a form, or not one file and a code, or no base64", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 401, description = "No valid api key", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 403, description = "Without `document.write`, or another channel's case", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 404, description = "No such case for this channel", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 409, description = "The key is in use, or others are changing the case", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 413, description = "Over 3 MiB; `instead` is where a larger one can go", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 415, description = "Not a form, or the file is no PDF, JPEG or PNG, or not what it is called", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 422, description = "The key was used with another body", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed"),
    ),
    security(("apiKey" = []))
)]
pub async fn upload(cx: Cx<Env>, form: Form) -> Result<Reply<Uploaded>> {
    let mut writer = Writer::new(&cx, Role::DocumentWrite)?;
    let sequence = Sequence::parse(form.path.get("sequence"))?;
    let mut row = CaseRow::of(&cx.env, writer.caller(), sequence).await?;
    let document = check(&form, sequence)?;
    let id = cx.subject().unwrap_or_else(Uuid::new_v4);
    let kept = Kept {
        document_id: id,
        code: document.code,
        media_type: document.media_type.to_owned(),
        size: document.bytes.len().try_into().unwrap_or(u64::MAX),
        sha256: sha256(&document.bytes),
        key: key(id),
    };
    let bucket = cx.env.bucket()?;
    cx.env
        .blobs()
        .put(bucket, &kept.key, document.media_type, document.bytes)
        .await?;
    let reply = Reply::created(Uploaded {
        document_id: id,
        sha256: kept.sha256.clone(),
        size: kept.size,
    });
    loop {
        let writes = row.change(&cx.env, ChangeKind::Document, kept.render()?, cx.correlation, cx.now())?;
        if writer.commit(sequence, writes, &reply).await? {
            return Ok(reply);
        }
        row = CaseRow::of(&cx.env, writer.caller(), sequence).await?;
    }
}
