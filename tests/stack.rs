//! The deployed stack as a user has it: HTTP requests, the partners' simulator, the tables, the queues, the functions.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

/// Tests script the simulator, which is one for all: each has the stack to itself.
static ALONE: Mutex<()> = Mutex::new(());

pub struct Stack {
    pub description: Value,
    folder: PathBuf,
    http: reqwest::Client,
    _alone: MutexGuard<'static, ()>,
}

#[derive(Debug)]
pub struct Got {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

#[expect(clippy::disallowed_methods, reason = "this is a client of the hub")]
fn client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let tls = tls
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        // The emulator closes what is idle, and some tests wait for long.
        .pool_idle_timeout(std::time::Duration::from_secs(1));
    builder.redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

impl Stack {
    /// The stack, with nothing scripted and nothing queued.
    pub async fn begin() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        #[expect(clippy::disallowed_methods, reason = "the one thing `cargo xtask test` has to say")]
        let file = std::env::var("TRUNKLINE_STACK").expect("run these tests with `cargo xtask test`");
        let description = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let folder = PathBuf::from(file).parent().unwrap().to_owned();
        let stack = Self {
            description,
            folder,
            http: client(),
            _alone: alone,
        };
        stack.control(Method::DELETE, "", None).await;
        // What earlier tests left to the queues would call partners in the middle of this one.
        for queue in ["quoteRetry", "bqsForward"] {
            let queue = json!({"QueueUrl": stack.text(&format!("/queues/{queue}"))});
            stack.service("sqs", "AmazonSQS.PurgeQueue", queue).await;
        }
        stack
    }

    /// What the developer's tool says when it works on this stack.
    pub fn tool(&self, words: &[&str]) -> String {
        #[expect(clippy::disallowed_methods, reason = "`cargo xtask test` says where it is")]
        let tool = std::env::var("TRUNKLINE_XTASK").expect("run these tests with `cargo xtask test`");
        let mut command = std::process::Command::new(tool);
        let output = command
            .args(words)
            .arg("--stack-dir")
            .arg(&self.folder)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{words:?}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        said
    }

    pub fn text(&self, pointer: &str) -> String {
        self.description
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("{pointer}"))
            .to_owned()
    }

    pub fn table(&self, name: &str) -> String {
        self.text(&format!("/tables/{name}"))
    }

    pub fn customer(&self) -> String {
        self.text("/tokens/customer")
    }

    /// A token of the stack's own key for anybody.
    pub fn token(&self, subject: &str, email: &str, roles: &[&str]) -> String {
        let claims = runtime::testing::claims(subject, email, roles, runtime::clock::Clock::System.now());
        self.sign(r#"{"alg":"RS256","typ":"JWT"}"#, &claims.to_string())
    }

    /// The stack's own key under any header and claims, whatever they say.
    pub fn sign(&self, header: &str, claims: &str) -> String {
        let pem = fs::read_to_string(self.folder.join("jwt.pem")).unwrap();
        let base64: String = pem.lines().filter(|line| !line.starts_with("---")).collect();
        runtime::testing::sign(&BASE64_STANDARD.decode(base64).unwrap(), header, claims).unwrap()
    }

    /// What everybody may know of the stack's key.
    pub fn public_pem(&self) -> String {
        fs::read_to_string(self.folder.join("jwt.pub.pem")).unwrap()
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<&str>,
        more: &[(&str, &str)],
    ) -> Got {
        let mut request = self.http.request(method, format!("{}{path}", self.text("/baseUrl")));
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(body) = body {
            if !more.iter().any(|(name, _)| *name == "content-type") {
                request = request.header("content-type", "application/json");
            }
            request = request.body(body.to_owned());
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Got {
            status,
            headers,
            text: response.text().await.unwrap(),
        }
    }

    /// Any bytes to any address, with these headers and no others of ours.
    pub async fn carry(&self, method: Method, url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Got {
        let mut request = self.http.request(method, url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Got {
            status,
            headers,
            text: response.text().await.unwrap(),
        }
    }

    /// Puts a message before the workers of a queue.
    pub async fn enqueue(&self, queue: &str, message: &Value) {
        let url = self.text(&format!("/queues/{queue}"));
        let ask = json!({"QueueUrl": url, "MessageBody": message.to_string()});
        self.service("sqs", "AmazonSQS.SendMessage", ask).await;
    }

    pub async fn quote(&self, more: &[(&str, &str)]) -> Got {
        let body = include_str!("../events/bodies/quote.json");
        self.send(
            Method::POST,
            "/api/integration/quotes/generate",
            &self.customer(),
            Some(body),
            more,
        )
        .await
    }

    pub async fn status(&self, id: &str) -> Got {
        self.send(
            Method::GET,
            &format!("/api/integration/quotes/{id}/status"),
            &self.customer(),
            None,
            &[],
        )
        .await
    }

    /// A quote from this funder, made of the sample.
    pub async fn quote_from(&self, funder: &str, surname: &str) -> Got {
        let body = include_str!("../events/bodies/quote.json");
        let mut body: Value = serde_json::from_str(body).unwrap();
        body["funderName"] = funder.into();
        body["customerDetails"]["lastName"] = surname.into();
        let path = "/api/integration/quotes/generate";
        self.send(Method::POST, path, &self.customer(), Some(&body.to_string()), &[])
            .await
    }

    pub async fn get(&self, path: &str, token: &str) -> Got {
        self.send(Method::GET, path, token, None, &[]).await
    }

    /// Asks again until the answer is as wanted.
    pub async fn until(&self, path: &str, token: &str, wanted: impl Fn(&Got) -> bool) -> Got {
        for _ in 0..240 {
            let got = self.get(path, token).await;
            if wanted(&got) {
                return got;
            }
            tokio::time::sleep(std::time::Duration::from_millis(250)).await;
        }
        panic!("{path}: {}", self.get(path, token).await.text)
    }

    /// Its name resolves nowhere: the emulator serves it below its own address.
    pub fn function_url(&self, name: &str) -> String {
        let url = self.text(&format!("/functionUrls/{name}"));
        let host = url.split("//").nth(1).unwrap();
        let label = host.split('.').next().unwrap();
        format!("{}/_aws/lambda-url/{label}", self.text("/emulatorUrl"))
    }

    /// Lets the time come that this row waits for, and the schedule see it.
    pub async fn bring_due(&self, pk: &str, sk: &str) {
        let body = json!({
            "TableName": self.table("funders"), "Key": {"pk": {"S": pk}, "sk": {"S": sk}},
            "UpdateExpression": "SET dueAt = :past", "ExpressionAttributeValues": {":past": {"S": "000000000001"}},
        });
        self.service("dynamodb", "DynamoDB_20120810.UpdateItem", body).await;
        let event = serde_json::from_str(include_str!("../events/funders-reconcile.json")).unwrap();
        self.lambda(Method::POST, "funders-reconcile", "invocations", &event)
            .await;
    }

    pub fn base_url(&self) -> String {
        self.text("/baseUrl")
    }

    pub async fn control(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self
            .http
            .request(method, format!("{}/_control{path}", self.text("/sandboxUrl")));
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default()
    }

    /// What LEX shall answer to the next requests for quotes.
    pub async fn script(&self, answers: Value) {
        self.control(Method::DELETE, "/lex/quote", None).await;
        self.control(Method::PUT, "/lex/quote", Some(answers)).await;
    }

    /// How many requests for quotes LEX has had since it was scripted.
    pub async fn calls(&self) -> usize {
        self.control(Method::GET, "/lex/quote/calls", None)
            .await
            .as_array()
            .unwrap()
            .len()
    }

    fn aws(&self) -> runtime::config::Config {
        [
            ("AWS_ENDPOINT_URL", self.text("/emulatorUrl")),
            ("AWS_REGION", self.text("/region")),
            ("AWS_ACCESS_KEY_ID", "test".into()),
            ("AWS_SECRET_ACCESS_KEY", "test".into()),
            // Named by the stage, which is always this one.
            ("EVENT_BUS", "trunkline-local".into()),
        ]
        .into_iter()
        .collect()
    }

    pub fn ports(&self) -> runtime::ports::Ports {
        runtime::ports::Ports::with_bus(&self.aws())
    }

    /// An AWS service by its JSON protocol, as the SDKs that the hub does not need would speak it.
    pub async fn service(&self, service: &str, target: &str, body: Value) -> Value {
        let request = self.http.post(self.text("/emulatorUrl")).header("x-amz-target", target);
        let request = request
            .header("content-type", "application/x-amz-json-1.0")
            .body(body.to_string());
        self.signed(request, service).await
    }

    /// What only the emulator shows.
    pub async fn peek(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}{path}", self.text("/emulatorUrl")));
        serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap()
    }

    /// The functions' own API.
    pub async fn lambda(&self, method: Method, function: &str, what: &str, body: &Value) -> Value {
        let name = self.text(&format!("/functions/{function}"));
        let url = format!("{}/2015-03-31/functions/{name}/{what}", self.text("/emulatorUrl"));
        self.signed(self.http.request(method, url).body(body.to_string()), "lambda")
            .await
    }

    /// The emulator wants to know who calls, and does not check the proof.
    async fn signed(&self, request: reqwest::RequestBuilder, service: &str) -> Value {
        let scope = format!("test/20260101/{}/{service}/aws4_request", self.text("/region"));
        let authorization = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        let response = request.header("authorization", authorization).send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{service}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }
}
