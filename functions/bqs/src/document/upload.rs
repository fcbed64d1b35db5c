//! `POST /v1/bqs-case/document/{sequence}`

use model::Result;
use runtime::port::blob::sha256;
use runtime::work::row::Revised;
use runtime::{Cx, Form, Reply};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::check::check;
use super::place::DocumentPlace;
use super::stored::{StoredDocument, key};
use crate::Env;
use crate::case::row::{ChangeKind, Sequence};
use crate::case::write::Writer;

/// `code`, and either `file` or `fileBase64`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
#[serde(rename_all = "camelCase")]
pub struct DocumentForm {
    /// A PDF, a JPEG or a PNG of at most 3 MiB.
    #[schema(value_type = Option<String>, format = Binary, nullable = false)]
    file: Option<Vec<u8>>,
    /// The same in base64, with padding and without line breaks.
    #[schema(nullable = false, example = "JVBERi0xLjQKJSVFT0YK")]
    file_base64: Option<String>,
    /// The document definition code.
    #[schema(min_length = 1, max_length = 20, pattern = "^[A-Za-z0-9_-]+$", example = "123")]
    code: String,
}

/// A stored document.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Uploaded {
    /// The document's id, which the case shows if the document is refused.
    #[schema(value_type = String, format = "uuid")]
    document_id: Uuid,
    /// The digest of the file's bytes, in hex.
    sha256: String,
    /// In bytes.
    size: u64,
}

/// Uploads a document to one of the channel's own cases.
///
/// The file must be whole. An image may have 20,000 pixels a side and 120 million in all. A PDF with a script, a program to
/// launch or an embedded file is refused.
///
/// A case may have 200 documents of 500 MiB together. A channel may upload and announce 10,000 documents of 50 GiB together in a
/// day, by UTC. Announced documents count even if they never arrive.
///
/// The limit is 3 MiB. In base64, a third less always fits through the gateway. In `instead`, the 413 of a larger document names
/// the route that presigns an upload. Above about 4.4 MB the gateway answers with its own 413.
///
/// The hub scans the document for malware after the response. It does not forward an infected one: the case shows it in
/// `refusedDocuments`.
#[utoipa::path(
    post,
    path = "/v1/bqs-case/document/{sequence}",
    operation_id = "bqs-document-upload",
    request_body(content = DocumentForm, content_type = "multipart/form-data"),
    params(("sequence" = u64, Path, description = "The case's number", minimum = 1)),
    responses(
        (status = 201, description = "Stored", body = Uploaded),
        (status = 400, description = "Not one file and a code, the file is not base64 or not whole, an image has too many pixels, or a PDF has a script, a program to launch or an embedded file"),
        (status = 403, description = "Another channel's case, or one whose dealer the channel no longer handles"),
        (status = 404, description = "No such case for this channel"),
        (status = 409, description = "Other requests changed the case first"),
        (status = 413, description = "Over 3 MiB: `instead` names the route for larger documents. Without `instead`: the case has as many documents as it may"),
        (status = 429, description = "The channel has uploaded and announced as many documents as it may in a day"),
        (status = 415, description = "The file is not a PDF, JPEG or PNG, or has another content type"),
    )
)]
pub async fn upload(cx: Cx<Env>, form: Form) -> Result<Reply<Uploaded>> {
    let mut writer = Writer::new(&cx);
    let sequence = Sequence::parse(form.path.get("sequence"))?;
    let mut place = DocumentPlace::load(&cx, writer.caller(), sequence).await?;
    let document = check(&form, sequence)?;
    let id = cx.subject().unwrap_or_else(Uuid::new_v4);
    let stored = StoredDocument {
        document_id: id,
        code: document.code,
        media_type: document.media_type.to_owned(),
        size: document.bytes.len().try_into().unwrap_or(u64::MAX),
        sha256: sha256(&document.bytes),
        key: key(id),
    };
    place.add(&cx, stored.size)?;
    let bucket = cx.env.bucket()?;
    cx.env
        .blobs()
        .put(bucket, &stored.key, document.media_type, document.bytes)
        .await?;
    let reply = Reply::created(Uploaded {
        document_id: id,
        sha256: stored.sha256.clone(),
        size: stored.size,
    });
    let (rows, kind) = (cx.env.table()?, ChangeKind::Document);
    loop {
        place.case.note_document(id, &stored.code);
        let mut writes = place
            .case
            .change(&cx.env, kind, stored.render()?, cx.correlation, cx.now())?;
        writes.push(place.day.replace(rows, cx.now())?);
        if writer.commit(sequence, writes, &reply).await? {
            return Ok(reply);
        }
        place = DocumentPlace::load(&cx, writer.caller(), sequence).await?;
        place.add(&cx, stored.size)?;
    }
}
