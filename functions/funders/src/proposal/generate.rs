//! `POST /api/integration/proposals/generate`

use std::time::Duration;

use http::header;
use model::error::both;
use model::id::ProposalId;
use model::person::check_birth_date;
use model::proposal::{ProposalRequest, ProposalStatus};
use model::quote::QuoteStatus;
use model::{Error, Kind, Result};
use runtime::http::auth::Caller;
use runtime::work::idempotency::Earlier;
use runtime::work::row::{Revised, Row};
use runtime::{Cx, Permit, Reply, Success};
use serde::Serialize;
use utoipa::ToSchema;

use super::documents;
use super::row::ProposalRow;
use super::submit::SubmitMessage;
use crate::Env;
use crate::asked::Asked;
use crate::dry_run::DryRun;
use crate::quote::QuoteRow;

/// Delays a message that is sent before its row is written.
const COMMIT_DELAY: Duration = Duration::from_secs(2);

/// A proposal that will be sent to the funder.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProposalAccepted {
    /// The proposal. `GET /api/proposals/{proposalId}` shows it.
    pub proposal_id: ProposalId,
    /// PENDING.
    pub status: ProposalStatus,
}

/// An accepted proposal, or the requests of a dry run.
#[derive(Serialize)]
#[serde(untagged)]
pub enum AcceptedOrDryRun {
    Accepted(ProposalAccepted),
    DryRun(DryRun),
}

type ProposalReply = Reply<Success<AcceptedOrDryRun>>;

/// Submits a quote to its funder as an application for finance.
///
/// A worker sends the proposal once, in the background, because it costs the customer a credit search. A quote becomes one
/// proposal.
#[utoipa::path(
    post,
    path = "/api/integration/proposals/generate",
    operation_id = "funders-proposal-generate",
    request_body = ProposalRequest,
    params(("dryRun" = Option<bool>, Query, description = "Returns the request that the hub would send, and sends none")),
    responses(
        (status = 200, description = "With `dryRun`: the request that the hub would send", body = Success<DryRun>),
        (status = 202, description = "Will be sent to the funder; see Location", body = Success<ProposalAccepted>),
        (status = 403, description = "Another customer's quote, and the caller is no agent"),
        (status = 404, description = "No such quote, or another caller's"),
        (status = 409, description = "The quote is not GENERATED, has expired or was converted before"),
        (status = 413, description = "The documents are over 3 MiB"),
    )
)]
pub async fn generate(cx: Cx<Env>, input: ProposalRequest) -> Result<ProposalReply> {
    let env = &cx.env;
    let mut quote = QuoteRow::visible(&cx, input.quote_id).await?;
    let request = quote.request()?;
    cx.caller.must_act_for(&request.customer_details.email)?;
    let id = cx.subject().map_or_else(|| ProposalId::new(cx.now()), ProposalId::from);
    // An earlier call with this key made the proposal, whose status may have changed since.
    if cx.earlier() != Earlier::Nothing
        && let Some(row) = ProposalRow::load(env.table()?, &id).await?
    {
        return cx.commit(Vec::new(), Ok(accepted(id, row.status))).await;
    }
    convertible(&quote, &cx)?;
    let asked = Asked::of(env, &quote.funder_name, quote.environment)?;
    let (name, types) = (asked.funder.name(), asked.funder.proposal_types());
    if !types.contains(&request.contract_details.quote_type) {
        let why = format!("has a quote type for which {name} takes no proposals");
        return Err(Error::invalid("quoteId", why));
    }
    let documents = documents::check(&input.additional_documents);
    let customer = input.additional_customer_details.over(request.customer_details);
    // The quote's date too: a quote can be older than this rule, and the details replace what it has.
    let born = customer.date_of_birth;
    let born = check_birth_date("additionalCustomerDetails.dateOfBirth", born, cx.now());
    let (documents, ()) = both(documents, born)?;
    let mut row = ProposalRow::pending(id, &quote, &cx.caller.subject, &customer, cx.correlation, cx.now())?;
    let proposal = row.proposal(documents::placeholders(&documents))?;
    // Before anything is written or promised: only the caller can correct values that the adapter cannot express.
    asked.funder.propose(&proposal)?;
    if input.dry_run {
        let shown = AcceptedOrDryRun::DryRun(DryRun::of_proposal(&asked, &proposal, &cx)?);
        return Ok(Reply::ok(Success::new(shown, "Nothing was sent")));
    }
    row.documents = documents::store(env, id, documents).await?;
    quote.converted(id, cx.now());
    let writes = vec![row.create(env.table()?)?, quote.replace(env.table()?, cx.now())?];
    let (queue, reply) = (env.proposal_queue()?, accepted(id, row.status));
    let message = SubmitMessage { id };
    cx.counted(cx.commit_and_send(writes, reply, &queue, &message, COMMIT_DELAY))
        .await
}

pub fn permit(_: &Caller, request: &ProposalRequest) -> Result<Permit> {
    Ok(Permit::dry_if(request.dry_run))
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

fn accepted(id: ProposalId, status: ProposalStatus) -> ProposalReply {
    let accepted = ProposalAccepted {
        proposal_id: id,
        status,
    };
    let message = "Proposal accepted; it is on its way to the funder";
    Reply::accepted(Success::new(AcceptedOrDryRun::Accepted(accepted), message))
        .header(header::LOCATION, format!("/api/integration/proposals/{id}/status"))
}
