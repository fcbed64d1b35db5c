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
    let mut keys = Vec::new();
    for role in bqs::channel::Role::ALL {
        let others = bqs::channel::Role::ALL.map(bqs::channel::Role::name);
        let others: Vec<&str> = others.into_iter().filter(|other| *other != role.name()).collect();
        keys.push((role.name(), stack.channel(&others, &[808]).await.key));
    }
    let staff = stack.text("/tokens/staff");
    let send = async || {
        for route in &routes {
            let role = route.role.unwrap();
            let (token, key) = match route.wants {
                Credential::ApiKey => (
                    String::new(),
                    keys.iter().find(|(own, _)| *own == role).unwrap().1.clone(),
                ),
                _ if role == "staff" => (stack.customer(), String::new()),
                _ => (staff.clone(), String::new()),
            };
            for (media, body) in bodies(route) {
                let idempotency = uuid::Uuid::new_v4().to_string();
                let mut headers = vec![("content-type", media), ("idempotency-key", idempotency.as_str())];
                headers.extend((!key.is_empty()).then_some(("x-api-key", key.as_str())));
                let body = Some(body.as_str()).filter(|body| !body.is_empty());
                let got = stack
                    .send(route.method.clone(), &route.with(&[]), &token, body, &headers)
                    .await;
                let name = route.name();
                assert_eq!(got.status, 403, "{name} {media} {body:.60?}: {}", got.text);
                assert!(got.text.contains(&format!("`{role}`")), "{name}: {}", got.text);
            }
        }
    };
    stack.assert_unchanged(async || String::new(), send).await;
}

#[tokio::test]
async fn a_caller_that_lost_its_role_gets_no_replay() {
    let stack = Stack::whole().await;
    let path = "/api/integration/subscriptions";
    let body = r#"{"url":"http://127.0.0.1:9/hook","eventTypes":["quote.expired"]}"#;
    let key = uuid::Uuid::new_v4().to_string();
    let post = async |roles: &[&str], body: &str| {
        let token = stack.token("former-admin", "former-admin@example.com", roles);
        let headers = [("idempotency-key", key.as_str())];
        stack.send(Method::POST, path, &token, Some(body), &headers).await
    };
    let made = post(&["admin"], body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let before = stack.state().await;
    for roles in [&[][..], &["staff"]] {
        for body in [body, "{}", "{"] {
            assert_eq!(post(roles, body).await.status, 403, "{roles:?} {body}");
        }
    }
    assert_eq!(stack.state().await, before);
    // The key is as the first request left it.
    let replay = post(&["admin"], body).await;
    assert_eq!(
        (replay.status, replay.header("idempotent-replayed")),
        (201, Some("true")),
        "{}",
        replay.text
    );
    assert_eq!(replay.json()["id"], made.json()["id"]);
    let gone = format!("{path}/{}", made.json()["id"].as_str().unwrap());
    let admin = stack.text("/tokens/admin");
    let gone = stack.send(Method::DELETE, &gone, &admin, None, &[]).await;
    assert_eq!(gone.status, 204, "{}", gone.text);
}
