//! Values that must not be left anywhere: sent through every route and every way to fail, then looked for.
//!
//! Where the hub keeps them on purpose is [`kept`].

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use http::Method;
use runtime::clock::Clock;
use serde_json::{Value, json};

use super::flock::{Flock, bodies};
use crate::leaks::{Canary, Text, hits};
use crate::stack::{Got, Stack};
use crate::surface::{Route, routes};

const QUOTE: &str = "/api/integration/quotes/generate";
const PROPOSAL: &str = "/api/integration/proposals/generate";
const AT_ONCE: usize = 12;

/// What somebody who calls saw, where something went wrong.
struct Seen(Vec<Text>);

impl Seen {
    fn add(&mut self, what: &str, got: &Got) {
        if got.status >= 400 {
            let place = format!("the answer {} to {what}", got.status);
            let text = format!("{:?} {}", got.headers, got.text);
            self.0.push(Text { place, text });
        }
    }
}

/// Route, path, token, body and content type.
type Request<'a> = (Route, String, &'a String, Option<String>, Option<String>);

/// Every route, with a canary wherever one fits.
async fn all_routes(stack: &Stack, flock: &Flock, seen: &mut Seen) {
    let word = |name: &str| flock.word(name);
    let headers = flock.headers();
    let admin = stack.token("admin", "admin@example.com", &["admin"]);
    let unsigned = format!("{}.", flock.token.rsplit_once('.').unwrap().0);
    let path = word("path");
    let address = format!("{}@example.com", word("path"));
    let placed = [
        "asset",
        "capId",
        "deliveryId",
        "funder",
        "funderName",
        "proposalId",
        "quoteId",
        "subscriptionId",
    ];
    let mut values: Vec<(&str, &str)> = placed.iter().map(|name| (*name, path.as_str())).collect();
    values.push(("email", &address));
    let queries: Vec<String> = [
        "limit",
        "cursor",
        "status",
        "from",
        "funder",
        "dryRun",
        "correlationId",
        &word("query"),
    ]
    .iter()
    .map(|name| format!("?{name}={}", word("query")))
    .collect();
    let mut requests = Vec::new();
    for route in routes() {
        let plain = route.with(&[]);
        let media = format!("text/{}", word("media"));
        for token in [&unsigned, &flock.token, &admin] {
            requests.push((route.clone(), route.with(&values), token, None, None));
            let text = Some(word("raw"));
            requests.push((route.clone(), plain.clone(), token, text, Some(media.clone())));
        }
        for token in [&flock.token, &admin] {
            let bodies = bodies(flock, &route).into_iter();
            requests.extend(bodies.map(|body| (route.clone(), plain.clone(), token, Some(body), None)));
        }
        let queries = queries.iter().map(|query| format!("{plain}{query}"));
        requests.extend(queries.map(|path| (route.clone(), path, &admin, None, None)));
    }
    let nowhere = format!("/api/{}", word("path"));
    requests.push((routes().remove(0), nowhere, &admin, None, None));
    let headers = &headers;
    let sent = stream::iter(requests).map(|(route, path, token, body, media): Request<'_>| async move {
        let mut more: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        more.extend(media.iter().map(|media| ("content-type", media.as_str())));
        let got = stack
            .send(route.method.clone(), &path, token, body.as_deref(), &more)
            .await;
        (route.name(), got)
    });
    for (name, got) in sent.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await {
        assert_ne!(got.status, 500, "{name}: {}", got.text);
        seen.add(&name, &got);
    }
}

async fn post(stack: &Stack, flock: &Flock, path: &str, body: &Value, key: &str, seen: &mut Seen) -> Got {
    let more = [("idempotency-key", key)];
    let got = stack
        .send(Method::POST, path, &flock.token, Some(&body.to_string()), &more)
        .await;
    seen.add(path, &got);
    got
}

/// A funder that repeats what it was told, in every way to fail; one answer is late.
async fn funder_failures(stack: &Stack, flock: &Flock, seen: &mut Seen) {
    let echo = flock.odd("echo");
    let personal = flock.quote("LEX")["customerDetails"].to_string();
    let refusal = json!({"errors": [{"code": "INVALID_FIELD", "field": "term", "message": echo}], "sent": personal});
    let header = json!({"x-debug": flock.word("partnerheader"), "set-cookie": flock.word("partnerheader")});
    let answer =
        |status: u16, times: u16| json!({"status": status, "body": refusal, "headers": header, "times": times});
    stack
        .control(Method::PUT, "/alphabet/details", Some(json!([{"delay": 9_000}])))
        .await;
    let late = flock.quote("ALPHABET");
    let key = flock.word("idempotency-key");
    let slow = async {
        let more = [("idempotency-key", key.as_str())];
        let got = stack
            .send(Method::POST, QUOTE, &flock.token, Some(&late.to_string()), &more)
            .await;
        assert!(matches!(got.status, 201 | 202), "{}", got.text);
        let other = stack.send(Method::POST, QUOTE, &flock.token, Some("{}"), &more).await;
        (other.status, other)
    };
    let quick = async {
        let body = flock.quote("LEX");
        let mut got = Vec::new();
        for script in [
            json!([answer(400, 1)]),
            json!([answer(422, 1)]),
            json!([answer(401, 2)]),
            json!([{"status": 200, "body": format!("<html>{echo}"), "times": 2}]),
            json!([{"status": 200, "body": {"name": echo}, "times": 2}]),
            json!([answer(500, 4)]),
        ] {
            stack.script(script).await;
            let key = uuid::Uuid::new_v4().to_string();
            let more = [("idempotency-key", key.as_str())];
            got.push(
                stack
                    .send(Method::POST, QUOTE, &flock.token, Some(&body.to_string()), &more)
                    .await,
            );
        }
        got
    };
    let ((_, slow), quick) = futures_util::join!(slow, quick);
    seen.add(QUOTE, &slow);
    for got in &quick {
        seen.add(QUOTE, got);
    }
    let statuses: Vec<u16> = quick.iter().map(|got| got.status).collect();
    assert_eq!(statuses, [422, 422, 502, 502, 502, 202]);
}

/// A quote that becomes a proposal with a document, twice; and the news of it, forged and good.
async fn proposals_and_webhooks(stack: &Stack, flock: &Flock, seen: &mut Seen) {
    stack.script(json!([])).await;
    let key = || uuid::Uuid::new_v4().to_string();
    let quote = post(stack, flock, QUOTE, &flock.quote("LEX"), &key(), seen).await;
    let id = quote.json()["data"]["id"].as_str().unwrap().to_owned();
    let refusal = json!([{"status": 500, "body": flock.odd("echo")}, {"status": 400, "body": {"errors": [{"message": flock.odd("echo")}]}}]);
    stack.control(Method::PUT, "/lex/proposal", Some(refusal)).await;
    let body = flock.proposal(&id);
    let mut large = body.clone();
    large["additionalDocuments"]["drivingLicense"] = format!("{}{}", flock.document(), "A".repeat(4_300_000)).into();
    assert_eq!(post(stack, flock, PROPOSAL, &large, &key(), seen).await.status, 413);
    let made = post(stack, flock, PROPOSAL, &body, &key(), seen).await;
    assert_eq!(made.status, 202, "{}", made.text);
    assert_eq!(post(stack, flock, PROPOSAL, &body, &key(), seen).await.status, 409);
    let proposal = made.json()["data"]["proposalId"].clone();
    let url = format!("{}/webhooks/lex", stack.base_url());
    let personal = json!({"customer": flock.quote("LEX")["customerDetails"], "note": flock.word("event")});
    let news = json!({
        "type": "proposal.updated", "timestamp": "2026-01-05T10:20:00Z", "more": personal,
        "data": {"reference": proposal, "externalReference": "P1", "status": "DECLINED", "reason": "score", "more": personal},
    });
    let unknown = json!({"type": flock.word("event"), "timestamp": "2026-01-05T10:20:00Z", "data": personal});
    for (body, more, wanted) in [
        (&news, json!({"wrongSignature": true}), 401),
        (&news, json!({"age": 900}), 401),
        (&personal, json!({}), 400),
        (&unknown, json!({}), 204),
        (&news, json!({"times": 2}), 200),
    ] {
        let mut hook = json!({"url": url, "funder": "lex", "body": body});
        hook.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let sent = stack.control(Method::POST, "/webhooks", Some(hook)).await;
        assert_eq!(sent["deliveries"][0]["status"], wanted, "{sent}");
        seen.0.push(Text {
            place: "the answer to a webhook".into(),
            text: sent["deliveries"].to_string(),
        });
    }
    let forged = [
        ("webhook-id", "x"),
        ("webhook-timestamp", "1"),
        ("webhook-signature", &flock.word("signature")),
    ];
    let got = stack
        .send(Method::POST, "/webhooks/lex", "", Some(&news.to_string()), &forged)
        .await;
    assert_eq!(got.status, 401);
    seen.add("a forged webhook", &got);
}

/// Messages and events that nobody can read.
async fn poison(stack: &Stack, flock: &Flock) {
    let word = flock.word("poison");
    let sender = stack.ports().sender;
    for queue in stack.queues().iter().filter(|queue| !queue.ends_with("Dlq")) {
        let url = stack.text(&format!("/queues/{queue}"));
        for body in [
            word.clone(),
            json!({"id": word, "funder": word, "event": [word]}).to_string(),
        ] {
            sender.send(&url, body, std::time::Duration::ZERO, None).await.unwrap();
        }
    }
    let event = json!({"Records": word, "headers": [word], "body": {"x": word}});
    let functions = stack.description["functions"].as_object().unwrap();
    let each = functions
        .keys()
        .map(|name| stack.lambda(Method::POST, name, "invocations", &event));
    let answers = join_all(each).await;
    assert!(
        answers.iter().all(|answer| !answer.to_string().contains(&word)),
        "{answers:?}"
    );
}

/// Whether the hub keeps this on purpose: what it is for has to be somewhere. So do the documents' bucket, the secrets'
/// store and the stored answers of the idempotency table, of which only the last are looked into: they hold no canary.
fn kept(table: &str, row: &Value) -> bool {
    let pk = row["pk"]["S"].as_str().unwrap_or_default();
    // `CUSTOMERS` lists the customers' keys, which are their addresses.
    let personal = ["QUOTE#", "PROPOSAL#", "CUSTOMER#", "CUSTOMERS", "VEHICLE#"];
    table == "funders" && personal.iter().any(|prefix| pk.starts_with(prefix))
}

/// What a funder says of a value that it refuses is for whoever sent that value: in the answer, and when it is replayed.
fn told(text: &Text) -> bool {
    let asked = text.place == "idempotency" || text.place.starts_with("the answer 422");
    asked && text.text.contains("funder-rejected")
}

/// Everything that is left, but for what is [`kept`].
async fn left(stack: &Stack, since: i64) -> Vec<Text> {
    let mut texts = stack.logs(since).await;
    assert!(texts.len() > 100, "{} lines", texts.len());
    for table in stack.tables() {
        let rows = stack.all(&table).await.into_iter().filter(|row| !kept(&table, row));
        texts.extend(rows.map(|row| Text {
            place: table.clone(),
            text: row.to_string(),
        }));
    }
    for message in stack.messages().await {
        // What nobody can read is left as it came, for whoever looks after it.
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
    ] {
        texts.push(Text {
            place: path.into(),
            text: stack.get(path, &staff).await.text,
        });
    }
    texts
}

#[tokio::test]
async fn no_canary_is_found_outside_of_where_it_lives() {
    let stack = Stack::begin().await;
    let since = Clock::System.now().as_millisecond();
    let (flock, mut seen) = (Flock::new(&stack), Seen(Vec::new()));
    let canaries = flock.canaries();
    assert!(canaries.len() >= 40, "{}", canaries.len());
    let mut refused = Seen(Vec::new());
    futures_util::join!(
        all_routes(&stack, &flock, &mut refused),
        funder_failures(&stack, &flock, &mut seen),
        poison(&stack, &flock)
    );
    proposals_and_webhooks(&stack, &flock, &mut seen).await;
    // The workers get round to it.
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    let mut texts = left(&stack, since).await;
    texts.append(&mut seen.0);
    texts.append(&mut refused.0);
    let found = search(&flock, &canaries, &texts);
    assert!(found.is_empty(), "{} hits:\n{}", found.len(), found.join("\n"));
}

/// Few texts are of this run at all, and only those are worth looking through for everything.
fn search(flock: &Flock, canaries: &[Canary], texts: &[Text]) -> Vec<String> {
    let marks = [Canary::new("run", &flock.run), Canary::new("digits", &flock.digits)];
    let (marked, fixed): (Vec<Canary>, Vec<Canary>) = canaries
        .iter()
        .cloned()
        .partition(|canary| marks.iter().any(|mark| canary.value.contains(&mark.value)));
    let mut found = Vec::new();
    for text in texts {
        found.extend(hits(&fixed, text));
        if marks.iter().any(|mark| mark.is_in(&text.text)) {
            let here = marked.iter().filter(|canary| canary.name != "echo" || !told(text));
            found.extend(hits(here, text));
        }
    }
    found
}
