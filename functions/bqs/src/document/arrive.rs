//! A document that was uploaded by itself becomes its case's, if it is what it was announced as.

use std::time::Duration;

use jiff::SignedDuration;
use model::{Error, Kind, Result};
use runtime::blob::{UPLOAD, media_type, sha256};
use runtime::store::Outcome;
use runtime::{Cx, Domain};
use uuid::Uuid;

use super::kept::{Kept, key};
use super::pending::{Pending, State};
use crate::Env;
use crate::case::row::{CaseRow, ChangeKind, Sequence};
use crate::forward::Wake;

/// An upload has to have begun when its signature ends.
const FIRST_LOOK: Duration = UPLOAD.saturating_add(Duration::from_secs(30));
/// A slow one is looked for once more.
const SECOND_LOOK: Duration = Duration::from_secs(10 * 60);
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);

/// Has somebody look for the document when it can be there.
pub async fn expect(env: &Env, sequence: Sequence, id: Uuid) -> Result<()> {
    look(env, sequence, id, FIRST_LOOK).await
}

async fn look(env: &Env, sequence: Sequence, id: Uuid, after: Duration) -> Result<()> {
    let wake = Wake {
        upload: Some(id),
        ..Wake::of(sequence)
    };
    env.forward_queue()?.send(&wake, after).await
}

pub async fn arrive(cx: &Cx<Env>, sequence: Sequence, id: Uuid) -> Result<()> {
    let env = &cx.env;
    let Some(mut pending) = Pending::load(env, sequence, id).await? else {
        return Ok(());
    };
    if pending.state != State::Awaited {
        return Ok(());
    }
    let Some(bytes) = env.blobs().get(env.bucket()?, &key(id)).await? else {
        let late = cx.now().duration_since(pending.created_at) >= PATIENCE;
        return if late {
            Ok(())
        } else {
            look(env, sequence, id, SECOND_LOOK).await
        };
    };
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size != pending.size || media_type(&bytes) != Some(&pending.media_type) {
        tracing::warn!(case = %sequence, document = %id, "an uploaded document is not what it was announced as");
        let refused = pending.end(env, sequence, State::Refused)?;
        return env.store().write(vec![refused]).await.map(drop);
    }
    let kept = Kept {
        document_id: id,
        code: pending.code.clone(),
        media_type: pending.media_type.clone(),
        size,
        sha256: sha256(&bytes),
        key: key(id),
    };
    let row = CaseRow::load(env, sequence).await?;
    let mut row = row.ok_or_else(|| Error::new(Kind::Internal, "a document's case is not there"))?;
    let mut writes = row.change(env, ChangeKind::Document, kept.render()?, cx.correlation, cx.now())?;
    writes.push(pending.end(env, sequence, State::Taken)?);
    match env.store().write(writes).await? {
        Outcome::Done => Ok(()),
        Outcome::Refused(_) => Err(Error::new(
            Kind::Unavailable,
            "a case was changed while a document came to it",
        )),
    }
}
