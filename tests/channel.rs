//! Channels of the case API on the deployed stack: created through its own routes, and requests with their keys.

use http::Method;
use serde_json::{Value, json};

use crate::stack::{HubResponse, Stack};

/// The spec's sample channel that may create others.
pub const ADMIN: &str = "vwfs-dk-integrationportal-admin-example";

/// A channel of one test.
pub struct Channel {
    pub name: String,
    pub key: String,
}

/// A channel with these roles and dealers, and with the brands and agreements of the spec's samples, as an admin sends it.
pub fn permissions(name: &str, roles: &[&str], dealers: &[i64]) -> String {
    json!({
        "channelName": name, "roles": roles, "allowedDealerCodes": dealers,
        "allowedBrandCodes": [1, 4, 10], "allowedAgreements": [2700, 3600, 3700],
    })
    .to_string()
}

impl Stack {
    /// The key of one of the spec's sample channels.
    pub fn sample_key(&self, channel: &str) -> String {
        self.text(&format!("/apiKeys/{channel}"))
    }

    /// Sends a request with a channel's API key.
    pub async fn send_with_key(&self, method: Method, path: &str, key: &str, body: Option<&str>) -> HubResponse {
        self.send(method, path, "", body, &[("x-api-key", key)]).await
    }

    /// Creates a channel with these [`permissions`].
    pub async fn channel(&self, roles: &[&str], dealers: &[i64]) -> Channel {
        let name = format!("test-{}", uuid::Uuid::new_v4());
        self.channel_named(name, roles, dealers).await
    }

    pub async fn channel_named(&self, name: String, roles: &[&str], dealers: &[i64]) -> Channel {
        let wanted = permissions(&name, roles, dealers);
        let admin = self.sample_key(ADMIN);
        let path = "/v1/bqs-case/management";
        let got = self.send_with_key(Method::POST, path, &admin, Some(&wanted)).await;
        assert_eq!(got.status, 201, "{}", got.text);
        let key = got.json()["apiKey"].as_str().unwrap().to_owned();
        Channel { name, key }
    }

    /// Replaces the [`permissions`] of a channel.
    pub async fn permit(&self, name: &str, roles: &[&str], dealers: &[i64]) {
        let wanted = permissions(name, roles, dealers);
        let admin = self.sample_key(ADMIN);
        let path = format!("/v1/bqs-case/management/{name}");
        let got = self.send_with_key(Method::PUT, &path, &admin, Some(&wanted)).await;
        assert_eq!(got.status, 200, "{}", got.text);
    }

    /// Creates a case like the spec's private sample, for this dealer. Returns its sequence.
    pub async fn case(&self, key: &str, dealer: i64) -> i64 {
        let sample = include_str!("../functions/bqs/fixtures/case-private.json");
        let mut body: Value = serde_json::from_str(sample).unwrap();
        body["dealer"] = dealer.into();
        let path = "/v1/bqs-case/case";
        let got = self
            .send_with_key(Method::POST, path, key, Some(&body.to_string()))
            .await;
        assert_eq!(got.status, 201, "{}", got.text);
        got.json()["sequence"].as_i64().unwrap()
    }
}
