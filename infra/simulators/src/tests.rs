//! Tests of the simulators over a real loopback socket. This file has the helpers that they share.

mod adapters;
mod alphabet_proposal;
mod alphabet_quote;
mod bqs;
mod bqs_messages;
mod control;
mod lex_proposal;
mod lex_quote;
mod lex_token;
mod mmob;
mod mmob_adapter;
mod mmob_market;
mod proposals;
mod provider;
mod receiver;
mod recorder;
mod served;
mod webhook;

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::hmac;
use serde_json::{Value, json};
use ureq::http::{self, HeaderMap};

use crate::alphabet::{Alphabet, AlphabetCredentials};
use crate::bqs::Bqs;
use crate::lex::{Lex, LexCredentials};
use crate::mmob::Mmob;
use crate::partner::Partner;
use crate::server;

pub const CALCULATE: &str = "/lex/api/v1/quotes/calculate";
pub const WEBHOOK_SECRET: &str = "whsec_dGVzdC13ZWJob29rLXNlY3JldC1ub3QtcmVhbA==";
pub const REQUEST_ID: &str = "0b9f4c0e-3a55-4a51-9d0a-6f5f6f6c2f10";

pub struct Simulators {
    pub address: SocketAddr,
    agent: ureq::Agent,
}

pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Returns the first entry of the errors document.
    pub fn error(&self) -> Value {
        self.json()["errors"][0].clone()
    }

    pub fn fields(&self) -> Vec<String> {
        let document = self.json();
        let errors = document["errors"].as_array().unwrap();
        errors
            .iter()
            .map(|error| error["field"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Returns the text of a member exactly as the simulator sent it.
    pub fn raw(&self, member: &str) -> String {
        let members: std::collections::HashMap<String, Box<serde_json::value::RawValue>> =
            serde_json::from_str(&self.text).unwrap();
        members[member].get().to_owned()
    }
}

impl Simulators {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let alphabet = AlphabetCredentials {
                    api_key: "test-alphabet-key".to_owned(),
                    webhook_secret: WEBHOOK_SECRET.to_owned(),
                };
                let (alphabet, lex) = (Alphabet::new(alphabet), Lex::new(credentials()));
                let bqs = Bqs::new("test-bqs-upstream-key".to_owned());
                let mmob = Mmob::new("test-mmob-key".to_owned());
                let partners: Vec<Box<dyn Partner>> =
                    vec![Box::new(alphabet), Box::new(bqs), Box::new(lex), Box::new(mmob)];
                server::serve(listener, partners).await.unwrap();
            });
        });
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        Self { address, agent }
    }

    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Reply {
        self.try_request(method, path, headers, body, Duration::from_secs(10))
            .unwrap()
    }

    pub fn try_request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
        timeout: Duration,
    ) -> Result<Reply, ureq::Error> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = match body {
            Some(body) => {
                let request = request.body(body.to_owned()).unwrap();
                self.agent.run(
                    self.agent
                        .configure_request(request)
                        .timeout_global(Some(timeout))
                        .build(),
                )?
            }
            None => {
                let request = request.body(()).unwrap();
                self.agent.run(
                    self.agent
                        .configure_request(request)
                        .timeout_global(Some(timeout))
                        .build(),
                )?
            }
        };
        let text = response
            .body_mut()
            .with_config()
            .limit(64 * 1024 * 1024)
            .read_to_string()?;
        let reply = Reply {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text,
        };
        assert_eq!(reply.header("x-simulated"), "true", "{method} {path}");
        Ok(reply)
    }

    /// Calls Lex with a valid token and request id.
    pub fn lex(&self, method: &str, path: &str, body: Option<&str>) -> Reply {
        let bearer = bearer(&claims());
        self.request(
            method,
            path,
            &[("authorization", &bearer), ("x-lbg-request-id", REQUEST_ID)],
            body,
        )
    }

    pub fn calculate(&self, body: &Value) -> Reply {
        self.lex("POST", CALCULATE, Some(&body.to_string()))
    }

    /// Calculates a quote at Lex and returns its path.
    pub fn quoted(&self) -> String {
        let id = self.calculate(&example()).json()["quote_id"]
            .as_str()
            .unwrap()
            .to_owned();
        format!("/lex/api/v1/quotes/{id}")
    }

    /// Calls ALPHABET with a valid key.
    pub fn alphabet(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        self.request(
            method,
            &format!("/alphabet/api/{path}"),
            &[
                ("x-cw-apikey", "test-alphabet-key"),
                ("content-type", "application/json"),
            ],
            body.map(Value::to_string).as_deref(),
        )
    }

    /// Calls BQS with a valid key and JSON.
    pub fn bqs(&self, method: &str, path: &str, key: &str, body: &Value) -> Reply {
        let headers = [
            ("x-api-key", "test-bqs-upstream-key"),
            ("content-type", "application/json"),
            ("idempotency-key", key),
        ];
        let headers = &headers[..if key.is_empty() { 2 } else { 3 }];
        let path = format!("/bqs/v1/bqs-case/{path}");
        self.request(method, &path, headers, Some(&body.to_string()))
    }

    /// Calls MMOB with a valid key.
    pub fn mmob(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let headers = [("x-api-key", "test-mmob-key"), ("content-type", "application/json")];
        let body = body.map(Value::to_string);
        self.request(method, &format!("/mmob/{path}"), &headers, body.as_deref())
    }

    pub fn control(&self, path: &str) -> Value {
        self.request("GET", &format!("/_control/{path}"), &[], None).json()
    }

    pub fn script(&self, operation: &str, answers: &Value) -> Reply {
        self.request(
            "PUT",
            &format!("/_control/{operation}"),
            &[],
            Some(&answers.to_string()),
        )
    }

    pub fn calls(&self, operation: &str) -> Vec<Value> {
        let reply = self.request("GET", &format!("/_control/{operation}/calls"), &[], None);
        reply.json().as_array().unwrap().clone()
    }
}

fn credentials() -> LexCredentials {
    LexCredentials {
        app_id: "test-lex-app".to_owned(),
        shared_secret: "test-lex-secret".to_owned(),
        major_dealer: "test-major".to_owned(),
        minor_dealer: "test-minor".to_owned(),
        webhook_secret: WEBHOOK_SECRET.to_owned(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulators under test read the real clock too"
)]
pub fn now() -> i64 {
    Timestamp::now().as_second()
}

pub fn claims() -> Value {
    let now = now();
    json!({
        "sub": "test-lex-app",
        "iat": now - 37,
        "nbf": now - 30,
        "exp": now + 86_400,
        "lbg_major_dealerid": "test-major",
        "lbg_minor_dealerid": "test-minor",
    })
}

pub fn sign(header: &str, claims: &str, secret: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), signed.as_bytes());
    format!("Bearer {signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}

pub fn bearer(claims: &Value) -> String {
    sign(r#"{"alg":"HS256","typ":"JWT"}"#, &claims.to_string(), "test-lex-secret")
}

/// The worked example of `lex::price`, with every member that a public caller sends.
pub fn example() -> Value {
    json!({
        "asset": { "cap_id": 90_132, "cap_code": "VWGO12345", "model_year": 2020.5, "options": ["Metallic paint"] },
        "accessories": [],
        "financials": {
            "contract_type_id": 1, "plan": 106, "term": 36, "mileage": 12_000, "relief_vehicle": 0,
            "customer_initial_payment": 2500, "estimated_sales_value": null, "cust_reference": null,
        },
        "adjustments": {
            "off_invoice_support": null, "otrp": 20_000, "commission": null, "discount": null, "customer_terms": 0,
            "co2_emission": 110,
        },
    })
}

/// A proposal to Lex with every member.
pub fn lex_proposal(reference: &str, surname: &str) -> Value {
    json!({
        "cust_reference": reference,
        "customer": {
            "first_name": "Jane", "last_name": surname, "email": "jane.roe@example.com", "phone": "+44 7700 900001",
            "date_of_birth": "1985-06-20",
            "address": {
                "line1": "123 Main Street", "line2": null, "city": "London", "postcode": "SW1A 1AA", "country": "GB",
            },
            "employment": {
                "employer_name": "Example Ltd", "job_title": "Engineer", "employment_type": "FULL_TIME",
                "monthly_income": 4500.00,
            },
        },
        "documents": [{ "type": "drivingLicense", "content_type": "application/pdf", "content": "JVBERi0xLjQK" }],
    })
}

/// The example with the member at `pointer` (a JSON pointer) changed.
pub fn example_with(pointer: &str, value: Value) -> Value {
    let mut body = example();
    *body.pointer_mut(pointer).unwrap() = value;
    body
}
