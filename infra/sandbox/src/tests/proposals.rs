//! What is decided about proposals, and by whom.

use serde_json::{Value, json};

use super::{Reply, Sandbox, lex_proposal};
use crate::proposals::{Decision, Proposals};

fn decide(sandbox: &Sandbox, proposal: &str, verdict: &Value) -> Reply {
    let path = format!("/_control/{proposal}");
    sandbox.ask("PUT", &path, &[], Some(&verdict.to_string()))
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
    let sandbox = Sandbox::start();
    let path = sandbox.quoted();
    let body = lex_proposal("TL-1", "Referred").to_string();
    let shown = || sandbox.lex("GET", &path, None).json()["proposal"].clone();
    sandbox.lex("POST", &format!("{path}/complete"), Some(&body));
    assert_eq!(shown()["status"], "REFERRED");

    let decline = json!({ "status": "DECLINED", "reason": "too many cars" });
    let decided = decide(&sandbox, "lex/proposals/TL-1", &decline);
    assert_eq!((decided.status, decided.json()), (200, json!({ "status": "DECLINED" })));
    assert_eq!(
        (&shown()["status"], &shown()["reason"]),
        (&json!("DECLINED"), &json!("too many cars"))
    );
    decide(&sandbox, "lex/proposals/TL-1", &json!({ "status": "ACCEPTED" }));
    assert_eq!(
        (&shown()["status"], &shown()["reason"]),
        (&json!("ACCEPTED"), &Value::Null)
    );
    assert_eq!(sandbox.control("lex/searches"), json!({ "TL-1": 1 }));
}

#[test]
fn only_what_exists_can_be_decided() {
    let sandbox = Sandbox::start();
    let accept = json!({ "status": "ACCEPTED" });
    assert_eq!(decide(&sandbox, "lex/proposals/TL-1", &accept).status, 404);
    let stranger = decide(&sandbox, "nobody/proposals/TL-1", &accept);
    assert_eq!(
        (stranger.status, &stranger.error()["message"]),
        (404, &json!("no partner nobody; known: alphabet, bqs, lex, mmob"))
    );
    for path in [
        "/_control/nobody/searches",
        "/_control/bqs/searches",
        "/_control/lex/state/cases",
    ] {
        assert_eq!(sandbox.ask("GET", path, &[], None).status, 404, "{path}");
    }
    for verdict in [
        json!({}),
        json!({ "status": "APPROVED" }),
        json!({ "status": "ACCEPTED", "why": "" }),
    ] {
        let refused = decide(&sandbox, "lex/proposals/TL-1", &verdict);
        assert_eq!(
            (refused.status, &refused.error()["code"]),
            (400, &json!("BAD_DECISION")),
            "{verdict}"
        );
    }
}

#[test]
fn remembers_the_newest_proposals_only() {
    let proposals = Proposals::default();
    for number in 0..100_001 {
        proposals.accept(&format!("TL-{number}"), "Doe");
    }
    assert!(proposals.find("TL-0").is_none() && proposals.find("TL-1").is_some());
    assert_eq!(proposals.searches().len(), 100_000);
}
