//! Looking at proposals: one's own, everybody's, nobody else's.

use model::proposal::ProposalStatus;
use serde_json::Value;

use super::house::{Got, House};
use crate::proposal::{get::get, list::list, status::status};

const JOHN: (&str, &str) = ("john", "john.doe@example.com");

fn ids(got: &Got) -> Vec<String> {
    let data = got.json()["data"]
        .as_array()
        .unwrap_or_else(|| panic!("{}", got.text))
        .clone();
    data.iter()
        .map(|one| one["proposalId"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_proposal_is_shown_to_its_owner_and_to_staff() {
    let house = House::new();
    let id = house.proposal("LEX");
    house.submit(id).await;
    let (own, text) = (house.token(JOHN.0, JOHN.1, &[]), id.to_string());
    let staff = house.token("sam", "sam@example.com", &["staff"]);
    let jane = house.token("jane", "jane@example.com", &[]);
    let path = [("proposalId", text.as_str())];
    let absent = [("proposalId", "0190d5a0-0000-7000-8000-00000000dead")];
    for token in [&own, &staff] {
        let (one, other) = (
            house.read(get, token, &path, "").await,
            house.read(status, token, &path, "").await,
        );
        assert_eq!((one.status, other.status), (200, 200));
        assert_eq!(one.json()["data"], other.json()["data"]);
        let data = one.json()["data"].clone();
        assert_eq!(
            (&data["status"], &data["externalProposalId"]),
            (&Value::from("SUBMITTED"), &Value::from("P1"))
        );
        assert!(!one.text.contains("john.doe"), "no personal data");
    }
    let (theirs, nothing) = (
        house.read(get, &jane, &path, "").await,
        house.read(get, &jane, &absent, "").await,
    );
    assert_eq!(
        (theirs.status, &theirs.text, &theirs.headers),
        (404, &nothing.text, &nothing.headers)
    );
    let (theirs, nothing) = (
        house.read(status, &jane, &path, "").await,
        house.read(status, &jane, &absent, "").await,
    );
    assert_eq!(
        (theirs.status, &theirs.text, &theirs.headers),
        (404, &nothing.text, &nothing.headers)
    );
    assert_eq!(house.read(get, "", &path, "").await.status, 401);
    assert_eq!(house.read(get, &own, &[("proposalId", "x")], "").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn lists_hold_ones_own_newest_first() {
    let house = House::new();
    let mut made = Vec::new();
    for funder in ["LEX", "ALPHABET", "LEX"] {
        let id = house.proposal(funder);
        house.submit(id).await;
        made.insert(0, id.to_string());
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
    }
    let (own, jane) = (
        house.token(JOHN.0, JOHN.1, &[]),
        house.token("jane", "jane@example.com", &[]),
    );
    let staff = house.token("sam", "sam@example.com", &["staff"]);
    for token in [&own, &staff] {
        assert_eq!(ids(&house.read(list, token, &[], "").await), made);
        assert_eq!(ids(&house.read(list, token, &[], "funder=ALPHABET").await), made[1..2]);
        assert_eq!(ids(&house.read(list, token, &[], "status=APPROVED").await), [""; 0]);
        let first = house.read(list, token, &[], "limit=2").await;
        assert_eq!(ids(&first), made[..2]);
        let next = format!("limit=2&cursor={}", first.json()["nextCursor"].as_str().unwrap());
        let second = house.read(list, token, &[], &next).await;
        assert_eq!(
            (ids(&second), &second.json()["nextCursor"]),
            (made[2..].to_vec(), &Value::Null)
        );
    }
    // The same address in somebody else's token shows nothing of his, and another shows nothing at all.
    let namesake = house.token("other", JOHN.1, &[]);
    for token in [&jane, &namesake] {
        assert!(ids(&house.read(list, token, &[], "").await).is_empty());
    }
    assert_eq!(house.read(list, &own, &[], "limit=101").await.status, 422);
    assert_eq!(house.read(list, &own, &[], "cursor=!").await.status, 422);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_shown_with_its_reasons() {
    let house = House::new();
    let id = house.proposal("LEX");
    let refusal = r#"{"errors":[{"code":"X1","message":"no such address","field":null}]}"#;
    house
        .bank
        .submissions([super::bank::Does::Fails(super::bank::How::Says(422, refusal))]);
    house.submit(id).await;
    assert_eq!(house.row(id).status, ProposalStatus::Failed);
    let got = house
        .read(status, house.john(), &[("proposalId", &id.to_string())], "")
        .await;
    let failure = &got.json()["data"]["failure"];
    assert_eq!(failure["code"], "funder-rejected", "{failure}");
    assert!(failure.to_string().contains("no such address"));
}
