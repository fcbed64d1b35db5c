//! The decisions on proposals, by surname and through the control plane.

use serde_json::{Value, json};

use super::{Reply, Simulators, lex_proposal};
use crate::proposals::{Decision, Proposals};

fn decide(simulators: &Simulators, proposal: &str, decision: &Value) -> Reply {
    let path = format!("/_control/{proposal}");
    simulators.request("PUT", &path, &[], Some(&decision.to_string()))
}

#[test]
fn the_surname_decides() {
    let proposals = Proposals::default();
    let cases = [
        ("Accepted", Decision::Accepted, Decision::Accepted),
        ("referred", Decision::Referred, Decision::Referred),
        (" Declined ", Decision::Declined, Decision::Declined),
        ("PENDING", Decision::Submitted, Decision::Submitted),
        ("Doe", Decision::Submitted, Decision::Accepted),
        ("Referredson", Decision::Submitted, Decision::Accepted),
    ];
    for (surname, first, later) in cases {
        let answered = proposals.accept(surname, surname);
        let read = proposals.find(surname).unwrap();
        assert_eq!((answered.decision, read.decision), (first, later), "{surname}");
        let explained = matches!(first, Decision::Referred | Decision::Declined);
        assert_eq!(answered.reason.is_some(), explained, "{surname}");
        assert_eq!(read.reason, answered.reason, "{surname}");
    }
}

#[test]
fn the_control_plane_decides_otherwise() {
    let simulators = Simulators::start();
    let path = simulators.quoted();
    let body = lex_proposal("TL-1", "Referred").to_string();
    let shown = || simulators.lex("GET", &path, None).json()["proposal"].clone();
    simulators.lex("POST", &format!("{path}/complete"), Some(&body));
    assert_eq!(shown()["status"], "REFERRED");

    let decline = json!({ "status": "DECLINED", "reason": "too many cars" });
    let decided = decide(&simulators, "lex/proposals/TL-1", &decline);
    assert_eq!((decided.status, decided.json()), (200, json!({ "status": "DECLINED" })));
    assert_eq!(
        (&shown()["status"], &shown()["reason"]),
        (&json!("DECLINED"), &json!("too many cars"))
    );
    decide(&simulators, "lex/proposals/TL-1", &json!({ "status": "ACCEPTED" }));
    assert_eq!(
        (&shown()["status"], &shown()["reason"]),
        (&json!("ACCEPTED"), &Value::Null)
    );
    assert_eq!(simulators.control("lex/searches"), json!({ "TL-1": 1 }));
}

#[test]
fn only_what_exists_can_be_decided() {
    let simulators = Simulators::start();
    let accept = json!({ "status": "ACCEPTED" });
    assert_eq!(decide(&simulators, "lex/proposals/TL-1", &accept).status, 404);
    let unknown = decide(&simulators, "unknown/proposals/TL-1", &accept);
    assert_eq!(
        (unknown.status, &unknown.error()["message"]),
        (404, &json!("no partner unknown; known: alphabet, bqs, lex, mmob"))
    );
    for path in [
        "/_control/unknown/searches",
        "/_control/bqs/searches",
        "/_control/lex/state/cases",
    ] {
        assert_eq!(simulators.request("GET", path, &[], None).status, 404, "{path}");
    }
    for decision in [
        json!({}),
        json!({ "status": "APPROVED" }),
        json!({ "status": "ACCEPTED", "why": "" }),
    ] {
        let refused = decide(&simulators, "lex/proposals/TL-1", &decision);
        assert_eq!(
            (refused.status, &refused.error()["code"]),
            (400, &json!("BAD_DECISION")),
            "{decision}"
        );
    }
}

#[test]
fn keeps_the_newest_proposals_only() {
    let proposals = Proposals::default();
    for number in 0..100_001 {
        proposals.accept(&format!("TL-{number}"), "Doe");
    }
    assert!(proposals.find("TL-0").is_none() && proposals.find("TL-1").is_some());
    assert_eq!(proposals.searches().len(), 100_000);
}
