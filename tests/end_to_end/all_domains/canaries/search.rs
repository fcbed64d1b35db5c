//! Sends the canaries and searches for them.

use std::time::Duration;

use runtime::port::clock::Clock;
use serde_json::Value;

use super::canary_values::CanaryValues;
use super::homes::{is_home, is_senders_own};
use super::seen::Seen;
use super::{dealer, funder, malformed, marketplace, route};
use crate::leaks::{Canary, Text, hits};
use crate::lock::Domain::{Bqs, Mmob};
use crate::stack::Stack;

/// Everything that the hub left behind.
async fn left_behind(stack: &Stack, since: i64) -> Vec<Text> {
    let mut texts = stack.logs(since).await;
    assert!(texts.len() > 100, "{} lines", texts.len());
    for table in stack.tables() {
        texts.extend(stack.all(&table).await.iter().map(|row| {
            let kind = row["pk"]["S"].as_str().and_then(|pk| pk.split('#').next());
            Text {
                // The keys of the other tables are hashes and ids.
                place: match table.as_str() {
                    "funders" | "channels" | "cases" | "mmob" => format!("{table} {}", kind.unwrap_or_default()),
                    _ => table.clone(),
                },
                text: row.to_string(),
            }
        }));
    }
    for message in stack.messages().await {
        // A malformed message stays as it is, for the operator.
        let mut attributes = message.clone();
        if message["MessageAttributes"]["reason"].is_object() {
            attributes["Body"] = Value::Null;
        }
        texts.push(Text {
            place: "a message".into(),
            text: attributes.to_string(),
        });
    }
    let staff = stack.token("staff", "staff@example.com", &["staff"]);
    for path in [
        "/api/integration/logs?limit=100",
        "/api/integration/deliveries?limit=100",
        "/api/integration/metrics",
        marketplace::ORDERS,
        marketplace::PRODUCTS,
    ] {
        texts.push(Text {
            place: path.into(),
            text: stack.get(path, &staff).await.text,
        });
    }
    texts
}

/// Searches for these values in what callers saw and in what the hub left behind since this time.
async fn assert_absent(stack: &Stack, values: &CanaryValues, since: i64, seen: Vec<Seen>) {
    // The workers handle their messages.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let mut texts = left_behind(stack, since).await;
    for Seen(mut seen) in seen {
        texts.append(&mut seen);
    }
    let canaries = values.canaries();
    assert!(canaries.len() >= 40, "{}", canaries.len());
    let found = search(values, &canaries, &texts);
    assert!(found.is_empty(), "{} hits:\n{}", found.len(), found.join("\n"));
}

#[tokio::test]
async fn no_canary_of_a_request_is_found_outside_its_home() {
    let stack = Stack::whole().await;
    let since = Clock::System.now().as_millisecond();
    let values = CanaryValues::new(&stack).await;
    let [mut seen, mut refused, mut dealt] = [(); 3].map(|()| Seen(Vec::new()));
    futures_util::join!(
        route::all_routes(&stack, &values, &mut refused),
        funder::funder_failures(&stack, &values, &mut seen),
        dealer::deal(&stack, &values, &mut dealt),
        malformed::send_to_all(&stack, &values)
    );
    funder::proposals_and_webhooks(&stack, &values, &mut seen).await;
    assert_absent(&stack, &values, since, vec![seen, refused, dealt]).await;
}

/// By itself, because an order waits for its provider's retry.
#[tokio::test]
async fn no_canary_of_an_order_is_found_outside_its_home() {
    let since = Clock::System.now().as_millisecond();
    // The values have a channel, so BQS is locked while they are made.
    let values = CanaryValues::new(&Stack::shared(&[Bqs, Mmob]).await).await;
    let stack = Stack::exclusive(&[Mmob]).await;
    let mut ordered = Seen(Vec::new());
    marketplace::trade(&stack, &values, &mut ordered).await;
    assert_absent(&stack, &values, since, vec![ordered]).await;
}

/// Searches all texts for fixed canaries, and the texts of this run for the others: few texts are of this run.
fn search(values: &CanaryValues, canaries: &[Canary], texts: &[Text]) -> Vec<String> {
    let marks = [Canary::new("run", &values.run), Canary::new("digits", &values.digits)];
    let (marked, fixed): (Vec<Canary>, Vec<Canary>) = canaries
        .iter()
        .cloned()
        .partition(|canary| marks.iter().any(|mark| canary.value.contains(&mark.value)));
    let mut found = Vec::new();
    for text in texts {
        let is_astray = |canary: &&Canary| !is_home(values, canary, &text.place) && !is_senders_own(canary, text);
        found.extend(hits(fixed.iter().filter(is_astray), text));
        if marks.iter().any(|mark| mark.is_in(&text.text)) {
            found.extend(hits(marked.iter().filter(is_astray), text));
        }
    }
    found
}
