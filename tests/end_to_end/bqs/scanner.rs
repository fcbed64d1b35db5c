//! Documents of cases and a real scanner. `cargo xtask test` leaves these tests out where clamd is not installed.

use serde_json::{Value, json};

use super::documents::{CODE, announce, checked, dealer, put, upload};
use super::scans::{case_of, pdf};
use super::upstream::changes;
use crate::lock::Domain::Bqs;
use crate::stack::Stack;

#[tokio::test]
async fn an_infected_document_never_goes_upstream_and_its_case_shows_it() {
    let stack = Stack::shared(&[Bqs]).await;
    stack.must_scan();
    let (channel, case) = dealer(&stack).await;
    let (eicar, clean) = (Stack::infected_pdf(), pdf("clean"));
    let path = case.to_string();
    let got = upload(
        &stack,
        &channel.key,
        &path,
        &[("file", "application/pdf", &eicar), CODE],
    )
    .await;
    assert_eq!(got.status, 201, "{}", got.text);
    let offer = announce(&stack, &channel.key, case, eicar.len()).await;
    put(&stack, case, &offer, eicar).await;
    checked(&stack, offer["documentId"].as_str().unwrap(), "taken").await;
    let after = upload(
        &stack,
        &channel.key,
        &path,
        &[("file", "application/pdf", &clean), CODE],
    )
    .await;
    assert_eq!(after.status, 201, "{}", after.text);

    // Changes go upstream in order, so that the two others are settled when the clean one arrives.
    let made = changes(&stack, case, 2).await;
    let made: Vec<_> = made
        .iter()
        .map(|change| (&change["operation"], &change["key"]))
        .collect();
    let keys = [format!("{case}.1"), format!("{case}.4")].map(Value::from);
    assert_eq!(made, [(&json!("create"), &keys[0]), (&json!("document"), &keys[1])]);
    let shown = case_of(&stack, &channel.key, case).await;
    let refused = shown["refusedDocuments"].as_array().unwrap().iter();
    let refused: Vec<_> = refused.map(|one| (&one["documentId"], &one["reason"])).collect();
    let infected = json!("infected");
    assert_eq!(
        refused,
        [
            (&got.json()["documentId"], &infected),
            (&offer["documentId"], &infected)
        ]
    );
}
