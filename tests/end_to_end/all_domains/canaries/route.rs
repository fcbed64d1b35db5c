//! Every route, with credentials and bodies of every kind.

use futures_util::stream::{self, StreamExt};

use super::canary_values::{CanaryValues, bodies};
use super::seen::Seen;
use crate::channel::ADMIN;
use crate::end_to_end::mmob::market::TOKEN;
use crate::stack::Stack;
use crate::surface::{Route, routes};

const AT_ONCE: usize = 12;

/// A token and an API key. Each route takes the one that it wants.
type Credentials = (String, String);

/// Route, path, credentials, body and content type.
type Request<'a> = (Route, String, &'a Credentials, Option<String>, Option<String>);

/// Every route, with a canary in each place that takes a text.
pub async fn all_routes(stack: &Stack, values: &CanaryValues, seen: &mut Seen) {
    let word = |name: &str| values.word(name);
    let headers = values.headers();
    let admin = stack.token("admin", "admin@example.com", &["admin", "agent"]);
    let admin: Credentials = (admin, stack.sample_key(ADMIN));
    let unsigned = format!("{}.", values.token.rsplit_once('.').unwrap().0);
    let unsigned: Credentials = (unsigned, values.other_key());
    let customer: Credentials = (values.token.clone(), values.dealer.key.clone());
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
    let mut parameters: Vec<(&str, &str)> = placed.iter().map(|name| (*name, path.as_str())).collect();
    parameters.push(("email", &address));
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
            ("channelName", values.managed.as_str()),
            ("token", TOKEN),
            // A case that does not exist: the hub keeps unknown members of a case.
            ("sequence", "999999998"),
        ];
        let plain = route.with(&plain);
        let media = format!("text/{}", word("media"));
        for who in [&unsigned, &customer, &admin] {
            requests.push((route.clone(), route.with(&parameters), who, None, None));
            let text = Some(word("raw"));
            requests.push((route.clone(), plain.clone(), who, text, Some(media.clone())));
        }
        for who in [&customer, &admin] {
            let bodies = bodies(values, &route).into_iter();
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
