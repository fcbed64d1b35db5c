//! The deployed stack as a caller sees it: HTTP requests to the hub, and the simulators' control plane.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, Method};
use serde_json::Value;

use crate::lock::DomainLock;

/// How often [`Stack::until`] asks the hub. Every request costs the machine about 10 ms.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
const CONTROL_POLL_INTERVAL: Duration = Duration::from_millis(100);
const POLL_TIMEOUT: Duration = Duration::from_secs(70);

pub struct Stack {
    pub description: Value,
    pub folder: PathBuf,
    pub http: reqwest::Client,
    pub lock: DomainLock,
}

#[derive(Debug)]
pub struct HubResponse {
    /// Of the request.
    url: reqwest::Url,
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl HubResponse {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The address to which a reference in this response leads.
    pub fn resolve(&self, reference: &str) -> String {
        self.url.join(reference).unwrap().into()
    }

    /// The address to which `Location` leads.
    pub fn location(&self) -> Option<String> {
        self.header("location").map(|reference| self.resolve(reference))
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
        // The emulator closes idle connections, and some tests wait long between requests.
        .pool_idle_timeout(Duration::from_secs(1));
    builder.redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

impl Stack {
    /// The stack of this lock, with what other tests left in it.
    pub fn open(lock: DomainLock) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the tests' only setting")]
        let file = std::env::var("TRUNKLINE_STACK").expect("run these tests with `cargo xtask test`");
        let description = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        Self {
            description,
            folder: PathBuf::from(file).parent().unwrap().to_owned(),
            http: client(),
            lock,
        }
    }

    /// Fails with what to install if this stack has no scanner.
    pub fn must_scan(&self) {
        let scanner = self.text("/documentScanner");
        assert_eq!(
            scanner, "clamd",
            "no scanner: install clamd (Debian: clamav-daemon) and make a new stack"
        );
    }

    /// A PDF with EICAR's test string, which scanners report. It is in halves so that none reports this file.
    pub fn infected_pdf() -> Vec<u8> {
        let [start, end] = [
            r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD",
            "-ANTIVIRUS-TEST-FILE!$H+H*",
        ];
        format!("%PDF-1.4\n{start}{end}\n%%EOF\n").into_bytes()
    }

    /// A PNG that says to have 100,000 pixels a side, with this text in it.
    pub fn huge_png(text: &str) -> Vec<u8> {
        let chunk = |name: &str, data: &[u8]| {
            let length = u32::try_from(data.len()).unwrap().to_be_bytes();
            [&length[..], name.as_bytes(), data, &[0; 4]].concat()
        };
        let side = 100_000_u32.to_be_bytes();
        let header = [&side[..], &side, &[8, 2, 0, 0, 0]].concat();
        let chunks = [
            chunk("IHDR", &header),
            chunk("tEXt", text.as_bytes()),
            chunk("IDAT", b"x"),
            chunk("IEND", b""),
        ];
        [b"\x89PNG\r\n\x1a\n".to_vec(), chunks.concat()].concat()
    }

    /// The binary of the developer's tool.
    pub fn tool() -> String {
        #[expect(clippy::disallowed_methods, reason = "`cargo xtask test` names its own binary")]
        std::env::var("TRUNKLINE_XTASK").expect("run these tests with `cargo xtask test`")
    }

    /// Runs a command of the developer's tool on this stack and returns its output.
    pub fn xtask(&self, arguments: &[&str]) -> String {
        let mut command = std::process::Command::new(Self::tool());
        let output = command
            .args(arguments)
            .arg("--stack-dir")
            .arg(&self.folder)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {text}{errors}");
        text
    }

    /// A text of the stack's description.
    pub fn text(&self, pointer: &str) -> String {
        self.description
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("{pointer}"))
            .to_owned()
    }

    pub fn base_url(&self) -> String {
        self.text("/baseUrl")
    }

    /// The address of a function URL, without a slash at its end.
    pub fn function_url(&self, name: &str) -> String {
        self.text(&format!("/functionUrls/{name}"))
    }

    /// The token of the sample customer.
    pub fn customer(&self) -> String {
        self.text("/tokens/customer")
    }

    /// A good token, signed with the stack's key.
    pub fn token(&self, subject: &str, email: &str, roles: &[&str]) -> String {
        let claims = runtime::testing::claims(subject, email, roles, runtime::port::clock::Clock::System.now());
        self.sign(r#"{"alg":"RS256","typ":"JWT"}"#, &claims.to_string())
    }

    /// A token with any header and claims, signed with the stack's key.
    pub fn sign(&self, header: &str, claims: &str) -> String {
        let pem = fs::read_to_string(self.folder.join("jwt.pem")).unwrap();
        let base64: String = pem.lines().filter(|line| !line.starts_with("---")).collect();
        runtime::testing::sign(&BASE64_STANDARD.decode(base64).unwrap(), header, claims).unwrap()
    }

    /// The public half of the stack's key.
    pub fn public_pem(&self) -> String {
        fs::read_to_string(self.folder.join("jwt.pub.pem")).unwrap()
    }

    /// Sends a request to the hub. A body is JSON unless `headers` names another content type.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<&str>,
        headers: &[(&str, &str)],
    ) -> HubResponse {
        let mut request = self.http.request(method, format!("{}{path}", self.base_url()));
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(body) = body {
            if !headers.iter().any(|(name, _)| *name == "content-type") {
                request = request.header("content-type", "application/json");
            }
            request = request.body(body.to_owned());
        }
        respond(request, headers).await
    }

    /// Sends these bytes to any address, with no headers but these.
    pub async fn send_raw(&self, method: Method, url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> HubResponse {
        respond(self.http.request(method, url).body(body), headers).await
    }

    pub async fn get(&self, path: &str, token: &str) -> HubResponse {
        self.send(Method::GET, path, token, None, &[]).await
    }

    /// Repeats a GET until its response is as wanted.
    pub async fn until(&self, path: &str, token: &str, wanted: impl Fn(&HubResponse) -> bool) -> HubResponse {
        let began = Instant::now();
        loop {
            let got = self.get(path, token).await;
            if wanted(&got) {
                return got;
            }
            assert!(began.elapsed() < POLL_TIMEOUT, "{path}: {}", got.text);
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Sends a request to the simulators' control plane.
    pub async fn control(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}/_control{path}", self.text("/sandboxUrl"));
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let got = respond(request, &[]).await;
        assert!((200..300).contains(&got.status), "{path}: {} {}", got.status, got.text);
        serde_json::from_str(&got.text).unwrap_or_default()
    }

    /// Sets a simulated partner's answers to the next calls of an operation, such as `lex/quote`.
    pub async fn script(&self, operation: &str, answers: Value) {
        self.control(Method::PUT, &format!("/{operation}"), Some(answers)).await;
    }

    /// Sets the answers to the next calls with this correlation id. Other tests' calls are answered as usual.
    pub async fn script_for(&self, correlation: &str, operation: &str, answers: Value) {
        let operation = format!("{operation}?correlation={correlation}");
        self.script(&operation, answers).await;
    }

    /// The number of calls of an operation with this correlation id.
    pub async fn calls_for(&self, correlation: &str, operation: &str) -> usize {
        let path = format!("/{operation}/calls?correlation={correlation}");
        self.control(Method::GET, &path, None).await.as_array().unwrap().len()
    }

    /// Repeats a GET of the control plane until its response is as wanted.
    pub async fn control_until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let got = self.control(Method::GET, path, None).await;
            if wanted(&got) {
                return got;
            }
            assert!(began.elapsed() < POLL_TIMEOUT, "{path}: {got}");
            tokio::time::sleep(CONTROL_POLL_INTERVAL).await;
        }
    }
}

async fn respond(mut request: reqwest::RequestBuilder, headers: &[(&str, &str)]) -> HubResponse {
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    HubResponse {
        url: response.url().clone(),
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.text().await.unwrap(),
    }
}
