//! `POST /v1/bqs-case/document/{sequence}/upload`

use std::collections::BTreeMap;

use http::header;
use model::error::both;
use model::file;
use model::json::{Document, Member, Schema, Type};
use model::{Error, Kind, Result};
use runtime::port::blob::{File, Presigned};
use runtime::work::row::Revised;
use runtime::{Cx, Reply};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::arrive::expect;
use super::check::code;
use super::pending::PendingUpload;
use super::place::DocumentPlace;
use super::stored::key;
use crate::Env;
use crate::body::JsonBody;
use crate::case::row::Sequence;
use crate::channel::Actor;
use crate::message::moment::DanishTime;

/// The largest file that the hub sends upstream.
const MAX_UPLOAD_BYTES: u64 = 20 * 1024 * 1024;
const MEDIA_TYPES: [&str; 3] = [file::PDF, file::JPEG, file::PNG];

const ANNOUNCEMENT: Schema = Schema {
    name: "announceDocument",
    partial: false,
    members: &[
        Member::new("code", Type::Text).required(),
        Member::new("contentType", Type::Text).required(),
        Member::new("size", Type::Integer).required(),
    ],
};

/// The document that the channel will upload.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
#[schema(rename_all = "camelCase")]
pub struct AnnouncedDocument {
    /// The document definition code.
    #[schema(min_length = 1, max_length = 20, pattern = "^[A-Za-z0-9_-]+$")]
    code: String,
    /// The media type of the file.
    content_type: ContentType,
    /// In bytes.
    #[schema(minimum = 1, maximum = 20_971_520)]
    size: u64,
}

/// The media type of a document.
#[derive(ToSchema)]
pub enum ContentType {
    #[schema(rename = "application/pdf")]
    Pdf,
    #[schema(rename = "image/jpeg")]
    Jpeg,
    #[schema(rename = "image/png")]
    Png,
}

/// A document's id, and the request that uploads it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Offered {
    /// The document's id, which the case shows if the document is refused.
    #[schema(value_type = String, format = "uuid")]
    document_id: Uuid,
    /// The request that uploads the file.
    upload: UploadRequest,
}

/// An upload that needs no other credentials. The signature covers the headers, so it takes one file of this type and size, once:
/// a second upload gets 412.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Presigned)]
struct UploadRequest {
    /// The method of the upload.
    method: String,
    /// The address of the upload.
    url: String,
    /// Send them unchanged.
    headers: BTreeMap<String, String>,
    /// The deadline of the upload.
    expires_at: DanishTime,
}

impl From<Presigned> for UploadRequest {
    fn from(presigned: Presigned) -> Self {
        Self {
            method: presigned.method,
            url: presigned.url,
            headers: presigned.headers,
            expires_at: presigned.expires_at.into(),
        }
    }
}

/// Presigns the upload of a larger document to one of the channel's own cases.
///
/// From the announcement on, it counts towards the limits of the case and of the channel's day, like a direct upload.
///
/// The response is a request that the channel sends unchanged, once and within five minutes. A second use gets 412, another type
/// or size 403. Some minutes later the hub adds the document to the case, if its bytes have the announced type and pass the
/// checks of a direct upload, and the channel may still upload it. Otherwise the case shows it in `refusedDocuments`, as it does
/// if no upload is complete about a quarter of an hour after the announcement. The hub scans the case's documents for malware,
/// and the case shows an infected one there too.
#[utoipa::path(
    post,
    path = "/v1/bqs-case/document/{sequence}/upload",
    operation_id = "bqs-document-presign",
    request_body = AnnouncedDocument,
    params(("sequence" = u64, Path, description = "The case's number", minimum = 1)),
    responses(
        (status = 201, description = "The request that uploads the document", body = Offered),
        (status = 403, description = "Another channel's case, or one whose dealer the channel no longer handles"),
        (status = 404, description = "No such case for this channel"),
        (status = 409, description = "Other requests changed the case, the channel or its documents of the day first"),
        (status = 413, description = "The document is over 20 MiB, or the case has as many documents as it may"),
        (status = 429, description = "The channel has uploaded and announced as many documents as it may in a day"),
    )
)]
pub async fn presign(cx: Cx<Env>, body: JsonBody) -> Result<Reply<Offered>> {
    let (env, rows) = (&cx.env, cx.env.table()?);
    let sequence = Sequence::parse(body.path.get("sequence"))?;
    let mut actor = Actor::new(&cx);
    let mut place = DocumentPlace::load(&cx, &actor.caller, sequence).await?;
    let announced = Announcement::read(&body.document(&ANNOUNCEMENT)?)?;
    place.add(&cx, announced.size)?;
    let id = Uuid::new_v4();
    let pending = PendingUpload::new(id, &announced.code, announced.media_type, announced.size, cx.now());
    let key = key(id);
    let file = File {
        bucket: env.bucket()?,
        key: &key,
        media_type: announced.media_type,
        size: announced.size,
    };
    let (upload, expected) = tokio::join!(env.blobs().presign(file, cx.now()), expect(env, sequence, id));
    expected?;
    let reply = Reply::created(Offered {
        document_id: id,
        upload: upload?.into(),
    });
    loop {
        let writes = vec![
            pending.create(rows, sequence)?,
            place.case.announce(rows, id, &announced.code, cx.now())?,
            place.day.replace(rows, cx.now())?,
            actor.caller.unchanged(env)?,
        ];
        if cx.counted(rows.write(writes)).await? {
            // Anyone who holds the response may upload.
            return Ok(reply.header(header::CACHE_CONTROL, "no-store"));
        }
        actor.reload().await?;
        place = DocumentPlace::load(&cx, &actor.caller, sequence).await?;
        place.add(&cx, announced.size)?;
    }
}

/// A checked announcement.
struct Announcement {
    code: String,
    media_type: &'static str,
    size: u64,
}

impl Announcement {
    fn read(given: &Document) -> Result<Self> {
        let code = code(given.text(&["code"]).unwrap_or_default());
        let media_type = given.text(&["contentType"]).unwrap_or_default();
        let media_type = MEDIA_TYPES.into_iter().find(|known| *known == media_type);
        let media_type = media_type.ok_or_else(|| {
            let what = format!("The contentType must be one of {}.", MEDIA_TYPES.join(", "));
            Error::invalid("$.contentType", what)
        });
        let size = given.integer(&["size"]).and_then(|size| u64::try_from(size).ok());
        let size = size.filter(|size| *size > 0);
        let size = size.ok_or_else(|| Error::invalid("$.size", "The size must be a positive number of bytes."));
        let ((code, media_type), size) = both(both(code, media_type), size)?;
        if size > MAX_UPLOAD_BYTES {
            let what = format!("A document must be at most {MAX_UPLOAD_BYTES} bytes.");
            return Err(Error::new(Kind::TooLarge, what));
        }
        Ok(Self {
            code: code.to_owned(),
            media_type,
            size,
        })
    }
}
