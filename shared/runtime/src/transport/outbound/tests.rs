//! Two accounts at one partner on one instance, under load: what is kept for one is never used for the other.

use std::collections::BTreeSet;
use std::sync::Mutex;

use bytes::Bytes;
use call::Auth;
use futures_util::future::{BoxFuture, join_all};
use http::{HeaderMap, Request, StatusCode};
use model::id::CorrelationId;
use serde_json::json;

use super::*;
use crate::port::transport::MAX_ANSWER_BYTES;
use crate::testing::{Dice, Fakes};
use crate::transport::AccountId;

const ACCOUNTS: [&str; 2] = ["north", "south"];

/// Answers after a random time. Refuses a credential now and then, as if it had just been replaced, and asks the first
/// account to wait.
struct Partner {
    dice: Mutex<Dice>,
    fakes: Fakes,
    /// Path and key of each request.
    seen: Mutex<Vec<(String, String)>>,
    version: Mutex<u32>,
}

impl Partner {
    fn roll(&self, sides: usize) -> usize {
        self.dice.lock().unwrap().roll(sides)
    }

    /// Gives both accounts new keys.
    fn replace_keys(&self) {
        let mut version = self.version.lock().unwrap();
        *version += 1;
        for account in ACCOUNTS {
            let key = json!({"KEY": format!("{account}-{version}")});
            self.fakes.secrets.set(&format!("secret-of-{account}"), &key);
        }
    }
}

impl Transport for Partner {
    fn send(&self, request: Request<Bytes>, _: usize) -> BoxFuture<'_, Result<(StatusCode, HeaderMap, Bytes)>> {
        Box::pin(async move {
            let path = request.uri().path().to_owned();
            let key = request.headers()["x-api-key"].to_str().unwrap().to_owned();
            self.seen.lock().unwrap().push((path.clone(), key));
            tokio::time::sleep(Duration::from_millis(u64::try_from(self.roll(40)).unwrap())).await;
            let mut headers = HeaderMap::new();
            let status = match self.roll(20) {
                0 => {
                    self.replace_keys();
                    StatusCode::UNAUTHORIZED
                }
                1 if path == "/north" => {
                    headers.insert("retry-after", HeaderValue::from_static("1"));
                    StatusCode::TOO_MANY_REQUESTS
                }
                2 => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::OK,
            };
            Ok((status, headers, Bytes::from_static(b"{}")))
        })
    }

    fn warm<'a>(&'a self, _: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}

fn target(account: &str) -> Target {
    let auth = Auth::ApiKey {
        header: "x-api-key",
        secret: "KEY",
    };
    let secret = format!("secret-of-{account}");
    Target {
        account: Some(AccountId::new(account).unwrap()),
        ..Target::new("LEX", "LIVE", "https://partner.test", secret, auth)
    }
}

fn call(path: &str) -> Call {
    Call {
        request: Request::get(path).body(Bytes::new()).unwrap(),
        operation: "thing",
        repeatable: true,
        subject: None,
    }
}

fn config() -> Config {
    [("API_RATE_LIMIT", "1000")].into_iter().collect()
}

async fn ask(outbound: &Outbound, target: &Target, path: &str, clock: Clock) -> Result<()> {
    let context = CallContext {
        correlation: CorrelationId::new(clock.now()),
        clock,
        deadline: Instant::now() + Duration::from_secs(60),
        background: false,
        failed_before: 0,
    };
    let policy = Policy::load(&config(), "LEX")?;
    let read = |answer: &Answer| answer.accepted().map(drop);
    outbound.exchange(target, &policy, context, &call(path), read).await
}

fn fixture(seed: u64) -> (Fakes, Arc<Partner>, Outbound, Clock) {
    let fakes = Fakes::default();
    let partner = Arc::new(Partner {
        dice: Mutex::new(Dice(seed)),
        fakes: fakes.clone(),
        seen: Mutex::default(),
        version: Mutex::default(),
    });
    partner.replace_keys();
    let ports = Ports {
        transport: partner.clone(),
        ..fakes.ports()
    };
    let outbound = Outbound::new(&ports, &config(), Some("rows"));
    (fakes, partner, outbound, Clock::starting(Timestamp::UNIX_EPOCH))
}

#[tokio::test(start_paused = true)]
async fn no_account_ever_sends_the_credential_of_another() {
    for seed in 0..20 {
        let (_, partner, outbound, clock) = fixture(seed);
        let calls = (0..200).map(|n| {
            let account = ACCOUNTS[n % 2];
            let (target, outbound) = (target(account), &outbound);
            async move {
                tokio::time::sleep(Duration::from_millis(u64::try_from(n).unwrap() * 7)).await;
                ask(outbound, &target, &format!("/{account}"), clock).await
            }
        });
        let results = join_all(calls).await;
        let done = results.iter().filter(|result| result.is_ok()).count();
        assert!(done > 150, "seed {seed}: {done} of 200 calls succeeded");
        let seen = partner.seen.lock().unwrap();
        let versions: BTreeSet<&str> = seen.iter().map(|(_, key)| key.as_str()).collect();
        assert!(versions.len() > 4, "seed {seed}: keys were replaced: {versions:?}");
        for (path, key) in seen.iter() {
            assert!(key.starts_with(&path[1..]), "seed {seed}: {path} with the key {key}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_gate_and_the_limit_are_an_accounts_own() {
    let (fakes, _, outbound, clock) = fixture(0);
    let [north, south] = ACCOUNTS.map(target);
    let installation = Target {
        account: None,
        ..north.clone()
    };
    outbound.gate.shut(&north, clock.now(), Duration::from_secs(60)).await;
    assert!(outbound.gate.shut_for(&north, clock.now()).is_some());
    for other in [&south, &installation] {
        outbound.gate.refresh(other, clock.now()).await;
        assert!(outbound.gate.shut_for(other, clock.now()).is_none());
    }
    let one = std::num::NonZeroU32::MIN;
    for target in [&north, &south, &installation] {
        assert_eq!(outbound.limit.take(target, one, clock.now()).await.unwrap(), None);
    }
    assert!(outbound.limit.take(&north, one, clock.now()).await.unwrap().is_some());
    assert_eq!(fakes.store.table("rows").len(), 4, "a gate and three counts");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_ends_after_its_targets_timeout() {
    let fakes = Fakes::default();
    fakes.secrets.set("secret-of-north", &json!({"KEY": "north-1"}));
    let slow = crate::testing::Script::Late(
        Duration::from_secs(20),
        Box::new(crate::testing::Script::answer(200, "{}")),
    );
    fakes.transport.script([], slow);
    let outbound = Outbound::new(&fakes.ports(), &config(), Some("rows"));
    let clock = Clock::starting(Timestamp::UNIX_EPOCH);
    let quick = Target {
        timeout: Duration::from_secs(2),
        ..target("north")
    };
    let started = Instant::now();
    let error = ask(&outbound, &quick, "/north", clock).await.unwrap_err();
    assert_eq!(error.kind, Kind::PartnerTimeout);
    // Four attempts of 2 s and delays of 1, 2 and 4 s.
    assert_eq!(started.elapsed().as_secs(), 15);
    let patient = Target {
        timeout: Duration::from_secs(25),
        ..target("north")
    };
    let started = Instant::now();
    ask(&outbound, &patient, "/north", clock).await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 20);
}

#[test]
fn an_account_is_a_part_of_a_key() {
    assert_eq!(target("north").id(), "LEX#LIVE#north");
    for text in ["", "a#b", "a b", "\u{e4}", &"x".repeat(65)] {
        assert!(AccountId::new(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_target_has_the_usual_limits_unless_it_says_otherwise() {
    let target = target("north");
    assert_eq!(
        (target.timeout.as_secs(), target.max_answer_bytes),
        (8, MAX_ANSWER_BYTES)
    );
}
