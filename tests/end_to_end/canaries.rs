//! Values that must not be left anywhere: sent through every route and every way to fail, then looked for.
//!
//! Where the hub keeps them on purpose is [`lives`].

mod dealing;
mod market;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use http::Method;
use runtime::clock::Clock;
use serde_json::{Value, json};

use super::flock::{Flock, PROVIDERS_SECRET, bodies};
use crate::channel::ADMIN;
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

/// A token and an api key: each route takes the one that it knows.
type Credentials = (String, String);

/// Route, path, credentials, body and content type.
type Request<'a> = (Route, String, &'a Credentials, Option<String>, Option<String>);

/// Every route, with a canary wherever one fits.
async fn all_routes(stack: &Stack, flock: &Flock, seen: &mut Seen) {
    let word = |name: &str| flock.word(name);
    let headers = flock.headers();
    let admin = stack.token("admin", "admin@example.com", &["admin"]);
    let admin: Credentials = (admin, stack.sample_key(ADMIN));
    let unsigned = format!("{}.", flock.token.rsplit_once('.').unwrap().0);
    let unsigned: Credentials = (unsigned, flock.other_key());
    let customer: Credentials = (flock.token.clone(), flock.dealer.key.clone());
    let path = word("path");
    let address = format!("{}@example.com", word("path"));
    let placed = [
        "asset",
        "capId",
        "channelName",
        "deliveryId",
        "funder",
        "funderName",
        "orderId",
        "prodId",
        "proposalId",
        "quoteId",
        "sequence",
        "subscriptionId",
        "token",
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
        let plain = [
            ("channelName", flock.managed.as_str()),
            ("token", market::TOKEN),
            // Nobody's: a case takes members that are not known.
            ("sequence", "999999998"),
        ];
        let plain = route.with(&plain);
        let media = format!("text/{}", word("media"));
        for who in [&unsigned, &customer, &admin] {
            requests.push((route.clone(), route.with(&values), who, None, None));
            let text = Some(word("raw"));
            requests.push((route.clone(), plain.clone(), who, text, Some(media.clone())));
        }
        for who in [&customer, &admin] {
            let bodies = bodies(flock, &route).into_iter();
            requests.extend(bodies.map(|body| (route.clone(), plain.clone(), who, Some(body), None)));
        }
        let queries = queries.iter().map(|query| format!("{plain}{query}"));
        requests.extend(queries.map(|path| (route.clone(), path, &admin, None, None)));
    }
    let nowhere = format!("/api/{}", word("path"));
    requests.push((routes().remove(0), nowhere, &admin, None, None));
    let headers = &headers;
    let sent = stream::iter(requests).map(|(route, path, who, body, media): Request<'_>| async move {
        let mut more: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (token, key) = who;
        more.push(("x-api-key", key));
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

/// Whether the hub keeps this there on purpose: what it is for has to be somewhere. Rows are in a place that is called after
/// their table and what their key begins with. So do the documents' buckets, the secrets' store and the stored answers of the
/// idempotency table keep things, of which only the last are looked into.
fn lives(flock: &Flock, canary: &Canary, place: &str) -> bool {
    let name = canary.name.as_str();
    match place {
        // `CUSTOMERS` lists the customers' keys, which are their addresses.
        "funders QUOTE" | "funders PROPOSAL" | "funders CUSTOMER" | "funders CUSTOMERS" | "funders VEHICLE" => {
            !flock.is_secret(canary) && !is_others(name)
        }
        // With the case, its changes, and what the upstream said of them.
        "cases CASE" => name.ends_with("case") || ["channel", "echo"].contains(&name),
        "cases MESSAGES" => name.ends_with("message"),
        "cases CHANNEL" | "cases CHANNELS" | "cases AUDIT" => name == "channel",
        // What an order was told; staff see it.
        "mmob ORDER" | market::ORDERS => ["answerprovider", "decision"].contains(&name),
        "mmob PRODUCT" => name == PROVIDERS_SECRET,
        // The answer to whoever decided it.
        "idempotency" => name == "decision",
        _ => false,
    }
}

/// Of the other domains.
fn is_others(name: &str) -> bool {
    ["case", "message", "order", "provider"]
        .iter()
        .any(|domain| name.ends_with(domain))
        || name.starts_with("person")
}

/// What only whoever sent it is told: what a partner says of a value that it refuses, also when that is replayed, and the
/// path to a value that cannot be read, which names the members it leads through.
fn told(canary: &Canary, text: &Text) -> bool {
    let says = |what: &str| text.text.contains(what);
    match canary.name.as_str() {
        "echo" => {
            let asked = text.place == "idempotency" || text.place.starts_with("the answer 422");
            asked && (says("funder-rejected") || says("mmob-rejected"))
        }
        "member" => text.place.starts_with("the answer 400") && says("\"errors\""),
        _ => false,
    }
}

/// Everything that is left.
async fn left(stack: &Stack, since: i64) -> Vec<Text> {
    let mut texts = stack.logs(since).await;
    assert!(texts.len() > 100, "{} lines", texts.len());
    for table in stack.tables() {
        texts.extend(stack.all(&table).await.iter().map(|row| {
            let kind = row["pk"]["S"].as_str().and_then(|pk| pk.split('#').next());
            Text {
                // The others' keys are hashes and ids.
                place: match table.as_str() {
                    "funders" | "cases" | "mmob" => format!("{table} {}", kind.unwrap_or_default()),
                    _ => table.clone(),
                },
                text: row.to_string(),
            }
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
        market::ORDERS,
        market::PRODUCTS,
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
    let (flock, mut seen) = (Flock::new(&stack).await, Seen(Vec::new()));
    let canaries = flock.canaries();
    assert!(canaries.len() >= 40, "{}", canaries.len());
    let [mut refused, mut dealt, mut ordered] = [(); 3].map(|()| Seen(Vec::new()));
    futures_util::join!(
        all_routes(&stack, &flock, &mut refused),
        funder_failures(&stack, &flock, &mut seen),
        dealing::deal(&stack, &flock, &mut dealt),
        market::trade(&stack, &flock, &mut ordered),
        poison(&stack, &flock)
    );
    proposals_and_webhooks(&stack, &flock, &mut seen).await;
    // The workers get round to it.
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    let mut texts = left(&stack, since).await;
    for Seen(mut seen) in [seen, refused, dealt, ordered] {
        texts.append(&mut seen);
    }
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
        let astray = |canary: &&Canary| !lives(flock, canary, &text.place) && !told(canary, text);
        found.extend(hits(fixed.iter().filter(astray), text));
        if marks.iter().any(|mark| mark.is_in(&text.text)) {
            found.extend(hits(marked.iter().filter(astray), text));
        }
    }
    found
}
