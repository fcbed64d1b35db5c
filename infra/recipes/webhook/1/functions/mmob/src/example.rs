//! EXAMPLE, an invented partner that installs what customers have ordered, and posts what becomes of an installation.
//!
//! `POST /webhooks/example/installations` stores each notice once and enqueues it. SQS `mmob-example` applies it to the row of
//! the installation.

use std::time::Duration;

use garde::Validate;
use jiff::Timestamp;
use model::{Error, Kind, Result};
use runtime::http::document::read_json;
use runtime::http::signature;
use runtime::port::secret::SecretMembers;
use runtime::port::store::Key;
use runtime::work::inbox::{self, Received};
use runtime::work::row::{Revised, Row, Table, Version};
use runtime::{Cx, Domain, EmptyObject, Raw};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Env;

/// The member of the secret that signs EXAMPLE's notices.
const SECRET_MEMBER: &str = "EXAMPLE_WEBHOOK_SECRET";
/// In seconds. Longer than EXAMPLE repeats a notice.
const RETENTION: i64 = 90 * 24 * 60 * 60;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum InstallationStatus {
    Booked,
    Done,
    Failed,
}

/// A notice as EXAMPLE posts it.
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstallationNotice {
    /// EXAMPLE's id of the installation.
    #[garde(length(min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64)]
    installation: String,
    /// Its status.
    #[garde(skip)]
    status: InstallationStatus,
    /// When it came to this status.
    #[garde(skip)]
    happened_at: Timestamp,
}

/// A notice as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NoticeRow {
    /// EXAMPLE's id of the notice.
    id: String,
    #[serde(flatten)]
    notice: InstallationNotice,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    applied_at: Option<Timestamp>,
    #[serde(flatten)]
    version: Version,
    ttl: i64,
}

impl Row for NoticeRow {
    type Id = str;

    fn key(table: Table<'_>, id: &str) -> Key {
        table.key(format!("EXAMPLE-NOTICE#{id}"), "NOTICE")
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl Revised for NoticeRow {
    fn version(&mut self) -> &mut Version {
        &mut self.version
    }
}

impl NoticeRow {
    fn read(id: String, body: &[u8], now: Timestamp) -> Result<Self> {
        let read = read_json(body).map_err(|_| Error::new(Kind::Malformed, "The body is not a notice."));
        Ok(Self {
            id,
            notice: read?,
            applied_at: None,
            version: Version::first(now),
            ttl: now.as_second().saturating_add(RETENTION),
        })
    }
}

/// An installation, as its newest notice describes it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstallationRow {
    #[serde(flatten)]
    newest: InstallationNotice,
    #[serde(flatten)]
    version: Version,
    ttl: i64,
}

impl Row for InstallationRow {
    type Id = str;

    fn key(table: Table<'_>, id: &str) -> Key {
        table.key(format!("INSTALLATION#{id}"), "INSTALLATION")
    }

    fn id(&self) -> &str {
        &self.newest.installation
    }
}

impl Revised for InstallationRow {
    fn version(&mut self) -> &mut Version {
        &mut self.version
    }
}

/// A message for the worker: the notice to apply.
#[derive(Serialize, Deserialize, Validate)]
pub struct NoticeDue {
    #[garde(length(min = 1, max = 255))]
    id: String,
}

/// Takes a notice about an installation from EXAMPLE.
///
/// Signed as Standard Webhooks lays down. A repeated notice has no effect.
#[utoipa::path(
    post,
    path = "/webhooks/example/installations",
    operation_id = "mmob-example-webhook",
    params(
        ("webhook-id" = String, Header, description = "The notice's id, the same when the notice is repeated", max_length = 255),
        ("webhook-timestamp" = i64, Header, description = "Seconds since the epoch; at most five minutes off"),
        ("webhook-signature" = String, Header, description = "`v1,` and the HMAC-SHA256 of id, time and body, in base64"),
    ),
    request_body = InstallationNotice,
    responses(
        (status = 200, description = "The hub has the notice, from now or before", body = EmptyObject),
        (status = 400, description = "Signed but malformed"),
        (status = 401, description = "Not signed by EXAMPLE, or stale"),
        (status = 503, description = "No secret is set"),
    )
)]
pub async fn webhook(cx: Cx<Env>, hook: Raw) -> Result<EmptyObject> {
    let check = |read: &[Option<SecretMembers>]| {
        let secret = read.iter().flatten().find_map(|secret| secret.get(SECRET_MEMBER));
        signature::verify(secret.unwrap_or_default(), &cx.headers, &hook.body, cx.now())
    };
    let verified = async {
        let id = cx.env.common().config.need("EXAMPLE_SECRET")?;
        cx.env.outbound.secrets.verify(&[id], cx.now(), check).await
    };
    let read = |id| NoticeRow::read(id, &hook.body, cx.now()).map(Some);
    let received = inbox::receive(cx.env.table()?, verified, read).await?;
    if let Some(Received::New(row) | Received::Repeated { stored: row, .. }) = received
        && row.applied_at.is_none()
    {
        // Also for a repeated notice: a crash may have lost its first message.
        let queue = cx.env.queue("MMOB_EXAMPLE_QUEUE_URL")?;
        queue.send(&NoticeDue { id: row.id }, Duration::ZERO).await?;
    }
    Ok(EmptyObject {})
}

/// Applies a notice to its installation and marks it as applied, in one transaction. Of two workers one writes nothing.
pub async fn apply(cx: Cx<Env>, message: NoticeDue) -> Result<()> {
    let (rows, now) = (cx.env.table()?, cx.now());
    let Some(mut row) = NoticeRow::load(rows, &message.id).await? else {
        return Ok(());
    };
    if row.applied_at.is_some() {
        return Ok(());
    }
    let known = InstallationRow::load(rows, &row.notice.installation).await?;
    row.applied_at = Some(now);
    let mut writes = vec![row.replace(rows, now)?];
    // SQS keeps no order, so a notice may be older than what the row has.
    let is_newer = |known: &InstallationRow| row.notice.happened_at > known.newest.happened_at;
    if known.as_ref().is_none_or(is_newer) {
        let mut installation = InstallationRow {
            version: known.map(|known| known.version).unwrap_or_default(),
            ttl: now.as_second().saturating_add(RETENTION),
            newest: row.notice,
        };
        writes.push(installation.replace(rows, now)?);
    }
    let raced = || Error::new(Kind::InProgress, "another worker has changed the installation");
    rows.write(writes).await?.then_some(()).ok_or_else(raced)
}

#[cfg(test)]
pub mod tests;
