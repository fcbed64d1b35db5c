use runtime::testing::{Harness, assert_faults_are_named};
use serde_json::{Value, json};

use crate::Env;
use crate::erasure::create::NewErasure;
use crate::testing::harness;

const ERASURES: &str = "/api/integration/erasures";

async fn requested(h: &Harness<Env>, body: &Value) -> Value {
    let got = h.as_admin().post(ERASURES, body).await;
    assert_eq!(got.status, 202, "{}", got.text);
    let made = got.data();
    let location = format!("{ERASURES}/{}", made["id"].as_str().unwrap());
    assert_eq!(got.location().as_deref(), Some(location.as_str()));
    let read = h.as_admin().get(&location).await;
    assert_eq!((read.status, read.data()), (200, made.clone()));
    made
}

fn open(h: &Harness<Env>) -> Vec<String> {
    let rows = h.fakes.store.table("erasures").into_iter();
    let partitions = rows.map(|row| row["pk"].as_s().unwrap().clone());
    partitions.filter(|pk| pk.starts_with("OPEN#")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_request_opens_each_domain_that_may_have_the_subjects_data() {
    for (body, subject, domains) in [
        (
            json!({"email": "John.Doe@example.com"}),
            "email",
            &["OPEN#bqs", "OPEN#funders", "OPEN#mmob"][..],
        ),
        (json!({"case": 7}), "case", &["OPEN#bqs"]),
        (json!({"customer": "tus_1"}), "customer", &["OPEN#mmob"]),
    ] {
        let h = harness();
        let made = requested(&h, &body).await;
        assert_eq!((&made["subject"], &made["status"]), (&json!(subject), &json!("OPEN")));
        assert_eq!((&made["requestedBy"], &made["case"]), (&json!("admin"), &body["case"]));
        assert_eq!(open(&h), domains);
        let kept = h.fakes.state().to_lowercase();
        assert!(!kept.contains("john.doe") && !kept.contains("tus_1"), "{kept}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_has_exactly_one_subject() {
    let h = harness();
    for body in [
        json!({}),
        json!({"email": null}),
        json!({"email": "john@example.com", "case": 7}),
        json!({"email": "john"}),
        json!({"case": 0}),
        json!({"customer": ""}),
    ] {
        let got = h.as_admin().post(ERASURES, &body).await;
        assert_eq!(got.status, 422, "{body}: {}", got.text);
    }
    assert!(open(&h).is_empty());
    let absent = format!("{ERASURES}/0190d5a0-0000-7000-8000-000000000001");
    assert_eq!(h.as_admin().get(&absent).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_request_names_one_subject() {
    for body in [json!({}), json!({"email": null}), json!({"case": 1, "customer": "x"})] {
        let got = harness().as_admin().post(ERASURES, &body).await;
        assert_eq!((got.status, got.field().as_str()), (422, "email"), "{}", got.text);
    }
    assert_faults_are_named::<NewErasure>(r#"{"email":"a@example.com","case":1.0e0,"customer":"x"}"#, &[]);
}
