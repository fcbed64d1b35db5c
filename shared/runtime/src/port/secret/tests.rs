//! When a secret is read again. What partners and callers notice of it is in the tests of the domains.

use serde_json::json;

use super::*;
use crate::testing::Fakes;

const IDS: [&str; 2] = ["one", "two"];

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_767_608_400 + second).unwrap()
}

struct Fixture {
    fakes: Fakes,
    secrets: Secrets,
}

impl Fixture {
    /// Both secrets, still empty.
    fn new() -> Self {
        let fakes = Fakes::default();
        let fixture = Self {
            secrets: Secrets::new(fakes.ports().vault),
            fakes,
        };
        fixture.fill(json!({}));
        fixture
    }

    /// Puts these members in place of those of both secrets.
    fn fill(&self, members: serde_json::Value) {
        IDS.iter().for_each(|id| self.fakes.secrets.set(id, &members));
    }

    fn reads(&self) -> u32 {
        std::mem::take(&mut *self.fakes.secrets.reads.lock().unwrap())
    }

    /// Whether the second secret has this key, for a caller that has to prove it.
    async fn admits(&self, key: &str, second: i64) -> bool {
        let check = |all: &[Option<SecretMembers>]| match all[1].as_ref().unwrap().need("KEY")? == key {
            true => Ok(()),
            false => Err(Error::not_found()),
        };
        self.secrets.verify(&IDS, at(second), check).await.is_ok()
    }

    /// The key of the first secret, for a call to a partner.
    async fn key(&self, second: i64) -> Result<String> {
        let read = |members: &SecretMembers| members.need("KEY").map(str::to_owned);
        self.secrets.credential(IDS[0], at(second), read).await
    }
}

#[tokio::test]
async fn a_removed_key_is_accepted_for_a_minute_at_most() {
    let fixture = Fixture::new();
    fixture.fill(json!({"KEY": "old"}));
    assert!(fixture.admits("old", 0).await);
    fixture.fill(json!({"KEY": "new"}));
    assert!(fixture.admits("old", 59).await);
    assert_eq!(fixture.reads(), 2, "each was read once");
    assert!(!fixture.admits("old", 60).await);
    assert!(fixture.admits("new", 61).await);
    fixture.fill(json!({"KEY": "newer"}));
    assert!(!fixture.admits("new", -3600).await, "a clock that was put back");
}

#[tokio::test]
async fn a_new_key_is_accepted_at_once_and_wrong_ones_cause_few_reads() {
    let fixture = Fixture::new();
    fixture.fill(json!({"KEY": "old"}));
    assert!(fixture.admits("old", 0).await);
    fixture.fill(json!({"KEY": "new"}));
    assert!(fixture.admits("new", 1).await);
    assert_eq!(fixture.reads(), 4);
    for second in 1..31 {
        assert!(!fixture.admits("wrong", second).await);
    }
    assert_eq!(fixture.reads(), 0);
    fixture.fill(json!({"KEY": "newer"}));
    assert!(!fixture.admits("newer", 30).await);
    assert!(fixture.admits("newer", 31).await);
    assert_eq!(fixture.reads(), 2);
}

#[tokio::test]
async fn a_key_that_was_missing_is_found_once_it_is_there() {
    let fixture = Fixture::new();
    assert!(!fixture.admits("new", 0).await);
    fixture.fill(json!({"OTHER": "x"}));
    assert!(!fixture.admits("new", 30).await);
    fixture.fill(json!({"OTHER": "x", "KEY": "new"}));
    assert!(!fixture.admits("new", 59).await);
    assert!(fixture.admits("new", 60).await);
}

#[tokio::test]
async fn a_credential_is_read_again_only_while_it_is_incomplete() {
    let fixture = Fixture::new();
    assert!(fixture.key(0).await.is_err());
    assert_eq!(fixture.reads(), 1, "what was just read is not read again");
    assert!(fixture.key(1).await.is_err());
    assert_eq!(fixture.reads(), 1);
    fixture.fill(json!({"KEY": "new"}));
    assert!(fixture.key(30).await.is_err());
    assert_eq!(fixture.key(31).await.unwrap(), "new");
    assert_eq!(fixture.key(1_000_000).await.unwrap(), "new");
    assert_eq!(fixture.reads(), 1, "it may have any age: a partner refuses an old one");
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_is_the_failure_unless_another_passes() {
    let fixture = Fixture::new();
    fixture.fill(json!({"KEY": "new"}));
    fixture.fakes.secrets.remove(IDS[0]);
    assert!(fixture.admits("new", 0).await);
    fixture.reads();
    for second in 1..10 {
        let any = |all: &[Option<SecretMembers>]| match all.iter().flatten().any(|one| one.get("KEY") == Some("wrong"))
        {
            true => Ok(()),
            false => Err(Error::not_found()),
        };
        let failure = fixture.secrets.verify(&IDS, at(second), any).await.unwrap_err();
        assert_eq!(failure.kind, Kind::Misconfigured, "the caller may be good");
    }
    // The second secret is read once more, and then the first one for the second time in that request.
    assert_eq!(fixture.reads(), 9 + 2);
}
