//! Reading proposals: a caller's own, all for staff, and no others.

use std::time::Duration;

use model::proposal::ProposalStatus;
use runtime::testing::{Harness, TestResponse};
use serde_json::Value;

use crate::Env;
use crate::testing::{FailureMode, FundersHarness, JANE, JOHN, Reaction, each, next, proposal_harness};

/// The same correlation id in every request, so that responses can be compared.
async fn read(caller: &Harness<Env>, path: &str) -> TestResponse {
    let correlation = "0190d5a0-0000-7000-8000-0000000000aa";
    caller.get(path).header("x-correlation-id", correlation).await
}

async fn ids(caller: &Harness<Env>, query: &str) -> Vec<String> {
    each(&caller.get(&format!("/api/proposals?{query}")).await, "proposalId")
}

#[tokio::test(start_paused = true)]
async fn a_proposal_is_shown_to_its_owner_and_to_staff() {
    let (h, _) = proposal_harness();
    let id = h.proposal("LEX");
    h.submit(id).await;
    let (get, status) = (
        |id: &str| format!("/api/proposals/{id}"),
        |id: &str| format!("/api/integration/proposals/{id}/status"),
    );
    let (id, absent) = (id.to_string(), "0190d5a0-0000-7000-8000-00000000dead");
    for caller in [h.as_customer(), h.as_person("sam", "sam@example.com", &["staff"])] {
        let (one, other) = (read(&caller, &get(&id)).await, read(&caller, &status(&id)).await);
        assert_eq!((one.status, other.status), (200, 200));
        assert_eq!(one.data(), other.data());
        let data = one.data();
        assert_eq!(
            (&data["status"], &data["externalProposalId"]),
            (&Value::from("SUBMITTED"), &Value::from("P1"))
        );
    }
    let jane = h.as_person("jane", JANE, &[]);
    for (theirs, nothing) in [(get(&id), get(absent)), (status(&id), status(absent))] {
        let (theirs, nothing) = (read(&jane, &theirs).await, read(&jane, &nothing).await);
        assert_eq!(
            (theirs.status, &theirs.text, &theirs.headers),
            (404, &nothing.text, &nothing.headers)
        );
    }
    assert_eq!(read(&h.anonymous(), &get(&id)).await.status, 401);
    assert_eq!(read(&h, &get("x")).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_list_has_the_callers_own_newest_first() {
    let (h, _) = proposal_harness();
    let mut made = Vec::new();
    for funder in ["LEX", "ALPHABET", "LEX"] {
        let id = h.proposal(funder);
        h.submit(id).await;
        made.insert(0, id.to_string());
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    for caller in [h.as_customer(), h.as_person("sam", "sam@example.com", &["staff"])] {
        assert_eq!(ids(&caller, "").await, made);
        assert_eq!(ids(&caller, "funder=ALPHABET").await, made[1..2]);
        assert_eq!(ids(&caller, "status=APPROVED").await, [""; 0]);
        let first = caller.get("/api/proposals?limit=2").await;
        assert_eq!(each(&first, "proposalId"), made[..2]);
        let second = format!("/api/proposals?limit=2{}", next(&first).unwrap());
        let second = caller.get(&second).await;
        assert_eq!(
            (each(&second, "proposalId"), &second.json()["nextCursor"]),
            (made[2..].to_vec(), &Value::Null)
        );
    }
    // Neither another address nor another account with the same address shows any of them.
    for (subject, email) in [("jane", JANE), ("other", JOHN)] {
        assert!(ids(&h.as_person(subject, email, &[]), "").await.is_empty());
    }
    assert_eq!(h.get("/api/proposals?limit=101").await.status, 422);
    assert_eq!(h.get("/api/proposals?cursor=!").await.status, 422);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_shown_with_its_reasons() {
    let (h, funder) = proposal_harness();
    let id = h.proposal("LEX");
    let refusal = r#"{"errors":[{"code":"X1","message":"no such address","field":null}]}"#;
    funder.submissions([Reaction::Fails(FailureMode::Answer(422, refusal))]);
    h.submit(id).await;
    assert_eq!(h.proposal_row(id).status, ProposalStatus::Failed);
    let got = h.get(&format!("/api/integration/proposals/{id}/status")).await;
    let failure = &got.data()["failure"];
    assert_eq!(failure["code"], "funder-rejected", "{failure}");
    assert!(failure.to_string().contains("no such address"));
}
