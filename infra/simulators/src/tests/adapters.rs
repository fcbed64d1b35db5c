//! The hub's adapters against the simulators over the socket: both sides must agree on the wire protocol.

use bytes::Bytes;
use call::testing::{Fixtures, answer};
use call::{Answer, Call, Progress, Step};
use jiff::Timestamp;
use model::id::ProposalId;
use model::partner::FUNDERS;
use model::proposal::{Decision, Proposal, ProposalDocument, ProposalStatus};
use model::quote::{Price, QuoteRequest, QuoteType};
use model::{Error, Kind};
use partners_funders::{Funder, QuoteContext, Reference, funder};
use ureq::http::StatusCode;

use super::{REQUEST_ID, Simulators, bearer, claims};

const FUNDERS_CRATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/partners/funders");
/// The hub's id of the quote in the fixtures.
const FIXTURES_ID: &str = "0190d5a0-0000-7000-8000-000000000001";
const PROPOSAL_ID: &str = "0190d5a0-0000-7000-8000-000000000003";

fn funders() -> impl Iterator<Item = &'static dyn Funder> {
    FUNDERS.into_iter().map(|name| funder(name).unwrap())
}

/// Sends an adapter's call to the base address that the settings would have, with the hub's credentials.
fn sent(simulators: &Simulators, funder: &dyn Funder, call: &Call) -> Answer {
    let token = bearer(&claims());
    let (base, credential) = match funder.name() {
        "LEX" => ("/lex/api/v1", ("authorization", token.as_str())),
        "ALPHABET" => ("/alphabet", ("x-cw-apikey", "test-alphabet-key")),
        other => panic!("{other} has no simulator"),
    };
    carried(simulators, base, credential, call)
}

/// Sends a call below `base` and returns the answer.
pub fn carried(simulators: &Simulators, base: &str, credential: (&str, &str), call: &Call) -> Answer {
    let request = &call.request;
    let own = request.headers().iter();
    let own = own.map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let headers: Vec<_> = own.chain([credential]).collect();
    let body = std::str::from_utf8(request.body()).unwrap();
    let body = Some(body).filter(|body| !body.is_empty());
    let reply = simulators.request(
        request.method().as_str(),
        &format!("{base}{}", request.uri()),
        &headers,
        body,
    );
    Answer {
        status: StatusCode::from_u16(reply.status).unwrap(),
        headers: reply.headers,
        body: Bytes::from(reply.text),
        received_at: Timestamp::UNIX_EPOCH,
    }
}

fn request(kind: QuoteType) -> QuoteRequest {
    let sample = include_str!("../../../../events/bodies/quote.json");
    let mut request: QuoteRequest = serde_json::from_str(sample).unwrap();
    request.contract_details.quote_type = kind;
    request
}

fn quoted(simulators: &Simulators, funder: &dyn Funder, request: &QuoteRequest) -> Result<Price, Error> {
    priced(funder, request, |call| sent(simulators, funder, call))
}

fn priced(funder: &dyn Funder, request: &QuoteRequest, answer: impl Fn(&Call) -> Answer) -> Result<Price, Error> {
    let context = QuoteContext {
        reference: REQUEST_ID.parse().unwrap(),
        correlation: REQUEST_ID.parse().unwrap(),
        request,
    };
    let mut so_far = Progress::default();
    for _ in funder.dry_run() {
        let call = funder.quote(&context, &so_far)?;
        match funder.quoted(&context, &so_far, &answer(&call))? {
            Step::Next(progress) => so_far = progress,
            Step::Done(price) => return Ok(price),
        }
    }
    panic!("{} takes more steps than its dry run", funder.name())
}

fn proposal(id: ProposalId, price: &Price, surname: &str) -> Proposal {
    let mut customer = request(QuoteType::HirePurchase).customer_details;
    surname.clone_into(&mut customer.last_name);
    Proposal {
        id,
        correlation: REQUEST_ID.parse().unwrap(),
        external_quote_id: price.external_quote_id.clone(),
        customer,
        documents: vec![ProposalDocument {
            kind: "drivingLicense".to_owned(),
            media_type: "application/pdf".to_owned(),
            content: "JVBERi0xLjQK".to_owned(),
        }],
    }
}

fn proposed(simulators: &Simulators, funder: &dyn Funder, proposal: &Proposal) -> Result<Decision, Error> {
    let call = funder.propose(proposal)?;
    funder.proposed(proposal, &sent(simulators, funder, &call))
}

fn decided(simulators: &Simulators, funder: &dyn Funder, proposal: &Proposal) -> Option<Decision> {
    let of = Reference {
        proposal: proposal.id,
        correlation: proposal.correlation,
        external_quote_id: &proposal.external_quote_id,
    };
    let call = funder.ask_decision(&of).unwrap();
    funder.decided(&of, &sent(simulators, funder, &call)).unwrap()
}

#[test]
fn every_type_of_every_funder_is_priced_and_proposed() {
    for funder in funders() {
        for kind in funder.quote_types() {
            let simulators = Simulators::start();
            let name = format!("{} {kind:?}", funder.name());
            let price =
                quoted(&simulators, funder, &request(*kind)).unwrap_or_else(|error| panic!("{name}: {error:?}"));
            let balloon = price.balloon_payment.map_or(0, |balloon| balloon.minor);
            assert_eq!(balloon > 0, *kind == QuoteType::PersonalContractPurchase, "{name}");
            assert_eq!(
                price.total_amount_payable.minor,
                250_000 + price.total_amount.minor + balloon,
                "{name}: {price:?}"
            );
            // ALPHABET's last instalment may be some pennies more.
            let regular = price.monthly_payment.minor * 36;
            assert!(
                (regular..regular + 36).contains(&price.total_amount.minor),
                "{name}: {price:?}"
            );
            let on_credit = matches!(kind, QuoteType::PersonalContractPurchase | QuoteType::HirePurchase);
            assert_eq!((price.term, price.apr.is_some()), (36, on_credit), "{name}");

            assert!(funder.proposal_types().contains(kind));
            let proposal = proposal(PROPOSAL_ID.parse().unwrap(), &price, "Doe");
            assert_eq!(
                decided(&simulators, funder, &proposal),
                None,
                "{name}: not proposed yet"
            );
            let first = proposed(&simulators, funder, &proposal).unwrap_or_else(|error| panic!("{name}: {error:?}"));
            assert_eq!(first.status, ProposalStatus::Submitted, "{name}");
            let later = decided(&simulators, funder, &proposal).unwrap();
            assert_eq!(later.status, ProposalStatus::Approved, "{name}");
            assert_eq!(later.external_id, first.external_id, "{name}");
        }
    }
}

#[test]
fn a_simulator_answers_each_member_of_a_price_that_the_fixtures_have() {
    let members = |price: &Price| -> Vec<String> {
        let price = serde_json::to_value(price).unwrap();
        price.as_object().unwrap().keys().cloned().collect()
    };
    let request = request(QuoteType::PersonalContractPurchase);
    for funder in funders() {
        let fixtures = Fixtures::load(FUNDERS_CRATE, funder.name());
        let recorded = priced(funder, &request, |call| {
            let body = fixtures.get(&format!("{}.answer", call.operation));
            answer(200, body.replace(FIXTURES_ID, REQUEST_ID))
        });
        let simulated = quoted(&Simulators::start(), funder, &request);
        assert_eq!(
            members(&simulated.unwrap()),
            members(&recorded.unwrap()),
            "{}",
            funder.name()
        );
    }
}

#[test]
fn every_decision_is_understood_and_costs_one_search() {
    for funder in funders() {
        for (surname, status) in [
            ("Accepted", ProposalStatus::Approved),
            ("Referred", ProposalStatus::Referred),
            ("Declined", ProposalStatus::Declined),
            ("Pending", ProposalStatus::Submitted),
        ] {
            let simulators = Simulators::start();
            let price = quoted(&simulators, funder, &request(QuoteType::HirePurchase)).unwrap();
            let proposal = proposal(PROPOSAL_ID.parse().unwrap(), &price, surname);
            let decision = proposed(&simulators, funder, &proposal).unwrap();
            assert_eq!(decision.status, status, "{} {surname}", funder.name());
            assert_eq!(decided(&simulators, funder, &proposal), Some(decision));
            let searches = simulators.control(&format!("{}/searches", funder.name().to_lowercase()));
            assert_eq!(searches[PROPOSAL_ID], 1, "{searches}");
        }
    }
}

#[test]
fn a_quote_that_another_proposal_used_is_refused() {
    for funder in funders() {
        let simulators = Simulators::start();
        let mut price = quoted(&simulators, funder, &request(QuoteType::HirePurchase)).unwrap();
        let first = proposal(PROPOSAL_ID.parse().unwrap(), &price, "Doe");
        proposed(&simulators, funder, &first).unwrap();
        let second = proposal(REQUEST_ID.parse().unwrap(), &price, "Doe");
        let error = proposed(&simulators, funder, &second).unwrap_err();
        assert_eq!(error.kind, Kind::PartnerRejected, "{}: {error:?}", funder.name());
        assert_eq!(decided(&simulators, funder, &second), None);

        "Q1".clone_into(&mut price.external_quote_id);
        let unknown = proposal(REQUEST_ID.parse().unwrap(), &price, "Doe");
        let error = proposed(&simulators, funder, &unknown).unwrap_err();
        assert_eq!(error.kind, Kind::PartnerRejected, "{}: {error:?}", funder.name());
    }
}

#[test]
fn refusals_name_the_members_of_the_hubs_own_request() {
    let simulators = Simulators::start();
    for funder in funders() {
        let refused = |change: &dyn Fn(&mut QuoteRequest)| {
            let mut request = request(QuoteType::PersonalContractPurchase);
            change(&mut request);
            let error = quoted(&simulators, funder, &request).unwrap_err();
            assert_eq!(error.kind, Kind::PartnerRejected, "{}: {error:?}", funder.name());
            assert!(error.partner_code.is_some());
            error.fields[0].path.clone()
        };
        let vehicle = refused(&|request| request.vehicle_details.cap_id = Some("0".to_owned()));
        assert_eq!(vehicle, "vehicleDetails.capId", "{}", funder.name());
        let term = refused(&|request| request.contract_details.term = 5);
        assert_eq!(term, "contractDetails.term", "{}", funder.name());
        let mileage = refused(&|request| request.contract_details.annual_mileage = 150_000);
        assert_eq!(mileage, "contractDetails.annualMileage", "{}", funder.name());
        let deposit = refused(&|request| request.contract_details.deposit = request.vehicle_details.price);
        assert_eq!(deposit, "contractDetails.deposit", "{}", funder.name());
    }
}

#[test]
fn a_term_that_alphabet_shortens_is_in_the_price() {
    let simulators = Simulators::start();
    let mut request = request(QuoteType::PersonalContractPurchase);
    request.contract_details.term = 60;
    let price = quoted(&simulators, funder("ALPHABET").unwrap(), &request).unwrap();
    assert_eq!(price.term, 48);
}

#[test]
fn a_probe_distinguishes_a_wrong_key_from_a_right_one() {
    let simulators = Simulators::start();
    for funder in funders() {
        let call = funder.probe().unwrap();
        assert!(call.repeatable);
        let error = sent(&simulators, funder, &call).accepted().unwrap_err();
        assert_eq!(error.kind, Kind::PartnerRejected, "{}", funder.name());
        let (base, wrong) = match funder.name() {
            "LEX" => ("/lex/api/v1", ("authorization", "Bearer wrong")),
            _ => ("/alphabet", ("x-cw-apikey", "wrong")),
        };
        let error = carried(&simulators, base, wrong, &call).accepted().unwrap_err();
        assert_eq!(error.kind, Kind::PartnerAuth, "{}", funder.name());
        let elsewhere = carried(&simulators, "/alphabet/elsewhere", wrong, &call);
        assert_eq!(
            elsewhere.accepted().unwrap_err().kind,
            Kind::PartnerBadResponse,
            "{}",
            funder.name()
        );
    }
}
