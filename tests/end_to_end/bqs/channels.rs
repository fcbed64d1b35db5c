//! Channels of the case API as admins manage them: a change holds from the next request on, and of two admins who change a
//! channel at the same time one does.

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use crate::channel::{ADMIN, Channel};
use crate::lock::Domain::Bqs;
use crate::stack::{HubResponse, Stack};

const MANAGEMENT: &str = "/v1/bqs-case/management";

fn permissions(name: &str, roles: &[&str]) -> String {
    json!({
        "channelName": name, "roles": roles,
        "allowedDealerCodes": [808], "allowedBrandCodes": [10], "allowedAgreements": [3700],
    })
    .to_string()
}

/// Updates a channel as an admin, with these headers.
async fn put(stack: &Stack, channel: &Channel, roles: &[&str], headers: &[(&str, &str)]) -> HubResponse {
    let admin = stack.sample_key(ADMIN);
    let path = format!("{MANAGEMENT}/{}", channel.name);
    let headers: Vec<_> = [("x-api-key", admin.as_str())].iter().chain(headers).copied().collect();
    let body = permissions(&channel.name, roles);
    stack.send(Method::PUT, &path, "", Some(&body), &headers).await
}

async fn list(stack: &Stack, key: &str) -> HubResponse {
    let path = "/v1/bqs-case/message/case?pre_view_case_id=1";
    stack.send_with_key(Method::GET, path, key, None).await
}

#[tokio::test]
async fn a_channels_roles_change_with_the_next_request() {
    let stack = Stack::shared(&[Bqs]).await;
    let channel = stack.channel(&["message.read"], &[808]).await;
    for _ in 0..3 {
        assert_eq!(list(&stack, &channel.key).await.status, 200);
        assert_eq!(put(&stack, &channel, &[], &[]).await.status, 200);
        assert_eq!(list(&stack, &channel.key).await.status, 403);
        assert_eq!(put(&stack, &channel, &["Message.READ"], &[]).await.status, 200);
    }
    let audit = format!("AUDIT#{}", channel.name);
    let mut rows = stack.rows("channels", "pk", &audit).await;
    rows.sort_by_key(|row| row["sk"]["S"].to_string());
    let actions: Vec<_> = rows.iter().map(|row| row["action"]["S"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        ["create", "update", "update", "update", "update", "update", "update"]
    );
    let roles = |row: &Value, when: &str| row[when]["M"]["roles"]["L"].as_array().unwrap().len();
    assert_eq!((roles(&rows[1], "before"), roles(&rows[1], "after")), (1, 0));
    assert!(rows.iter().all(|row| row["by"]["S"] == ADMIN));
}

#[tokio::test]
async fn a_key_is_good_until_it_is_replaced() {
    let stack = Stack::shared(&[Bqs]).await;
    let channel = stack.channel(&["message.read"], &[808]).await;
    let admin = stack.sample_key(ADMIN);
    let path = format!("{MANAGEMENT}/{}/key", channel.name);
    let headers = [
        ("x-api-key", admin.as_str()),
        ("idempotency-key", channel.name.as_str()),
    ];
    let rotated = stack.send(Method::POST, &path, "", None, &headers).await;
    assert_eq!(rotated.status, 201, "{}", rotated.text);
    let key = rotated.json()["apiKey"].as_str().unwrap().to_owned();
    assert_eq!(list(&stack, &channel.key).await.status, 401);
    assert_eq!(list(&stack, &key).await.status, 200);
    let again = stack.send(Method::POST, &path, "", None, &headers).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")));
    assert!(
        again.json()["apiKey"].is_null(),
        "a key is shown one time: {}",
        again.text
    );
    assert_eq!(
        list(&stack, &key).await.status,
        200,
        "a replay does not rotate the key again"
    );
    let spoofed = [("x-api-key", key.as_str()), ("x-channel-id", ADMIN)];
    let path = "/v1/bqs-case/message/case?pre_view_case_id=1";
    assert_eq!(stack.send(Method::GET, path, "", None, &spoofed).await.status, 401);
    let secret = key.rsplit_once('.').unwrap().1;
    for table in ["channels", "cases", "idempotency"] {
        let rows = Value::from(stack.all(table).await).to_string();
        assert!(!rows.contains(secret), "{table}");
    }
}

#[tokio::test]
async fn of_four_admins_with_the_same_version_one_changes_it() {
    let stack = Stack::shared(&[Bqs]).await;
    let channel = stack.channel(&[], &[]).await;
    let admin = stack.sample_key(ADMIN);
    let path = format!("{MANAGEMENT}/{}", channel.name);
    for _ in 0..5 {
        let seen = stack.send_with_key(Method::GET, &path, &admin, None).await;
        let etag = seen.header("etag").unwrap().to_owned();
        let seen = [("if-match", etag.as_str())];
        let writers = (0..4).map(|_| put(&stack, &channel, &["case.read"], &seen));
        let mut statuses: Vec<u16> = join_all(writers).await.iter().map(|got| got.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412, 412, 412]);
    }
}

#[tokio::test]
async fn of_eight_requests_for_one_channel_one_creates_it() {
    let stack = Stack::shared(&[Bqs]).await;
    let admin = stack.sample_key(ADMIN);
    let body = permissions(&format!("test-{}", uuid::Uuid::new_v4()), &[]);
    let makers = (0..8).map(|_| stack.send_with_key(Method::POST, MANAGEMENT, &admin, Some(&body)));
    let mut statuses: Vec<u16> = join_all(makers).await.iter().map(|got| got.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn a_path_with_a_slash_at_its_end_is_answered_too() {
    // The list has the channels of all tests.
    let stack = Stack::exclusive(&[Bqs]).await;
    let admin = stack.sample_key(ADMIN);
    let [plain, slashed] = [MANAGEMENT.to_owned(), format!("{MANAGEMENT}/")];
    let get = async |path: &str| stack.send_with_key(Method::GET, path, &admin, None).await;
    let (plain, slashed) = (get(&plain).await, get(&slashed).await);
    assert_eq!((plain.status, plain.json()), (200, slashed.json()));
    // Where the spec writes no slash, the hub redirects to the path without it.
    let moved = get("/v1/bqs-case/management/unknown/?a=1").await;
    assert_eq!(moved.status, 308, "{}", moved.text);
    let plain = format!("{}/v1/bqs-case/management/unknown?a=1", stack.base_url());
    assert_eq!(moved.location(), Some(plain));
}
