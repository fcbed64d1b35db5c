//! `POST /api/integration/proposals/generate`

use std::time::Duration;

use http::header;
use model::id::ProposalId;
use model::proposal::{ProposalRequest, ProposalStatus};
use model::quote::QuoteStatus;
use model::{Error, Kind, Result};
use runtime::once::Earlier;
use runtime::problem::Problem;
use runtime::{Cx, Reply, Success};
use serde::Serialize;
use utoipa::ToSchema;

use super::documents;
use super::row::ProposalRow;
use super::submit::Submission;
use crate::Env;
use crate::quote::{QuoteRow, pricing};
use crate::rehearsal::Rehearsal;

/// A message for work not yet written is delivered after it will be.
const SOON: Duration = Duration::from_secs(2);

/// A proposal on its way to the funder.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProposalAccepted {
    pub proposal_id: ProposalId,
    pub status: ProposalStatus,
}

/// What `dryRun` makes of the request.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum Generated {
    Accepted(ProposalAccepted),
    Rehearsal(Rehearsal),
}

type Answered = Result<Reply<Success<Generated>>>;

/// Puts a quote to its funder as an application for finance.
///
/// It is sent once, in the background: it costs the customer a credit search. A quote becomes one proposal.
#[utoipa::path(
    post,
    path = "/api/integration/proposals/generate",
    operation_id = "funders-proposal-generate",
    tag = "funders",
    request_body = ProposalRequest,
    params(
        ("dryRun" = Option<bool>, Query, description = "Answers what would be sent, and sends nothing"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body are answered once", min_length = 1, max_length = 255, pattern = "^[ -~]*$", nullable = false),
        ("x-correlation-id" = Option<String>, Header, description = "A UUID that is logged, passed on and returned", nullable = false),
    ),
    responses(
        (status = 200, description = "With `dryRun`: what would be sent", body = Success<Rehearsal>),
        (status = 202, description = "On its way; see Location", body = Success<ProposalAccepted>),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such quote, or somebody else's", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The quote is not GENERATED, has expired or was converted before; or the key is in use", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Documents over 3 MiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Invalid", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn generate(cx: Cx<Env>, ask: ProposalRequest) -> Answered {
    let env = &cx.env;
    let mut quote = QuoteRow::visible(&cx, ask.quote_id).await?;
    let id = cx.subject().map_or_else(|| ProposalId::new(cx.now()), ProposalId::from);
    // An earlier call with this key got as far as that, whatever became of its proposal since.
    if cx.earlier() != Earlier::Nothing
        && let Some(row) = ProposalRow::load(env, id).await?
    {
        return cx.commit(Vec::new(), Ok(accepted(id, row.status))).await;
    }
    convertible(&quote, &cx)?;
    let request = quote.request()?;
    let funder = pricing::known(&quote.funder_name)?;
    if !funder.proposal_types().contains(&request.contract_details.quote_type) {
        let why = format!(
            "was made for a quote type of which {} takes no proposals",
            funder.name()
        );
        return Err(Error::invalid("quoteId", why));
    }
    let documents = documents::check(&ask.additional_documents)?;
    let customer = ask.additional_customer_details.over(request.customer_details);
    let target = env.target(funder, quote.environment)?;
    let mut row = ProposalRow::pending(id, &quote, &customer, Vec::new(), cx.correlation, cx.now())?;
    let proposal = row.proposal(documents::rehearsed(&documents))?;
    // What the adapter cannot express is found out before anything is written or promised.
    funder.propose(&proposal)?;
    if ask.dry_run {
        let rehearsal = Rehearsal::of_proposal(funder, &target, &proposal, cx.correlation)?;
        return Ok(Reply::ok(Success::new(
            Generated::Rehearsal(rehearsal),
            "Nothing was sent",
        )));
    }
    row.documents = documents::keep(env, id, documents).await?;
    quote.converted(id);
    let writes = vec![row.create(env)?, quote.replace(env, cx.now())?];
    // Sent before it is promised: a message too many is harmless, a promise without one is not.
    env.proposal_queue()?.send(&Submission { id }, SOON).await?;
    cx.commit(writes, Ok(accepted(id, row.status))).await
}

fn convertible(quote: &QuoteRow, cx: &Cx<Env>) -> Result<()> {
    let why = match quote.status_at(cx.now()) {
        QuoteStatus::Generated => return Ok(()),
        QuoteStatus::Pending => "The quote has no price yet.",
        QuoteStatus::Failed => "The quote has no price.",
        QuoteStatus::Expired => "The quote has expired.",
        QuoteStatus::Converted => "The quote was made into a proposal before.",
    };
    Err(Error::new(Kind::Conflict, why))
}

fn accepted(id: ProposalId, status: ProposalStatus) -> Reply<Success<Generated>> {
    let accepted = ProposalAccepted {
        proposal_id: id,
        status,
    };
    let message = "Proposal accepted; it is on its way to the funder";
    Reply::accepted(Success::new(Generated::Accepted(accepted), message))
        .header(header::LOCATION, format!("/api/integration/proposals/{id}/status"))
}
