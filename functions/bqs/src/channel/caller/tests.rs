//! Which keys identify a channel.

use super::*;
use crate::testing::{channel, harness};

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(*name, value.parse().unwrap());
    }
    map
}

#[tokio::test]
async fn only_a_channels_own_key_identifies_it() {
    let hub = harness();
    let key = channel(&hub, "dealer", &[Role::CaseRead], &[808]).await;
    let other = channel(&hub, "other", &[Role::Admin], &[]).await;
    let sent = |pairs: Vec<(&'static str, String)>| {
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        headers(&pairs)
    };
    let good = [
        sent(vec![(API_KEY, key.clone())]),
        sent(vec![(API_KEY, key.clone()), (CHANNEL_ID, "dealer".into())]),
    ];
    for headers in good {
        let caller = identify(&hub.env(), &headers).await.unwrap();
        assert_eq!(caller.channel, "dealer");
        assert!(caller.holds(Role::CaseRead) && !caller.holds(Role::Admin) && caller.handles(808));
    }
    let secret = other.rsplit_once('.').unwrap().1;
    let refused = [
        sent(vec![]),
        sent(vec![(API_KEY, String::new())]),
        sent(vec![(API_KEY, "dealer".into())]),
        sent(vec![(API_KEY, format!("dealer.{secret}"))]),
        sent(vec![(API_KEY, format!("absent.{secret}"))]),
        sent(vec![(API_KEY, format!("{key}x"))]),
        sent(vec![(API_KEY, key.to_uppercase())]),
        sent(vec![(API_KEY, key.clone()), (API_KEY, key.clone())]),
        sent(vec![(API_KEY, key.clone()), (CHANNEL_ID, "other".into())]),
        sent(vec![(API_KEY, key.clone()), (CHANNEL_ID, "Dealer".into())]),
        sent(vec![(CHANNEL_ID, "dealer".into())]),
    ];
    for headers in refused {
        let error = identify(&hub.env(), &headers).await.unwrap_err();
        assert_eq!(error.kind, Kind::Unauthenticated, "{headers:?}");
        assert_eq!(error.message, "A valid api key is needed.");
    }
}

#[tokio::test]
async fn a_store_that_is_down_admits_no_caller() {
    let hub = harness();
    let key = channel(&hub, "dealer", &[Role::CaseRead], &[808]).await;
    hub.fakes.store.set_down(true);
    let error = identify(&hub.env(), &headers(&[(API_KEY, &key)])).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable);
}
