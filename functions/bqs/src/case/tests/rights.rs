//! The callers of every case route, and which cases they reach.

use http::HeaderName;
use runtime::testing::Harness;

use super::fixtures::{BOTH, DEALERS, ROUTES, Route, changes, dealer_with_case, stored};
use crate::Env;
use crate::channel::{ApiKey, Role};
use crate::testing::{channel, permit};

/// The status of each route for this caller.
async fn statuses(caller: &Harness<Env>) -> Vec<i64> {
    let mut all = Vec::new();
    for route in ROUTES {
        let got = route.request(caller, "1", route.sample()).await;
        all.push(got.status);
    }
    all
}

#[tokio::test(start_paused = true)]
async fn every_caller_reaches_only_its_own_cases() {
    let dealer = dealer_with_case().await;
    let fine = [201, 200, 200, 202, 202];
    let same = channel(&dealer, "same-dealer", &Role::ALL, &DEALERS).await;
    let other = channel(&dealer, "other-dealer", &Role::ALL, &[1]).await;
    assert_eq!(statuses(&dealer.as_channel(&same)).await, [201, 403, 403, 403, 403]);
    assert_eq!(statuses(&dealer.as_channel(&other)).await, [403, 404, 404, 404, 404]);
    assert_eq!(statuses(&dealer.anonymous()).await, [401; 5]);
    for role in Role::ALL {
        let name = format!("only-{}", role.name());
        let key = channel(&dealer, &name, &[role], &DEALERS).await;
        let mut wanted = [403; 5];
        if role == Role::CaseWrite {
            wanted[0] = 201;
        }
        assert_eq!(statuses(&dealer.as_channel(&key)).await, wanted, "{name}");
        let nowhere = channel(&dealer, &format!("{name}-nowhere"), &[role], &[]).await;
        let wanted = ROUTES.map(|route| {
            if route == Route::Create || route.needs() != role {
                403
            } else {
                404
            }
        });
        assert_eq!(
            statuses(&dealer.as_channel(&nowhere)).await,
            wanted,
            "{name} without dealers"
        );
        // The channel that created the case, with this role alone.
        permit(&dealer, "dealer", |channel| channel.permissions.roles = [role].into()).await;
        for (route, fine) in ROUTES.into_iter().zip(fine) {
            let wanted = if route.needs() == role { fine } else { 403 };
            let got = route.request(&dealer, "1", route.sample()).await;
            assert_eq!(got.status, wanted, "{route:?} as {role:?}: {}", got.text);
        }
    }
    permit(&dealer, "dealer", |channel| channel.permissions.roles = BOTH.into()).await;
    assert_eq!(statuses(&dealer).await, fine);
    permit(&dealer, "dealer", |channel| channel.permissions.roles.clear()).await;
    assert_eq!(statuses(&dealer).await, [403; 5], "revoked");
    permit(&dealer, "dealer", |channel| {
        channel.key_hash = ApiKey::generate("dealer").unwrap().hash()
    })
    .await;
    assert_eq!(statuses(&dealer).await, [401; 5], "rotated");
}

#[tokio::test(start_paused = true)]
async fn a_dealer_that_left_the_list_takes_its_cases_away_from_their_channel_too() {
    let dealer = dealer_with_case().await;
    permit(&dealer, "dealer", |channel| {
        channel.permissions.allowed_dealer_codes = [808].into()
    })
    .await;
    for route in ROUTES.into_iter().filter(|route| *route != Route::Create) {
        for body in [
            route.sample(),
            r#"{"dealer":808,"organizationNumber":"1","email":"a@b.dk"}"#,
        ] {
            let body = if route == Route::Get { "" } else { body };
            let got = route.request(&dealer, "1", body).await;
            assert_eq!(got.status, 403, "{route:?}: {}", got.text);
        }
    }
    assert_eq!(changes(&dealer, 1).await.len(), 1);
    permit(&dealer, "dealer", |channel| {
        channel.permissions.allowed_dealer_codes = DEALERS.into()
    })
    .await;
    assert_eq!(statuses(&dealer).await, [201, 200, 200, 202, 202]);
}

#[tokio::test(start_paused = true)]
async fn another_dealers_case_looks_like_an_absent_one() {
    let dealer = dealer_with_case().await;
    let other = channel(&dealer, "other-dealer", &Role::ALL, &[1]).await;
    let before = stored(&dealer);
    let correlation = HeaderName::from_static("x-correlation-id");
    let other = dealer
        .as_channel(&other)
        .header(correlation, "0190d5a0-0000-7000-8000-00000000000a");
    for route in ROUTES.into_iter().filter(|route| *route != Route::Create) {
        let [theirs, absent] = [
            route.request(&other, "1", route.sample()).await,
            route.request(&other, "999", route.sample()).await,
        ];
        assert_eq!(theirs.text, absent.text, "{route:?}");
        assert_eq!(theirs.headers, absent.headers, "{route:?}");
    }
    assert_eq!(stored(&dealer), before);
}
