//! A presigned upload becomes a document of its case, if the bytes match the announcement.

use std::time::Duration;

use jiff::SignedDuration;
use model::{Error, Kind, Result};
use runtime::Cx;
use runtime::port::blob::{UPLOAD, media_type, sha256};
use runtime::work::row::Row;
use uuid::Uuid;

use super::pending::{PendingUpload, UploadState};
use super::stored::{StoredDocument, key};
use crate::Env;
use crate::case::row::{CaseRow, ChangeKind, Sequence};
use crate::forward::ForwarderWake;

/// The upload has begun by the time its signature expires.
const FIRST_CHECK: Duration = UPLOAD.saturating_add(Duration::from_secs(30));
/// A slow upload gets one more check.
const SECOND_CHECK: Duration = Duration::from_secs(10 * 60);
/// A check this long after the announcement is the last one.
const UPLOAD_TIMEOUT: SignedDuration = SignedDuration::from_mins(10);

/// Schedules the first check for an announced document.
pub async fn expect(env: &Env, sequence: Sequence, id: Uuid) -> Result<()> {
    check_after(env, sequence, id, FIRST_CHECK).await
}

async fn check_after(env: &Env, sequence: Sequence, id: Uuid, delay: Duration) -> Result<()> {
    let wake = ForwarderWake {
        upload: Some(id),
        ..ForwarderWake::of(sequence)
    };
    wake.send(env, delay).await
}

/// Checks for an announced document and adds it to its case.
pub async fn arrive(cx: &Cx<Env>, sequence: Sequence, id: Uuid) -> Result<()> {
    let (env, rows) = (&cx.env, cx.env.table()?);
    let Some(mut pending) = PendingUpload::load(rows, sequence, id).await? else {
        return Ok(());
    };
    if pending.state != UploadState::Awaited {
        return Ok(());
    }
    let Some(bytes) = env.blobs().get(env.bucket()?, &key(id), pending.size).await? else {
        let late = cx.now().duration_since(pending.created_at) >= UPLOAD_TIMEOUT;
        return if late {
            Ok(())
        } else {
            check_after(env, sequence, id, SECOND_CHECK).await
        };
    };
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size != pending.size || media_type(&bytes) != Some(&pending.media_type) {
        tracing::warn!(case = %sequence, document = %id, "an uploaded document differs from its announcement");
        let refused = pending.end(rows, sequence, UploadState::Refused)?;
        return rows.write(vec![refused]).await.map(drop);
    }
    let stored = StoredDocument {
        document_id: id,
        code: pending.code.clone(),
        media_type: pending.media_type.clone(),
        size,
        sha256: sha256(&bytes),
        key: key(id),
    };
    let row = CaseRow::load(rows, &sequence).await?;
    let mut row = row.ok_or_else(|| Error::new(Kind::Internal, "a document's case does not exist"))?;
    let mut writes = row.change(rows, ChangeKind::Document, stored.render()?, cx.correlation, cx.now())?;
    writes.push(pending.end(rows, sequence, UploadState::Taken)?);
    match rows.write(writes).await? {
        true => Ok(()),
        false => Err(Error::new(
            Kind::Unavailable,
            "another request changed a case while a document was added to it",
        )),
    }
}
