//! A presigned upload becomes a document of its case, if it arrives in time, the bytes match the announcement and the channel
//! still has the right that it had when it announced the document. Otherwise the case shows why not.

use std::time::Duration;

use bytes::Bytes;
use jiff::SignedDuration;
use model::file::{self, FileFlaw};
use model::{Error, Kind, Result};
use runtime::Cx;
use runtime::http::caller::Identity;
use runtime::port::blob::{UPLOAD, sha256};
use runtime::port::store::Write;
use runtime::work::row::Row;
use uuid::Uuid;

use super::pending::{PendingUpload, UploadState};
use super::refusal::show;
use super::stored::{StoredDocument, key};
use crate::Env;
use crate::case::refused::DocumentRefusal;
use crate::case::row::{CaseRow, ChangeKind, Sequence};
use crate::channel::{Caller, ChannelRow, Role};
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

/// Checks for an announced document and adds it to its case, or refuses it.
pub async fn arrive(cx: &Cx<Env>, sequence: Sequence, id: Uuid) -> Result<()> {
    let (env, rows) = (&cx.env, cx.env.table()?);
    let Some(pending) = PendingUpload::load(rows, sequence, id).await? else {
        return Ok(());
    };
    if pending.state != UploadState::Awaited {
        return Ok(());
    }
    let bytes = env.blobs().get(env.bucket()?, &key(id), pending.size).await?;
    let is_last = cx.now().duration_since(pending.created_at) >= UPLOAD_TIMEOUT;
    if bytes.is_none() && !is_last {
        return check_after(env, sequence, id, SECOND_CHECK).await;
    }
    // The case expired or was erased after the announcement, and its document belongs to nothing.
    let Some(row) = CaseRow::load(rows, &sequence).await? else {
        return Ok(());
    };
    let writes = match bytes {
        None => refuse(cx, row, pending, DocumentRefusal::NotArrived)?,
        Some(bytes) => match check(env, &row, &pending, &bytes).await? {
            Ok(channel) => take(cx, row, pending, &channel, &bytes)?,
            Err(reason) => refuse(cx, row, pending, reason)?,
        },
    };
    match rows.write(writes).await? {
        true => Ok(()),
        false => Err(Error::new(
            Kind::Unavailable,
            "another request changed a case or its channel while a document was added to it",
        )),
    }
}

/// The channel of the case as it is now, or why the document is refused.
async fn check(
    env: &Env,
    row: &CaseRow,
    pending: &PendingUpload,
    bytes: &Bytes,
) -> Result<std::result::Result<Caller, DocumentRefusal>> {
    let channel = ChannelRow::named(env, &row.channel).await?.map(Caller::from);
    let channel = channel.filter(|channel| channel.holds(Role::DocumentWrite) && row.admit(channel).is_ok());
    let Some(channel) = channel else {
        return Ok(Err(DocumentRefusal::NotPermitted));
    };
    if size(bytes) != pending.size {
        return Ok(Err(DocumentRefusal::Differs));
    }
    Ok(match file::check(bytes) {
        Ok(found) if found == pending.media_type => Ok(channel),
        Ok(_) | Err(FileFlaw::UnknownType) => Err(DocumentRefusal::Differs),
        Err(_) => Err(DocumentRefusal::Unacceptable),
    })
}

/// The writes that add the document to its case, on the condition that the channel is as it was checked.
fn take(
    cx: &Cx<Env>,
    mut row: CaseRow,
    mut pending: PendingUpload,
    channel: &Caller,
    bytes: &Bytes,
) -> Result<Vec<Write>> {
    let (env, rows) = (&cx.env, cx.env.table()?);
    let (id, sequence) = (pending.document_id, row.sequence);
    let stored = StoredDocument {
        document_id: id,
        code: pending.code.clone(),
        media_type: pending.media_type.clone(),
        size: pending.size,
        sha256: sha256(bytes),
        key: key(id),
    };
    row.note_document(id, &stored.code);
    let mut writes = row.change(env, ChangeKind::Document, stored.render()?, cx.correlation, cx.now())?;
    writes.push(pending.end(rows, sequence, UploadState::Taken)?);
    writes.push(channel.unchanged(env)?);
    Ok(writes)
}

/// The writes that show the document as refused.
fn refuse(cx: &Cx<Env>, row: CaseRow, mut pending: PendingUpload, reason: DocumentRefusal) -> Result<Vec<Write>> {
    let (rows, sequence) = (cx.env.table()?, row.sequence);
    let shown = show(cx, row, pending.document_id, pending.code.clone(), reason)?;
    Ok(vec![shown, pending.end(rows, sequence, UploadState::Refused)?])
}

fn size(bytes: &Bytes) -> u64 {
    bytes.len().try_into().unwrap_or(u64::MAX)
}
