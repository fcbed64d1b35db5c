//! `POST /v1/bqs-case/message/case`

use http::StatusCode;
use model::Result;
use runtime::http::reply::Rendered;
use runtime::port::store::Write;
use runtime::work::row::Row;
use runtime::{Cx, Reply};

use super::head::Head;
use super::row::{CaseNumber, ContentRow, Draft};
use super::schema::{Message, NewMessage};
use crate::Env;
use crate::body::JsonBody;
use crate::channel::Actor;
use crate::forward::UpstreamRow;

/// A row may have 400 KB.
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024;

/// Stores a message about a case, whatever its dealer.
///
/// A message with the same content changes nothing.
#[utoipa::path(
    post,
    path = "/v1/bqs-case/message/case",
    operation_id = "bqs-message-create",
    request_body = NewMessage,
    responses(
        (status = 202, description = "Stored, without a body"),
        (status = 409, description = "Other requests wrote first every time"),
    )
)]
pub async fn create(cx: Cx<Env>, body: JsonBody) -> Result<Rendered> {
    let mut actor = Actor::new(&cx);
    let message = Message::read(&body)?;
    loop {
        let attempt = keep(&cx, &message).await;
        if actor.settle(attempt).await?.is_some() {
            return Ok(Rendered::empty(StatusCode::ACCEPTED));
        }
    }
}

async fn keep(cx: &Cx<Env>, message: &Message) -> Result<()> {
    let rows = cx.env.table()?;
    let (case, unclaimed) = locate(cx, message.case).await?;
    let sender = cx.caller.channel.clone();
    let message = Draft::about(case, message.dealer, sender, message.content.clone())?;
    let (head, known) = tokio::try_join!(
        Head::load(rows, case.number()),
        ContentRow::exists(rows, case, &message.content)
    )?;
    let mut writes = Vec::new();
    if !known {
        writes = head.follow(&cx.env, case, cx.now(), message)?;
        writes.extend(unclaimed);
    }
    cx.commit(writes, Ok(Reply::accepted(()))).await.map(drop)
}

/// The case that a message is about, and a condition for its write.
///
/// Upstream uses case numbers of its own. A number that is linked to one of our cases means that case. Any other number is kept
/// as upstream's, on the condition that it is not linked before the write: a later link copies the message.
async fn locate(cx: &Cx<Env>, given: u64) -> Result<(CaseNumber, Option<Write>)> {
    if cx.env.upstream_channel() != Some(&cx.caller.channel) {
        return Ok((CaseNumber::Hub(given), None));
    }
    let rows = cx.env.table()?;
    Ok(match UpstreamRow::load(rows, &given).await? {
        Some(known) => (CaseNumber::Hub(known.sequence.0), None),
        None => (CaseNumber::Upstream(given), Some(UpstreamRow::unclaimed(rows, given))),
    })
}
