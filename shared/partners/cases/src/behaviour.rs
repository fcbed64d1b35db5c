//! The behaviour suite for every case system, on the fixtures in `fixtures/<name>/`.

use bytes::Bytes;
use call::testing::{Fixtures, Operation, Reading, SuiteMember, check};
use call::{Answer, Call};
use model::{Kind, Result};

use crate::{Bqs, CaseSystem, Change, Upload, UpstreamAnswer};

const MEMBERS: [&dyn CaseSystem; 1] = [&Bqs];

/// A case as the hub stores it.
const CASE: &str = include_str!("../fixtures/case.json");
const CUSTOMER: &str = r#"{"organizationNumber":"76198268"}"#;
const CONSENT: &str = r#"{"organizationNumber":"76198268","email":"jonas.jensen@example.com"}"#;
const CHANGE: Change = Change {
    case: 406_987,
    number: 12,
};

#[test]
fn every_case_system_behaves() {
    for system in MEMBERS {
        check(&member(system));
    }
}

fn member(system: &'static dyn CaseSystem) -> SuiteMember {
    let created = move |answer: &_| {
        let (sequence, accepted) = system.created(answer)?;
        Ok(Reading::of(sequence > 0 && is_kept_short(&accepted), &accepted))
    };
    let create = Operation::new("create", system.create(CHANGE, CASE));
    SuiteMember {
        name: system.name(),
        auth: system.auth(),
        loggable: system.loggable(),
        fixtures: Fixtures::load(env!("CARGO_MANIFEST_DIR"), system.name()),
        operations: vec![
            create.not_repeatable().read(created),
            change(system, "update", system.update(CHANGE, 7, CASE)),
            change(system, "score", system.score(CHANGE, 7, CUSTOMER)),
            change(system, "consent", system.consent(CHANGE, 7, CONSENT)),
            change(system, "document", system.document(CHANGE, 7, &upload())),
        ],
        personal: ["76198268", "Jonas", "Jensen", "Maja", "Holm", "jensen@", "WP0ZZZ"]
            .map(Into::into)
            .into(),
        kind_of,
    }
}

fn change(system: &'static dyn CaseSystem, fixture: &str, call: Result<Call>) -> Operation {
    let accepted = move |answer: &Answer| {
        let accepted = system.accepted(answer)?;
        let same = accepted.status == answer.status.as_u16();
        Ok(Reading::of(same && is_kept_short(&accepted), &accepted))
    };
    Operation::new(fixture, call)
        .not_repeatable()
        .status_decides()
        .read(accepted)
}

fn is_kept_short(accepted: &UpstreamAnswer) -> bool {
    accepted.body.chars().count() <= 8 * 1024
}

fn upload() -> Upload {
    Upload {
        code: "123".into(),
        media_type: "application/pdf".into(),
        bytes: Bytes::from_static(b"%PDF-1.4"),
        sha256: "ab".repeat(32),
    }
}

fn kind_of(status: u16) -> Kind {
    match status {
        401 => Kind::PartnerAuth,
        408 => Kind::PartnerTimeout,
        429 => Kind::PartnerThrottled,
        400..=499 => Kind::PartnerRejected,
        500..=599 => Kind::PartnerError,
        _ => Kind::PartnerBadResponse,
    }
}
