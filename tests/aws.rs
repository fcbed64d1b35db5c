//! The AWS services of the stack, as the emulator plays them.

use std::time::Duration;

use http::Method;
use runtime::port::config::Config;
use runtime::port::{Clients, Ports};
use serde_json::{Value, json};

use crate::stack::Stack;

/// The emulator fails so if a list grows while it reads the list. The next request succeeds.
const LIST_CHANGED: &str = "changed size during iteration";

impl Stack {
    fn config(&self) -> Config {
        [
            ("AWS_ENDPOINT_URL", self.text("/emulatorUrl")),
            ("AWS_REGION", self.text("/region")),
            ("AWS_ACCESS_KEY_ID", "test".into()),
            ("AWS_SECRET_ACCESS_KEY", "test".into()),
            // The bus has the stage in its name. The stage of this stack is always `local`.
            ("EVENT_BUS", "trunkline-local".into()),
        ]
        .into_iter()
        .collect()
    }

    pub fn ports(&self) -> Ports {
        Clients::default().with_bus().connect(&self.config())
    }

    /// Calls an AWS service by its JSON protocol. The hub needs no SDK for these services or operations.
    pub async fn service(&self, service: &str, target: &str, body: Value) -> Value {
        let request = self.http.post(self.text("/emulatorUrl")).header("x-amz-target", target);
        let request = request
            .header("content-type", "application/x-amz-json-1.0")
            .body(body.to_string());
        self.signed(request, service).await
    }

    /// Reads one of the emulator's own paths.
    pub async fn emulator(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}{path}", self.text("/emulatorUrl")));
        serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap()
    }

    /// Calls Lambda's API for one function.
    pub async fn lambda(&self, method: Method, function: &str, resource: &str, body: &Value) -> Value {
        let name = self.text(&format!("/functions/{function}"));
        let url = format!("{}/2015-03-31/functions/{name}/{resource}", self.text("/emulatorUrl"));
        self.signed(self.http.request(method, url).body(body.to_string()), "lambda")
            .await
    }

    /// Invokes a function with an event and returns its answer.
    pub async fn invoke(&self, function: &str, event: &Value) -> Value {
        self.lambda(Method::POST, function, "invocations", event).await
    }

    /// Calls Lambda's API for the mappings of queues to functions.
    pub async fn event_sources(&self, method: Method, id: &str, body: &Value) -> Value {
        let path = format!("2015-03-31/event-source-mappings/{id}");
        let url = format!("{}/{path}", self.text("/emulatorUrl"));
        self.signed(self.http.request(method, url).body(body.to_string()), "lambda")
            .await
    }

    /// A function's whole environment.
    pub async fn function_environment(&self, function: &str) -> Value {
        let configuration = self.lambda(Method::GET, function, "configuration", &Value::Null).await;
        configuration["Environment"].clone()
    }

    /// Sets variables in a function's environment. Returns the environment as it was.
    pub async fn configure(&self, function: &str, variables: &[(&str, &str)]) -> Value {
        let before = self.function_environment(function).await;
        let mut changed = before.clone();
        for (name, value) in variables {
            changed["Variables"][name] = json!(value);
        }
        self.restore(function, &changed).await;
        before
    }

    /// Sets a function's whole environment.
    pub async fn restore(&self, function: &str, environment: &Value) {
        let change = json!({"Environment": environment});
        self.lambda(Method::PUT, function, "configuration", &change).await;
    }

    /// Calls a service whose answers are JSON.
    async fn signed(&self, request: reqwest::RequestBuilder, service: &str) -> Value {
        let text = self.signed_text(request, service).await;
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// The emulator reads the caller's access key and does not check the signature.
    pub async fn signed_text(&self, request: reqwest::RequestBuilder, service: &str) -> String {
        let scope = format!("test/20260101/{}/{service}/aws4_request", self.text("/region"));
        let authorization = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        let request = request.header("authorization", authorization);
        for _ in 0..20 {
            let response = request.try_clone().unwrap().send().await.unwrap();
            let (status, text) = (response.status(), response.text().await.unwrap());
            if status.is_server_error() && text.contains(LIST_CHANGED) {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
            assert!(status.is_success(), "{service}: {status} {text}");
            return text;
        }
        panic!("{service}: the emulator cannot list what it has")
    }

    pub fn queue_url(&self, queue: &str) -> String {
        self.text(&format!("/queues/{queue}"))
    }

    /// Sends a message to a queue's workers.
    pub async fn enqueue(&self, queue: &str, message: &Value) {
        let request = json!({"QueueUrl": self.queue_url(queue), "MessageBody": message.to_string()});
        self.service("sqs", "AmazonSQS.SendMessage", request).await;
    }

    pub async fn purge(&self, queue: &str) {
        let request = json!({"QueueUrl": self.queue_url(queue)});
        self.service("sqs", "AmazonSQS.PurgeQueue", request).await;
    }

    /// Every message of every queue with its attributes, delayed and in flight included. None is received.
    pub async fn messages(&self) -> Vec<Value> {
        let all = self.emulator("/_ministack/sqs/messages").await;
        let regions = all["messages"].as_object().unwrap().values();
        let queues = regions.flat_map(|region| region.as_object().unwrap().values());
        let queues = queues.flat_map(|queues| queues.as_object().unwrap().values());
        queues
            .flat_map(|messages| messages.as_array().unwrap().clone())
            .collect()
    }
}
