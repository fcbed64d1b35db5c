//! Who may do what with a case: every route and every kind of caller.

use super::desk::{BOTH, DEALERS, Desk, ROUTES, Route};
use crate::channel::{ApiKey, Role};

/// What each caller is answered who is not the one who created the case, by route.
async fn answers(desk: &Desk, key: Option<&str>) -> Vec<i64> {
    let key = key.map(|key| ("x-api-key", key));
    let mut all = Vec::new();
    for route in ROUTES {
        let got = desk.ask_with(route, "1", route.body(), key.as_slice()).await;
        all.push(got.status);
    }
    all
}

#[tokio::test(start_paused = true)]
async fn every_caller_gets_what_is_theirs() {
    let desk = Desk::with_case().await;
    let fine = [201, 200, 200, 202, 202];
    let same = desk.house.channel("same-dealer", &Role::ALL, &DEALERS).await;
    let other = desk.house.channel("other-dealer", &Role::ALL, &[1]).await;
    assert_eq!(answers(&desk, Some(&same)).await, [201, 403, 403, 403, 403]);
    assert_eq!(answers(&desk, Some(&other)).await, [403, 404, 404, 404, 404]);
    assert_eq!(answers(&desk, None).await, [401; 5]);
    for role in Role::ALL {
        let name = format!("only-{}", role.name());
        let key = desk.house.channel(&name, &[role], &DEALERS).await;
        let mut wanted = [403; 5];
        if role == Role::CaseWrite {
            wanted[0] = 201;
        }
        assert_eq!(answers(&desk, Some(&key)).await, wanted, "{name}");
        let nowhere = desk.house.channel(&format!("{name}-nowhere"), &[role], &[]).await;
        let wanted = ROUTES.map(|route| {
            if route == Route::Create || route.needs() != role {
                403
            } else {
                404
            }
        });
        assert_eq!(answers(&desk, Some(&nowhere)).await, wanted, "{name} without dealers");
        // The creator, with this role alone.
        desk.permit(|channel| channel.permissions.roles = [role].into()).await;
        for (route, fine) in ROUTES.into_iter().zip(fine) {
            let wanted = if route.needs() == role { fine } else { 403 };
            let got = desk.ask(route, "1", route.body()).await;
            assert_eq!(got.status, wanted, "{route:?} as {role:?}: {}", got.text);
        }
    }
    desk.permit(|channel| channel.permissions.roles = BOTH.into()).await;
    assert_eq!(answers(&desk, Some(&desk.key)).await, fine);
    desk.permit(|channel| channel.permissions.roles.clear()).await;
    assert_eq!(answers(&desk, Some(&desk.key)).await, [403; 5], "revoked");
    desk.permit(|channel| channel.key_hash = ApiKey::generate("dealer").unwrap().hash())
        .await;
    assert_eq!(answers(&desk, Some(&desk.key)).await, [401; 5], "rotated");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_to_be_known_of_is_as_if_it_were_not_there() {
    let desk = Desk::with_case().await;
    let other = desk.house.channel("other-dealer", &Role::ALL, &[1]).await;
    let before = desk.everything();
    let fixed = [
        ("x-api-key", other.as_str()),
        ("x-correlation-id", "0190d5a0-0000-7000-8000-00000000000a"),
    ];
    for route in ROUTES.into_iter().filter(|route| *route != Route::Create) {
        let [theirs, absent] = [
            desk.ask_with(route, "1", route.body(), &fixed).await,
            desk.ask_with(route, "999", route.body(), &fixed).await,
        ];
        assert_eq!(theirs.text, absent.text, "{route:?}");
        assert_eq!(theirs.headers, absent.headers, "{route:?}");
    }
    assert_eq!(desk.everything(), before);
}
