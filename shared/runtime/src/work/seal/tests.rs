use serde_json::json;

use super::*;
use crate::testing::Fakes;

const VALUE: &str = "whsec_canary";
const OLD: &str = "test-only-sealing-key-one-of-two-in-all";
const NEW: &str = "test-only-sealing-key-two-of-two-in-all";

fn now() -> Timestamp {
    "2026-01-05T10:20:00Z".parse().unwrap()
}

fn keys(fakes: &Fakes) -> SealingKeys {
    SealingKeys::load(&fakes.ports(), &[(SETTING, "sealing")].into_iter().collect())
}

fn row(pk: &str, sk: Option<&str>) -> Key {
    Key::new("t", pk, sk)
}

fn at(row: &Key) -> SealedPlace<'_> {
    SealedPlace {
        row,
        member: "thing.secret",
    }
}

#[tokio::test]
async fn a_value_opens_at_its_place_and_nowhere_else() {
    let fakes = Fakes::default();
    fakes.secrets.set("sealing", &json!({"0": OLD}));
    let (keys, own) = (keys(&fakes), row("a", Some("b")));
    let sealed = keys.seal(at(&own), VALUE, now()).await.unwrap();
    assert!(!sealed.0.contains("canary"));
    assert_eq!(keys.open(at(&own), &sealed, now()).await.unwrap(), VALUE);
    let again = keys.seal(at(&own), VALUE, now()).await.unwrap();
    assert_ne!(sealed, again, "each value has a nonce of its own");
    let restored = Key::new("t-restored", "a", Some("b"));
    assert_eq!(keys.open(at(&restored), &sealed, now()).await.unwrap(), VALUE);
    let others = [
        row("a", Some("c")),
        row("b", Some("b")),
        row("a", None),
        row("ab", None),
    ];
    for other in &others {
        let moved = keys.open(at(other), &sealed, now()).await.unwrap_err();
        assert_eq!(moved.kind, Kind::Internal, "{other:?}");
        assert!(!moved.message.contains("canary"));
    }
    let member = SealedPlace {
        member: "other.secret",
        ..at(&own)
    };
    assert!(keys.open(member, &sealed, now()).await.is_err());
}

#[tokio::test]
async fn a_changed_value_does_not_open() {
    let fakes = Fakes::default();
    fakes.secrets.set("sealing", &json!({"0": OLD, "00": OLD}));
    let (keys, own) = (keys(&fakes), row("a", None));
    let sealed = keys.seal(at(&own), VALUE, now()).await.unwrap();
    let (head, text) = sealed.0.rsplit_once('.').unwrap();
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let changed = Sealed(format!("{head}.{}", BASE64_URL_SAFE_NO_PAD.encode(changed)));
        assert!(keys.open(at(&own), &changed, now()).await.is_err(), "{bit}");
    }
    let other_key = sealed.0.replacen("1.00.", "1.0.", 1);
    assert_ne!(other_key, sealed.0);
    for changed in [other_key.as_str(), "", VALUE, "1.00.", "1.00", "1.00.AAAA", "2.00.AAAA"] {
        let changed = Sealed(changed.to_owned());
        assert!(keys.open(at(&own), &changed, now()).await.is_err(), "{changed:?}");
    }
}

#[tokio::test]
async fn the_last_key_seals_and_every_key_opens() {
    let fakes = Fakes::default();
    fakes.secrets.set("sealing", &json!({"0": OLD}));
    let (old, own) = (keys(&fakes), row("a", None));
    let before = old.seal(at(&own), VALUE, now()).await.unwrap();
    assert!(before.0.starts_with("1.0."));
    fakes.secrets.set("sealing", &json!({"0": OLD, "2026-01-05": NEW}));
    let new = keys(&fakes);
    let after = new.seal(at(&own), VALUE, now()).await.unwrap();
    assert!(after.0.starts_with("1.2026-01-05."));
    for sealed in [&before, &after] {
        assert_eq!(new.open(at(&own), sealed, now()).await.unwrap(), VALUE);
        // It has read the keys before there was a second one.
        assert_eq!(old.open(at(&own), sealed, now()).await.unwrap(), VALUE);
    }
    fakes.secrets.set("sealing", &json!({"2026-01-05": NEW}));
    let later = keys(&fakes);
    assert_eq!(later.open(at(&own), &after, now()).await.unwrap(), VALUE);
    let removed = later.open(at(&own), &before, now()).await.unwrap_err();
    assert_eq!(removed.kind, Kind::Misconfigured);
}

#[tokio::test]
async fn keys_are_read_one_time_and_their_absence_is_named() {
    let fakes = Fakes::default();
    fakes.secrets.set("sealing", &json!({"0": OLD}));
    let (first, own) = (keys(&fakes), row("a", None));
    first.warm().await;
    let sealed = first.seal(at(&own), VALUE, now()).await.unwrap();
    first.open(at(&own), &sealed, now()).await.unwrap();
    assert_eq!(*fakes.secrets.reads.lock().unwrap(), 1);
    let unset = SealingKeys::load(&fakes.ports(), &Config::default());
    unset.warm().await;
    let refused = unset.open(at(&own), &sealed, now()).await.unwrap_err();
    assert!(refused.message.contains(SETTING), "{}", refused.message);
    for unusable in [json!({}), json!({"0": "short"}), json!({"0": ""}), json!({"a.b": OLD})] {
        fakes.secrets.set("sealing", &unusable);
        let refused = keys(&fakes).check(now()).await.unwrap_err();
        assert_eq!(refused.kind, Kind::Misconfigured, "{unusable}");
    }
}
