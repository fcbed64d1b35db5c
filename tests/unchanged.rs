//! Asserts that requests have no effect.
//!
//! A search for the values of a request would not find all that it leaves. The key of a claim is a hash, and a message in a
//! queue has only the id of a row. So the whole state is compared, while only the test's requests can change it.

use std::time::Duration;

use uuid::Uuid;

use crate::leaks::Text;
use crate::stack::Stack;
use crate::state::State;

/// Only requests write to this table, so every change of it is of the test's own requests.
const CLAIMS: &str = "idempotency";
/// Work that began before the stack was paused may disturb an attempt.
const MAX_ATTEMPTS: usize = 3;
const SETTLE_INTERVAL: Duration = Duration::from_millis(250);

impl Stack {
    /// Asserts that `send` changes nothing. No other test may run: see [`Stack::whole`].
    ///
    /// `send` gets a UUID, another one in each attempt, for the caller's name, the idempotency key and the correlation id. `own`
    /// are ids and names that the test has made.
    pub async fn assert_unchanged(&self, own: &[&str], send: impl AsyncFn(&str)) {
        let compared = async {
            let result = unchanged(own, async || self.settled().await, send).await;
            assert!(result.is_ok(), "{}", result.unwrap_err());
        };
        self.paused(compared).await;
    }

    /// The state, once two reads of it are equal. Most functions that ran at the pause have ended by then.
    async fn settled(&self) -> State {
        let mut before = self.state().await;
        for _ in 0..120 {
            tokio::time::sleep(SETTLE_INTERVAL).await;
            let state = self.state().await;
            if state == before {
                return state;
            }
            before = state;
        }
        panic!("the paused stack does not settle")
    }
}

/// Sends until an attempt has changed nothing.
///
/// A change of a claim, or of a text with one of the caller's values, is the request's own: it fails at once. Any other
/// change may be of a function that ran at the pause, so it fails if every attempt has one. The caller and its keys are new in
/// each attempt, so each is a first attempt.
async fn unchanged(own: &[&str], state: impl AsyncFn() -> State, send: impl AsyncFn(&str)) -> Result<(), String> {
    let mut failure = String::new();
    for attempt in 1..=MAX_ATTEMPTS {
        let id = Uuid::new_v4().to_string();
        let before = state().await;
        send(&id).await;
        let after = state().await;
        let changed: Vec<&Text> = before.symmetric_difference(&after).collect();
        if changed.is_empty() {
            return Ok(());
        }
        failure = format!("attempt {attempt} changed {changed:#?}");
        let is_own = |text: &Text| {
            let has = |value: &str| text.text.contains(value);
            text.place == CLAIMS || has(&id) || own.iter().any(|value| has(value))
        };
        if changed.iter().any(|text| is_own(text)) {
            break;
        }
    }
    Err(failure)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use jiff::Timestamp;
    use runtime::port::store::{Memory, Store, typed};
    use runtime::work::idempotency;
    use serde_json::{Value, json};

    use super::*;

    const ORDER: &str = "po_own";

    fn text(place: &str, text: impl Into<String>) -> Text {
        let text = text.into();
        let place = place.to_owned();
        Text { place, text }
    }

    /// The result, and the ids of the attempts, if `effect` is what the numbered attempt does to the state.
    async fn check(effect: impl AsyncFn(&mut State, usize, &str)) -> (Result<(), String>, Vec<String>) {
        let state = RefCell::new(State::from([
            text("mmob", json!({"id": ORDER, "status": "OPEN"}).to_string()),
            text("mmob", json!({"id": "po_other", "status": "OPEN"}).to_string()),
        ]));
        let ids = RefCell::new(Vec::new());
        let send = async |id: &str| {
            ids.borrow_mut().push(id.to_owned());
            let attempt = ids.borrow().len();
            let mut changed = state.borrow().clone();
            effect(&mut changed, attempt, id).await;
            state.replace(changed);
        };
        let result = unchanged(&[ORDER], async || state.borrow().clone(), send).await;
        (result, ids.into_inner())
    }

    /// The record that a request with this key leaves if it is refused after its claim.
    async fn claim(key: &str) -> Text {
        let store = Memory::default();
        let key = idempotency::locate(CLAIMS, "POST /api/mmob/products", "a caller", key);
        let (now, remaining) = (Timestamp::UNIX_EPOCH, Duration::from_secs(9));
        let request = idempotency::Fingerprint::of("", b"{}");
        let claimed = idempotency::claim(&store, key.clone(), request, now, remaining).await;
        assert!(claimed.is_ok());
        let record = store.get(&key, true).await.unwrap().unwrap();
        text(CLAIMS, typed::<Value>(record).unwrap().to_string())
    }

    #[tokio::test]
    async fn an_effect_of_the_first_attempt_only_is_found() {
        let row = async |state: &mut State, attempt: usize, id: &str| {
            if attempt == 1 {
                state.insert(text("funders", json!({"correlationId": id}).to_string()));
            }
        };
        let claimed = async |state: &mut State, attempt: usize, id: &str| {
            if attempt == 1 {
                let claim = claim(id).await;
                assert!(!claim.text.contains(id), "the record names its key: {}", claim.text);
                state.insert(claim);
            }
        };
        let decided = async |state: &mut State, attempt: usize, _: &str| {
            if attempt == 1 {
                state.retain(|text| !text.text.contains(ORDER));
                state.insert(text("mmob", json!({"id": ORDER, "status": "DONE"}).to_string()));
            }
        };
        let deleted = async |state: &mut State, _: usize, _: &str| state.retain(|text| !text.text.contains(ORDER));
        for (result, ids) in [
            check(row).await,
            check(claimed).await,
            check(decided).await,
            check(deleted).await,
        ] {
            assert!(result.is_err());
            assert_eq!(ids.len(), 1);
        }
    }

    #[tokio::test]
    async fn an_effect_without_the_callers_values_is_found() {
        let sent = async |state: &mut State, _: usize, _: &str| {
            state.insert(text("a queue", json!({"id": Uuid::new_v4()}).to_string()));
        };
        let (result, ids) = check(sent).await;
        assert!(result.is_err());
        assert_eq!(ids.len(), MAX_ATTEMPTS);
    }

    #[tokio::test]
    async fn the_work_of_others_does_not_fail_the_test() {
        let disturbed = async |state: &mut State, attempt: usize, _: &str| {
            if attempt == 1 {
                state.retain(|text| !text.text.contains("po_other"));
                state.insert(text("mmob", json!({"id": "po_other", "status": "DONE"}).to_string()));
                state.insert(text("a queue", json!({"id": "po_other"}).to_string()));
            }
        };
        let (result, ids) = check(disturbed).await;
        assert_eq!(result, Ok(()));
        assert_eq!(ids.len(), 2);
        assert_ne!(ids[0], ids[1], "each attempt has another id");
        let (result, ids) = check(async |_: &mut State, _: usize, _: &str| {}).await;
        assert_eq!((result, ids.len()), (Ok(()), 1));
    }
}
