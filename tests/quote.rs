//! Quotes on the deployed stack: made from the sample, and LEX's answers to them.

use http::Method;
use serde_json::{Value, json};

use crate::stack::{HubResponse, Stack};

pub const GENERATE: &str = "/api/integration/quotes/generate";
pub const SAMPLE: &str = include_str!("../events/bodies/quote.json");

impl Stack {
    /// Asks for the sample quote, with these headers.
    pub async fn quote(&self, headers: &[(&str, &str)]) -> HubResponse {
        self.send(Method::POST, GENERATE, &self.customer(), Some(SAMPLE), headers)
            .await
    }

    /// Asks for the sample quote, from this funder and for a customer with this surname.
    pub async fn quote_from(&self, funder: &str, surname: &str) -> HubResponse {
        let mut body: Value = serde_json::from_str(SAMPLE).unwrap();
        body["funderName"] = funder.into();
        body["customerDetails"]["lastName"] = surname.into();
        let body = body.to_string();
        self.send(Method::POST, GENERATE, &self.customer(), Some(&body), &[])
            .await
    }

    pub async fn quote_status(&self, id: &str) -> HubResponse {
        let path = format!("/api/integration/quotes/{id}/status");
        self.get(&path, &self.customer()).await
    }

    /// Sets LEX's answers to the next requests for quotes.
    pub async fn script_lex(&self, answers: Value) {
        self.control(Method::DELETE, "/lex/quote", None).await;
        self.control(Method::PUT, "/lex/quote", Some(answers)).await;
    }

    /// The number of requests for quotes that LEX has received since it was scripted.
    pub async fn lex_calls(&self) -> usize {
        let calls = self.control(Method::GET, "/lex/quote/calls", None).await;
        calls.as_array().unwrap().len()
    }

    /// Makes a row's `dueAt` pass and runs the schedule that handles due rows.
    pub async fn make_due(&self, pk: &str, sk: &str) {
        let body = json!({
            "TableName": self.table("funders"), "Key": {"pk": {"S": pk}, "sk": {"S": sk}},
            "UpdateExpression": "SET dueAt = :past", "ExpressionAttributeValues": {":past": {"S": "000000000001"}},
        });
        self.service("dynamodb", "DynamoDB_20120810.UpdateItem", body).await;
        let event = serde_json::from_str(include_str!("../events/funders-reconcile.json")).unwrap();
        self.invoke("funders-reconcile", &event).await;
    }
}
