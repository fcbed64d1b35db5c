//! MMOB and a provider. They keep books of the requests that they took, and fail by chance or by script.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request, StatusCode, header};
use model::{Error, Kind, Result};
use runtime::http::signature;
use runtime::port::clock::Clock;
use runtime::port::transport::Transport;
use runtime::testing::Dice;
use serde_json::{Map, Value, json};

pub const SECRET: &str = "whsec_bW1vYi1jYWxsYmFjay1zZWNyZXQtb2YtdGVzdHM=";
pub const PROVIDER: &str = "https://provider.example.com/orders";

/// How a server treats one request.
#[derive(Clone, Debug, PartialEq)]
pub enum Behaviour {
    Well,
    /// The request is carried out, and its response is lost.
    Loses(Failure),
    /// The request is not carried out.
    Fails(Failure),
    Unreachable,
}

/// What the client sees of a request that went wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    Reset,
    Silent,
    Answers(u16, &'static str),
    /// With a `retry-after`.
    Throttles(u16, &'static str),
}

/// What a server does with its next requests: the script first, then this share of failures.
#[derive(Default)]
pub struct Behaviours {
    script: VecDeque<Behaviour>,
    percent: usize,
    harsh: bool,
}

impl Behaviours {
    fn next(&mut self, dice: &mut Dice) -> Behaviour {
        use Failure::{Answers, Reset, Silent};
        if let Some(next) = self.script.pop_front() {
            return next;
        }
        if self.percent == 0 || dice.roll(100) >= self.percent {
            return Behaviour::Well;
        }
        let failures = [
            Reset,
            Silent,
            Answers(500, ""),
            Answers(502, "<html>"),
            Answers(503, ""),
        ];
        let failure = failures[dice.roll(failures.len())].clone();
        match dice.roll(if self.harsh { 8 } else { 6 }) {
            0 | 1 => Behaviour::Loses(failure),
            2..=4 => Behaviour::Fails(failure),
            5 => Behaviour::Unreachable,
            6 => Behaviour::Fails(Answers(410, "")),
            _ => Behaviour::Loses(Answers(200, "<html>")),
        }
    }
}

pub struct Books {
    dice: Dice,
    /// The order that MMOB has.
    pub order: Map<String, Value>,
    /// Every update that MMOB carried out.
    pub updates: Vec<(String, Value)>,
    /// Every request to MMOB, by method and path.
    pub mmob_requests: Vec<(Method, String)>,
    pub mmob: Behaviours,
    pub provider: Behaviours,
    /// The provider's answer in each round. Later rounds get the last one.
    pub answers: Vec<Value>,
    /// By round: the ids under which the provider carried out a call.
    pub effects: BTreeMap<u64, BTreeSet<String>>,
    /// By round: the number of calls that the provider got.
    pub deliveries: BTreeMap<u64, u32>,
    /// By round: the number of calls that the provider did not answer well.
    pub failures: BTreeMap<u64, u32>,
    /// Whether the provider refused a call, or answered without a decision.
    pub harsh: bool,
    pub provider_requests: Vec<Request<Bytes>>,
    pub forged: u32,
    /// The response times of MMOB and of the provider.
    pub latency: (Duration, Duration),
}

pub struct FakeMmob {
    books: Mutex<Books>,
    clock: Clock,
}

pub fn order() -> Map<String, Value> {
    let order = json!({
        "id": "po_1", "status": "Pending", "prod_id": "prod_1", "pricing_id": "price_1", "tpp_user_id": "tus_1",
        "input": {"last_name": "Nichols", "account_number": "123456789"},
    });
    let Value::Object(order) = order else { unreachable!() };
    order
}

impl FakeMmob {
    pub fn new(clock: Clock, seed: u64) -> Self {
        let books = Books {
            dice: Dice(seed),
            order: order(),
            updates: Vec::new(),
            mmob_requests: Vec::new(),
            mmob: Behaviours::default(),
            provider: Behaviours::default(),
            answers: vec![json!({"status": "Successful", "output": {"reference": "R1"}})],
            effects: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            failures: BTreeMap::new(),
            harsh: false,
            provider_requests: Vec::new(),
            forged: 0,
            latency: (Duration::from_millis(20), Duration::from_millis(20)),
        };
        Self {
            books: Mutex::new(books),
            clock,
        }
    }

    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    /// Scripts MMOB's next requests. Later ones go well.
    pub fn script_mmob(&self, script: impl IntoIterator<Item = Behaviour>) {
        self.books().mmob.script = script.into_iter().collect();
    }

    /// Scripts the provider's next requests. Later ones go well.
    pub fn script_provider(&self, script: impl IntoIterator<Item = Behaviour>) {
        self.books().provider.script = script.into_iter().collect();
    }

    /// Sets the shares of failures in percent, and whether the provider also fails for good.
    pub fn set_failures(&self, mmob: usize, provider: usize, harsh: bool) {
        let mut books = self.books();
        books.mmob.percent = mmob;
        books.provider.percent = provider;
        books.provider.harsh = harsh;
    }

    pub fn status(&self) -> String {
        self.books().order["status"].as_str().unwrap().to_owned()
    }
}

impl Books {
    fn answer_hub(&mut self, request: &Request<Bytes>) -> (Behaviour, u16, String) {
        let path = request.uri().path().to_owned();
        self.mmob_requests.push((request.method().clone(), path.clone()));
        let behaviour = self.mmob.next(&mut self.dice);
        if matches!(behaviour, Behaviour::Fails(_) | Behaviour::Unreachable) {
            return (behaviour, 500, String::new());
        }
        let key = request.headers().get("x-api-key");
        if key.is_none_or(|key| key != "test-mmob-key") {
            return (behaviour, 401, r#"{"detail":"no"}"#.into());
        }
        let (status, body) = match (request.method(), path.as_str()) {
            (&Method::GET, "/orders/po_1") => (200, Value::Object(self.order.clone())),
            (&Method::POST, "/orders/po_1") => self.update(request),
            (&Method::GET, "/users") => (
                200,
                json!({"items": [user(request)], "total": 1, "page": 0, "size": 50}),
            ),
            (&Method::GET, path) if path.contains("/pricing/") => {
                let id = path.rsplit('/').next();
                (
                    200,
                    json!({"id": id, "name": "Monthly", "currency": "GBP", "amount": 3999}),
                )
            }
            (&Method::GET, path) => (200, product(path.rsplit('/').next().unwrap())),
            _ => (405, Value::Null),
        };
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        (behaviour, status, body)
    }

    /// A final status stays.
    fn update(&mut self, request: &Request<Bytes>) -> (u16, Value) {
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let now = self.order["status"].as_str().unwrap().to_owned();
        let status = body["status"].as_str().unwrap().to_owned();
        if ["Succesful", "Failed"].contains(&now.as_str()) && now != status {
            return (409, json!({"detail": "final"}));
        }
        self.updates.push((status.clone(), body["output"].clone()));
        self.order.insert("status".into(), status.into());
        self.order.insert("output".into(), body["output"].clone());
        (200, Value::Object(self.order.clone()))
    }

    fn answer_callback(&mut self, request: &Request<Bytes>, clock: Clock) -> (Behaviour, u16, String) {
        self.provider_requests.push(request.clone());
        let id = signature::verify(SECRET, request.headers(), request.body(), clock.now());
        let Ok(id) = id else {
            self.forged += 1;
            return (Behaviour::Well, 401, String::new());
        };
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let round = body["data"]["order"]["round"].as_u64().unwrap();
        *self.deliveries.entry(round).or_default() += 1;
        let behaviour = self.provider.next(&mut self.dice);
        if behaviour != Behaviour::Well {
            *self.failures.entry(round).or_default() += 1;
        }
        if let Behaviour::Loses(Failure::Answers(200..=499, _)) | Behaviour::Fails(Failure::Answers(200..=499, _)) =
            behaviour
        {
            self.harsh = true;
        }
        if matches!(behaviour, Behaviour::Well | Behaviour::Loses(_)) {
            self.effects.entry(round).or_default().insert(id);
        }
        let place = usize::try_from(round - 1).unwrap();
        let answer = self.answers.get(place).or(self.answers.last()).unwrap();
        (behaviour, 200, answer.to_string())
    }
}

fn user(request: &Request<Bytes>) -> Value {
    let query = request.uri().query().unwrap_or_default();
    let id = query.rsplit('=').next();
    json!({
        "id": id, "first_name": "Lisa", "surname": "Nichols", "dob": "1980-01-01", "postcode": "N1 1AA",
        "national_insurance_number": "canary-ni", "passport_number": "canary-passport",
    })
}

fn product(id: &str) -> Value {
    json!({"id": id, "name": "Broadband", "enabled": 1, "meta": {"speed": "fast"}, "product_type": "utilities_broadband"})
}

impl Transport for FakeMmob {
    fn send(&self, request: Request<Bytes>, _: usize) -> BoxFuture<'_, Result<(StatusCode, HeaderMap, Bytes)>> {
        Box::pin(async move {
            let to_mmob = request.uri().host() == Some("mmob.test");
            let (mmob, provider) = self.books().latency;
            let latency = if to_mmob { mmob } else { provider };
            tokio::time::sleep(latency / 2).await;
            let (behaviour, status, body) = match to_mmob {
                true => self.books().answer_hub(&request),
                false => self.books().answer_callback(&request, self.clock),
            };
            tokio::time::sleep(latency / 2).await;
            let answer = |status, wait: Option<&str>, body: String| {
                let wait = wait.map(|wait| (header::RETRY_AFTER, wait.parse().unwrap()));
                let status = StatusCode::from_u16(status).unwrap();
                Ok((status, wait.into_iter().collect(), body.into()))
            };
            match behaviour {
                Behaviour::Well => answer(status, None, body),
                Behaviour::Unreachable => Err(Error::new(Kind::PartnerUnreachable, "refused")),
                Behaviour::Loses(failure) | Behaviour::Fails(failure) => match failure {
                    Failure::Reset => Err(Error::new(Kind::PartnerReset, "reset")),
                    Failure::Answers(status, body) => answer(status, None, body.to_owned()),
                    Failure::Throttles(status, wait) => answer(status, Some(wait), String::new()),
                    Failure::Silent => {
                        tokio::time::sleep(Duration::from_secs(3600)).await;
                        Err(Error::new(Kind::Internal, "no client waits this long"))
                    }
                },
            }
        })
    }

    fn warm<'a>(&'a self, _: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}
