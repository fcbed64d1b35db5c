//! The behaviour suite for every funder in the registry, on the fixtures in `fixtures/<name>/`.
//!
//! The suite quotes and proposes the sample request. A funder whose fixtures are for another contract has a fixture
//! `contract.json` with the members that differ.

use call::testing::{Fixtures, Operation, Reading, SuiteMember, answer, check};
use call::{Progress, Step};
use model::Kind;
use model::partner::FUNDERS;
use model::proposal::{Decision, ProposalStatus};
use model::quote::{Price, QuoteRequest};
use serde_json::{Map, Value};

use crate::funder::Funder;
use crate::{funder, sample};

/// The names of calls in the log, the same for every funder: operators compare funders by them. `quote` is the call that prices.
/// The calls before it are `quote-` and what they ask for.
const QUOTE: &str = "quote";
const PROPOSAL: &str = "proposal";
const PROPOSAL_STATUS: &str = "proposal-status";
const PROBE: &str = "probe";

type Adapter = &'static dyn Funder;

#[test]
fn every_funder_behaves() {
    for name in FUNDERS {
        let adapter = funder(name).unwrap_or_else(|| panic!("{name} has no adapter"));
        assert_eq!(adapter.name(), name);
        check(&member(adapter));
    }
    assert!(funder("lex").is_none() && funder("").is_none());
}

fn member(adapter: Adapter) -> SuiteMember {
    let fixtures = Fixtures::load(env!("CARGO_MANIFEST_DIR"), adapter.name());
    let request = request(&fixtures);
    let (mut operations, quote_id) = quote(adapter, &request, &fixtures);
    if !adapter.proposal_types().is_empty() {
        operations.extend(proposal(adapter, &quote_id, &fixtures));
    }
    assert_eq!(adapter.probe().unwrap().operation, PROBE);
    operations.push(Operation::new("probe", adapter.probe()));
    SuiteMember {
        name: adapter.name(),
        auth: adapter.auth(),
        loggable: adapter.loggable(),
        fixtures,
        operations,
        personal: personal(),
        kind_of,
    }
}

fn kind_of(status: u16) -> Kind {
    match status {
        400 | 422 => Kind::PartnerRejected,
        401 | 403 => Kind::PartnerAuth,
        429 => Kind::PartnerThrottled,
        500..=599 => Kind::PartnerError,
        _ => Kind::PartnerBadResponse,
    }
}

fn request(fixtures: &Fixtures) -> QuoteRequest {
    let mut request: Value = serde_json::from_str(sample::REQUEST).unwrap();
    let contract: Map<String, Value> = fixtures
        .find("contract")
        .map_or_else(Map::new, |text| serde_json::from_str(text).unwrap());
    for (name, value) in contract {
        request["contractDetails"][name] = value;
    }
    serde_json::from_value(request).unwrap()
}

/// Each step of a quote, and the funder's id of the quote in the end.
fn quote(adapter: Adapter, request: &QuoteRequest, fixtures: &Fixtures) -> (Vec<Operation>, String) {
    let context = sample::context(request);
    let mut operations = Vec::new();
    let mut so_far = Progress::default();
    for shown in adapter.dry_run() {
        let call = adapter.quote(&context, &so_far).unwrap();
        let (step, body) = (call.operation, fixtures.get(&format!("{}.answer", call.operation)));
        let shown = adapter.quote(&context, &shown).unwrap();
        assert_eq!(
            (shown.operation, shown.request.uri()),
            (step, call.request.uri()),
            "the dry run shows every step"
        );
        let (request, progress) = (request.clone(), so_far.clone());
        let reader = move |answer: &_| {
            let step = adapter.quoted(&sample::context(&request), &progress, answer)?;
            Ok(Reading::of(is_sound(&step, &progress), &step))
        };
        operations.push(Operation::new(step, Ok(call)).read(reader));
        so_far = match adapter.quoted(&context, &so_far, &answer(200, body)).unwrap() {
            Step::Next(progress) => {
                assert!(step.starts_with("quote-"), "{step} comes before the price");
                progress
            }
            Step::Done(price) => {
                assert_eq!(step, QUOTE);
                assert_eq!(
                    operations.len(),
                    adapter.dry_run().len(),
                    "a step that no dry run shows"
                );
                return (operations, price.external_quote_id);
            }
        };
    }
    panic!("{} quotes in more steps than its dry run", adapter.name());
}

fn is_sound(step: &Step<Price>, so_far: &Progress) -> bool {
    match step {
        Step::Next(progress) => {
            let row = serde_json::to_string(progress).unwrap();
            progress != so_far && row.len() < 300
        }
        Step::Done(price) => {
            let members = serde_json::to_value(price).unwrap();
            let mut amounts = members.as_object().unwrap().values();
            price.monthly_payment.minor > 0
                && price.total_amount.minor >= price.monthly_payment.minor
                && price.total_amount_payable.minor >= price.total_amount.minor
                && amounts.all(|amount| amount["minor"].as_i64().is_none_or(|minor| minor >= 0))
                && price.apr.is_none_or(|apr| !apr.is_sign_negative())
                && price.term > 0
                && (1..=100).contains(&price.external_quote_id.len())
        }
    }
}

fn proposal(adapter: Adapter, quote_id: &str, fixtures: &Fixtures) -> [Operation; 2] {
    let proposal = sample::proposal(quote_id);
    let question = adapter.ask_decision(&sample::reference(quote_id)).unwrap();
    assert_eq!(
        (adapter.propose(&proposal).unwrap().operation, question.operation),
        (PROPOSAL, PROPOSAL_STATUS)
    );
    let proposed = move |answer: &_| {
        let decision = adapter.proposed(&proposal, answer)?;
        Ok(Reading::of(is_the_funders(&decision), &decision))
    };
    let submission = Operation::new("proposal", adapter.propose(&sample::proposal(quote_id)))
        .not_repeatable()
        .read(proposed)
        .of_id(move |id| adapter.propose(&sample::proposal(id)));
    // A funder may answer the question as it answers the submission.
    let own = fixtures.find("proposal-status.answer").is_some();
    let fixture = if own { "proposal-status" } else { "proposal" };
    let id = quote_id.to_owned();
    let decided = move |answer: &_| {
        let decision = adapter.decided(&sample::reference(&id), answer)?;
        Ok(decision.map_or(Reading::Absent, |decision| {
            Reading::of(is_the_funders(&decision), &decision)
        }))
    };
    let question = Operation::new(fixture, adapter.ask_decision(&sample::reference(quote_id)))
        .may_be_absent()
        .read(decided)
        .of_id(move |id| adapter.ask_decision(&sample::reference(id)));
    [submission, question]
}

/// The other statuses are the hub's own.
fn is_the_funders(decision: &Decision) -> bool {
    !matches!(decision.status, ProposalStatus::Pending | ProposalStatus::Failed)
}

/// The texts of the sample customer, and the document.
fn personal() -> Vec<String> {
    let proposal = sample::proposal("Q1");
    let mut found: Vec<String> = proposal
        .documents
        .into_iter()
        .map(|document| document.content)
        .collect();
    let customer = serde_json::to_value(proposal.customer).unwrap();
    texts(&customer, &mut found);
    // A country and an employment type identify no one.
    found.retain(|text| !["GB", "UK", "FULL_TIME"].contains(&text.as_str()));
    assert!(found.len() > 10, "{found:?}");
    found
}

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        Value::String(text) => found.push(text.clone()),
        Value::Number(number) => found.push(number.to_string()),
        _ => {}
    }
}
