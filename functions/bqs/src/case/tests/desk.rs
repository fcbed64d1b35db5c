//! A dealer's desk: what it asks the five functions, and what is kept afterwards.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::HeaderName;
use runtime::Domain;
use runtime::ports::Ports;
use runtime::store::{self, Outcome, Store, Write};
use serde_json::Value;

use crate::Env;
use crate::case::row::{CaseRow, ChangeRow, LARGEST, Sequence};
use crate::case::write::Wake;
use crate::case::{consent, create, get, score, update};
use crate::channel::{ChannelRow, Role};
use crate::house::{Got, House};

pub const PRIVATE: &str = include_str!("../../../fixtures/case-private.json");
pub const COMPANY: &str = include_str!("../../../fixtures/case-company.json");
pub const UPDATE: &str = include_str!("../../../fixtures/case-update.json");
pub const SCORE: &str = include_str!("../../../fixtures/score.json");
pub const CONSENT: &str = include_str!("../../../fixtures/consent.json");
const EVENT: &str = include_str!("../../../../../events/bqs-case-create.json");

pub const BOTH: [Role; 2] = [Role::CaseWrite, Role::CaseRead];
/// Those of the samples.
pub const DEALERS: [i64; 2] = [808, 730];

pub const ROUTES: [Route; 5] = [Route::Create, Route::Update, Route::Get, Route::Score, Route::Consent];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    Create,
    Update,
    Get,
    Score,
    Consent,
}

impl Route {
    pub fn needs(self) -> Role {
        match self {
            Self::Get => Role::CaseRead,
            _ => Role::CaseWrite,
        }
    }

    pub fn body(self) -> &'static str {
        match self {
            Self::Create => COMPANY,
            Self::Update => UPDATE,
            Self::Get => "",
            Self::Score => SCORE,
            Self::Consent => CONSENT,
        }
    }
}

pub struct Desk {
    pub house: House,
    pub key: String,
}

impl Desk {
    /// A channel that may do everything that the samples ask for.
    pub async fn new() -> Self {
        let house = House::new();
        let key = house.channel("dealer", &BOTH, &DEALERS).await;
        Self { house, key }
    }

    /// The same, seen through these ports.
    pub fn on(&self, ports: Ports) -> Self {
        let House { world, env, clock } = &self.house;
        let house = House {
            world: world.clone(),
            env: Arc::new(Env::load(env.common.config.clone(), ports)),
            clock: *clock,
        };
        Self {
            house,
            key: self.key.clone(),
        }
    }

    /// With the company's case, whose number is 1.
    pub async fn with_case() -> Self {
        let desk = Self::new().await;
        assert_eq!(desk.create(COMPANY).await.status, 201);
        desk
    }

    pub async fn create(&self, body: &str) -> Got {
        self.ask(Route::Create, "", body).await
    }

    pub async fn update(&self, body: &str) -> Got {
        self.ask(Route::Update, "1", body).await
    }

    pub async fn get(&self) -> Got {
        self.ask(Route::Get, "1", "").await
    }

    pub async fn ask(&self, route: Route, sequence: &str, body: &str) -> Got {
        self.ask_with(route, sequence, body, &[("x-api-key", &self.key)]).await
    }

    /// With the headers of the sample event, but for the key, and these.
    pub async fn ask_with(&self, route: Route, sequence: &str, body: &str, headers: &[(&str, &str)]) -> Got {
        let mut event: ApiGatewayV2httpRequest = serde_json::from_str(EVENT).unwrap();
        event.body = Some(body.to_owned());
        event.route_key = Some(format!("{route:?}"));
        event.headers.remove("x-api-key");
        for (name, value) in headers {
            let name = HeaderName::try_from(*name).unwrap();
            event.headers.insert(name, value.parse().unwrap());
        }
        if route != Route::Create {
            event.path_parameters.insert("sequence".into(), sequence.into());
        }
        let house = &self.house;
        match route {
            Route::Create => {
                house
                    .answer(runtime::http(create::create).once().limit(LARGEST), event)
                    .await
            }
            Route::Update => house.answer(runtime::http(update::update).limit(LARGEST), event).await,
            Route::Get => house.answer(runtime::http(get::get), event).await,
            Route::Score => house.answer(runtime::http(score::score).once(), event).await,
            Route::Consent => house.answer(runtime::http(consent::consent).once(), event).await,
        }
    }

    /// Changes what the channel may do, as its management would.
    pub async fn permit(&self, change: impl FnOnce(&mut ChannelRow)) {
        let done = self.house.world.store.write(vec![self.permission(change).await]).await;
        assert_eq!(done.unwrap(), Outcome::Done);
    }

    pub async fn permission(&self, change: impl FnOnce(&mut ChannelRow)) -> Write {
        let mut row = ChannelRow::load(&self.house.env, "dealer").await.unwrap().unwrap();
        let before = row.revision;
        row.revision += 1;
        change(&mut row);
        row.replace(&self.house.env, before).unwrap()
    }

    pub async fn row(&self, sequence: u64) -> CaseRow {
        CaseRow::load(&self.house.env, Sequence(sequence))
            .await
            .unwrap()
            .unwrap()
    }

    /// Every case there is.
    pub fn cases(&self) -> Vec<CaseRow> {
        let rows = self.house.world.store.table("cases").into_iter();
        let cases = rows.filter(|row| row["sk"].as_s().unwrap() == "CASE" && row["pk"].as_s().unwrap() != "COUNTER");
        cases.map(|row| store::typed(row).unwrap()).collect()
    }

    /// The changes of a case, in order.
    pub async fn changes(&self, sequence: u64) -> Vec<ChangeRow> {
        let mut changes = Vec::new();
        for n in 1.. {
            match ChangeRow::load(&self.house.env, Sequence(sequence), n).await.unwrap() {
                Some(change) => changes.push(change),
                None => break,
            }
        }
        let last = changes.last().map_or(0, |change: &ChangeRow| change.n);
        assert_eq!(last, self.row(sequence).await.changes);
        changes
    }

    /// The cases that the forwarder has been told of since it was last asked.
    pub fn woken(&self) -> Vec<u64> {
        let sent = self.house.world.outbox.take().into_iter();
        sent.map(|sent| {
            assert_eq!((sent.url.as_str(), sent.delay), ("forward", Duration::from_secs(5)));
            serde_json::from_str::<Wake>(&sent.body).unwrap().sequence.0
        })
        .collect()
    }

    /// Everything that is kept, to see that nothing was changed.
    pub fn everything(&self) -> String {
        format!("{:?}", self.house.world.store.table("cases"))
    }
}

pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}
