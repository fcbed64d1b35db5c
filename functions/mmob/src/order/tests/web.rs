//! MMOB and a provider, who keep books of what they were told, and misbehave by chance or as they are told to.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request, StatusCode, header};
use model::{Error, Kind, Result};
use runtime::clock::Clock;
use runtime::signature;
use runtime::testing::Dice;
use runtime::transport::Transport;
use serde_json::{Map, Value, json};

pub const SECRET: &str = "whsec_bW1vYi1jYWxsYmFjay1zZWNyZXQtb2YtdGVzdHM=";
pub const PROVIDER: &str = "https://provider.example.com/orders";

/// What goes wrong with one request.
#[derive(Clone, Debug, PartialEq)]
pub enum Does {
    Well,
    /// It is done, and no usable answer comes.
    Loses(How),
    /// Nothing is done.
    Fails(How),
    Unreachable,
}

#[derive(Clone, Debug, PartialEq)]
pub enum How {
    Reset,
    Silent,
    Says(u16, &'static str),
    Waits(u16, &'static str),
}

/// How often something goes wrong, in percent, and what.
#[derive(Default)]
pub struct Mood {
    script: VecDeque<Does>,
    percent: usize,
    harsh: bool,
}

impl Mood {
    fn next(&mut self, dice: &mut Dice) -> Does {
        use How::{Reset, Says, Silent};
        if let Some(next) = self.script.pop_front() {
            return next;
        }
        if self.percent == 0 || dice.roll(100) >= self.percent {
            return Does::Well;
        }
        let unwell = [Reset, Silent, Says(500, ""), Says(502, "<html>"), Says(503, "")];
        let how = unwell[dice.roll(unwell.len())].clone();
        match dice.roll(if self.harsh { 8 } else { 6 }) {
            0 | 1 => Does::Loses(how),
            2..=4 => Does::Fails(how),
            5 => Does::Unreachable,
            6 => Does::Fails(Says(410, "")),
            _ => Does::Loses(Says(200, "<html>")),
        }
    }
}

pub struct Books {
    dice: Dice,
    /// MMOB's order, as it shows it.
    pub order: Map<String, Value>,
    /// Every update that MMOB took.
    pub told: Vec<(String, Value)>,
    /// What MMOB was asked, by method and path.
    pub asked: Vec<(Method, String)>,
    pub market: Mood,
    pub provider: Mood,
    /// What the provider answers in each round, and afterwards.
    pub answers: Vec<Value>,
    /// By round: under which ids it was asked, and how often.
    pub effects: BTreeMap<u64, BTreeSet<String>>,
    pub deliveries: BTreeMap<u64, u32>,
    /// By round: deliveries that it did not answer well.
    pub unwell: BTreeMap<u64, u32>,
    /// It refused, or said something that cannot be used.
    pub harsh: bool,
    pub requests: Vec<Request<Bytes>>,
    pub forged: u32,
    /// How long MMOB and the provider take to answer.
    pub latency: (Duration, Duration),
}

pub struct Web {
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

impl Web {
    pub fn new(clock: Clock, seed: u64) -> Self {
        let books = Books {
            dice: Dice(seed),
            order: order(),
            told: Vec::new(),
            asked: Vec::new(),
            market: Mood::default(),
            provider: Mood::default(),
            answers: vec![json!({"status": "Successful", "output": {"reference": "R1"}})],
            effects: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            unwell: BTreeMap::new(),
            harsh: false,
            requests: Vec::new(),
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

    /// What MMOB does with its next requests; later ones go well.
    pub fn market(&self, script: impl IntoIterator<Item = Does>) {
        self.books().market.script = script.into_iter().collect();
    }

    pub fn provider(&self, script: impl IntoIterator<Item = Does>) {
        self.books().provider.script = script.into_iter().collect();
    }

    pub fn turbulent(&self, market: usize, provider: usize, harsh: bool) {
        let mut books = self.books();
        books.market.percent = market;
        books.provider.percent = provider;
        books.provider.harsh = harsh;
    }

    pub fn status(&self) -> String {
        self.books().order["status"].as_str().unwrap().to_owned()
    }
}

impl Books {
    fn asked(&mut self, request: &Request<Bytes>) -> (Does, u16, String) {
        let path = request.uri().path().to_owned();
        self.asked.push((request.method().clone(), path.clone()));
        let does = self.market.next(&mut self.dice);
        if matches!(does, Does::Fails(_) | Does::Unreachable) {
            return (does, 500, String::new());
        }
        let key = request.headers().get("x-api-key");
        if key.is_none_or(|key| key != "test-mmob-key") {
            return (does, 401, r#"{"detail":"no"}"#.into());
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
        (
            does,
            status,
            if body.is_null() {
                String::new()
            } else {
                body.to_string()
            },
        )
    }

    /// What is final stays.
    fn update(&mut self, request: &Request<Bytes>) -> (u16, Value) {
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let now = self.order["status"].as_str().unwrap().to_owned();
        let status = body["status"].as_str().unwrap().to_owned();
        if ["Succesful", "Failed"].contains(&now.as_str()) && now != status {
            return (409, json!({"detail": "final"}));
        }
        self.told.push((status.clone(), body["output"].clone()));
        self.order.insert("status".into(), status.into());
        self.order.insert("output".into(), body["output"].clone());
        (200, Value::Object(self.order.clone()))
    }

    fn called(&mut self, request: &Request<Bytes>, clock: Clock) -> (Does, u16, String) {
        self.requests.push(request.clone());
        let id = signature::verify(SECRET, request.headers(), request.body(), clock.now());
        let Ok(id) = id else {
            self.forged += 1;
            return (Does::Well, 401, String::new());
        };
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let round = body["data"]["order"]["round"].as_u64().unwrap();
        *self.deliveries.entry(round).or_default() += 1;
        let does = self.provider.next(&mut self.dice);
        if does != Does::Well {
            *self.unwell.entry(round).or_default() += 1;
        }
        if let Does::Loses(How::Says(200..=499, _)) | Does::Fails(How::Says(200..=499, _)) = does {
            self.harsh = true;
        }
        if matches!(does, Does::Well | Does::Loses(_)) {
            self.effects.entry(round).or_default().insert(id);
        }
        let place = usize::try_from(round - 1).unwrap();
        let answer = self.answers.get(place).or(self.answers.last()).unwrap();
        (does, 200, answer.to_string())
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

impl Transport for Web {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<(StatusCode, HeaderMap, Bytes)>> {
        Box::pin(async move {
            let market = request.uri().host() == Some("mmob.test");
            let (its, providers) = self.books().latency;
            tokio::time::sleep(if market { its } else { providers } / 2).await;
            let (does, status, body) = match market {
                true => self.books().asked(&request),
                false => self.books().called(&request, self.clock),
            };
            tokio::time::sleep(if market { its } else { providers } / 2).await;
            let answer = |status, wait: Option<&str>, body: String| {
                let wait = wait.map(|wait| (header::RETRY_AFTER, wait.parse().unwrap()));
                let status = StatusCode::from_u16(status).unwrap();
                Ok((status, wait.into_iter().collect(), body.into()))
            };
            match does {
                Does::Well => answer(status, None, body),
                Does::Unreachable => Err(Error::new(Kind::PartnerUnreachable, "refused")),
                Does::Loses(how) | Does::Fails(how) => match how {
                    How::Reset => Err(Error::new(Kind::PartnerTimeout, "reset")),
                    How::Says(status, body) => answer(status, None, body.to_owned()),
                    How::Waits(status, wait) => answer(status, Some(wait), String::new()),
                    How::Silent => {
                        tokio::time::sleep(Duration::from_secs(3600)).await;
                        Err(Error::new(Kind::Internal, "nobody waits so long"))
                    }
                },
            }
        })
    }

    fn warm<'a>(&'a self, _: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}
