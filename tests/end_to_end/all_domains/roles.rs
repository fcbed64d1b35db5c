//! Roles are checked first: a caller without the role of a route is refused whatever it sends, and nothing changes.

use http::Method;

use crate::stack::Stack;
use crate::surface::{Credential, Route, routes};

const JSON: &str = "application/json";

/// Content types and bodies that the route would refuse with another status, and a good body.
fn bodies(route: &Route) -> Vec<(&'static str, String)> {
    let Some(sample) = route.body() else {
        return vec![(JSON, String::new())];
    };
    vec![
        (JSON, sample.to_owned()),
        (JSON, "{\"cut\": ".to_owned()),
        (JSON, "{}".to_owned()),
        (JSON, format!("{sample}{}", " ".repeat(1024 * 1024))),
        ("text/plain", sample.to_owned()),
    ]
}

#[tokio::test]
async fn a_caller_without_the_role_is_refused_before_its_body_is_read() {
    let stack = Stack::whole().await;
    let mut routes = routes();
    routes.retain(|route| route.role.is_some());
    assert!(routes.len() >= 25, "{}", routes.len());
    let mut channels = Vec::new();
    for role in bqs::channel::Role::ALL {
        let others = bqs::channel::Role::ALL.map(bqs::channel::Role::name);
        let others: Vec<&str> = others.into_iter().filter(|other| *other != role.name()).collect();
        channels.push((role.name(), stack.channel(&others, &[808]).await));
    }
    let names: Vec<&str> = channels.iter().map(|(_, channel)| channel.name.as_str()).collect();
    let send = async |id: &str| {
        let customer = stack.token(&format!("customer-{id}"), "john.doe@example.com", &[]);
        let staff = stack.token(&format!("staff-{id}"), "staff@example.com", &["staff"]);
        for route in &routes {
            let role = route.role.unwrap();
            let (token, key) = match route.wants {
                Credential::ApiKey => (
                    "",
                    channels.iter().find(|(own, _)| *own == role).unwrap().1.key.as_str(),
                ),
                _ if role == "staff" => (customer.as_str(), ""),
                _ => (staff.as_str(), ""),
            };
            for (media, body) in bodies(route) {
                let mut headers = vec![
                    ("content-type", media),
                    ("idempotency-key", id),
                    ("x-correlation-id", id),
                ];
                headers.extend((!key.is_empty()).then_some(("x-api-key", key)));
                let body = Some(body.as_str()).filter(|body| !body.is_empty());
                let got = stack
                    .send(route.method.clone(), &route.with(&[]), token, body, &headers)
                    .await;
                let name = route.name();
                assert_eq!(got.status, 403, "{name} {media} {body:.60?}: {}", got.text);
                assert!(got.text.contains(&format!("`{role}`")), "{name}: {}", got.text);
            }
        }
    };
    stack.assert_unchanged(&names, send).await;
}

#[tokio::test]
async fn a_caller_that_lost_its_role_gets_no_replay() {
    let stack = Stack::whole().await;
    let path = "/api/integration/subscriptions";
    let first = uuid::Uuid::new_v4().to_string();
    let caller = format!("former-admin-{first}");
    let body = format!(r#"{{"url":"http://127.0.0.1:9/{caller}","eventTypes":["quote.expired"]}}"#);
    let post = async |roles: &[&str], body: &str, correlation: &str| {
        let token = stack.token(&caller, "former-admin@example.com", roles);
        // One key for all requests.
        let headers = [("idempotency-key", caller.as_str()), ("x-correlation-id", correlation)];
        stack.send(Method::POST, path, &token, Some(body), &headers).await
    };
    let made = post(&["admin"], &body, &first).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let send = async |id: &str| {
        for roles in [&[][..], &["staff"]] {
            for body in [body.as_str(), "{}", "{"] {
                assert_eq!(post(roles, body, id).await.status, 403, "{roles:?} {body}");
            }
        }
    };
    stack.assert_unchanged(&[&caller], send).await;
    // The key is as the first request left it.
    let replay = post(&["admin"], &body, &first).await;
    assert_eq!(
        (replay.status, replay.header("idempotent-replayed")),
        (201, Some("true")),
        "{}",
        replay.text
    );
    let id = made.json()["data"]["id"].clone();
    assert_eq!(replay.json()["data"]["id"], id);
    let gone = format!("{path}/{}", id.as_str().unwrap());
    let admin = stack.text("/tokens/admin");
    let gone = stack.send(Method::DELETE, &gone, &admin, None, &[]).await;
    assert_eq!(gone.status, 204, "{}", gone.text);
}
