//! Orders on stand-ins: what MMOB, providers and operators see, whatever fails and wherever a worker crashes.

mod bit_flips;
mod crashes;
mod details;
mod failures;
mod fairness;
mod fake_mmob;
mod fake_sqs;
mod fencing;
mod invariant_store;
mod mutants;
mod mutated_ports;
mod operators;
mod process;
mod random_seeds;
mod simulation;
mod sweep;
mod testing;
mod webhook;

use serde_json::json;

/// A provider's call about an order, and its answer.
pub async fn placed() -> (String, String) {
    let answer = json!({"status": "Succesful", "output": {"activation": "In two days"}});
    let (orders, done) = testing::Orders::worked(testing::callback(), |orders| {
        orders.mmob.books().answers = vec![answer.clone()];
    })
    .await;
    assert!(done);
    let body = orders.mmob.books().provider_requests[0].body().to_vec();
    (String::from_utf8(body).unwrap(), answer.to_string())
}
