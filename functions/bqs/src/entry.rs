//! The functions of this domain: each handler with its callers and what goes around it.
//!
//! They are declared here and not in the binaries. A handler is then compiled once, with its library, and a binary is only
//! linked.

use runtime::{http, queue, schedule};

use crate::case::row::{MAX_CASE_BYTES, Sequence};
use crate::channel::Role;
use crate::message::create::MAX_MESSAGE_BYTES;
use crate::{Env, case, document, forward, management, message};

/// As much as Lambda takes. The handler refuses a document above its own limit with a 413 that names the presigned upload.
const MAX_FORM_BYTES: usize = 6 * 1024 * 1024;

pub type Function = runtime::Function<Env>;

/// Every function by the name of its binary, in the order of the template.
pub fn functions() -> Vec<(&'static str, Function)> {
    vec![
        ("bqs-case-create", case_create()),
        ("bqs-case-update", case_update()),
        ("bqs-case-get", case_get()),
        ("bqs-case-score", case_score()),
        ("bqs-case-consent", case_consent()),
        ("bqs-management-create", management_create()),
        ("bqs-management-rotate", management_rotate()),
        ("bqs-management-update", management_update()),
        ("bqs-management-get", management_get()),
        ("bqs-message-create", message_create()),
        ("bqs-message-list", message_list()),
        ("bqs-document-upload", document_upload()),
        ("bqs-document-presign", document_presign()),
        ("bqs-forward", forward()),
        ("bqs-erase", erase()),
    ]
}

pub fn case_create() -> Function {
    let create = http(case::create::create).callers(Role::CaseWrite);
    let create = create.idempotent().repeated_if(case::create::may_repeat);
    create.calls_partner().limit(MAX_CASE_BYTES).into()
}

pub fn case_update() -> Function {
    let update = http(case::update::update).callers(Role::CaseWrite);
    update.calls_partner().limit(MAX_CASE_BYTES).into()
}

pub fn case_get() -> Function {
    http(case::get::get).callers(Role::CaseRead).into()
}

pub fn case_score() -> Function {
    let score = http(case::score::score).callers(Role::CaseWrite);
    let score = score
        .idempotent()
        .path_type::<Sequence>("sequence")
        .repeated_if(case::may_repeat);
    score.calls_partner().limit(MAX_CASE_BYTES).into()
}

pub fn case_consent() -> Function {
    let consent = http(case::consent::consent).callers(Role::CaseWrite);
    let consent = consent
        .idempotent()
        .path_type::<Sequence>("sequence")
        .repeated_if(case::may_repeat);
    consent.calls_partner().limit(MAX_CASE_BYTES).into()
}

pub fn management_create() -> Function {
    let create = http(management::create::create).callers(Role::Admin);
    create.idempotent().into()
}

pub fn management_rotate() -> Function {
    let rotate = http(management::rotate::rotate).callers(Role::Admin);
    rotate.idempotent().into()
}

pub fn management_update() -> Function {
    http(management::update::update).callers(Role::Admin).into()
}

pub fn management_get() -> Function {
    http(management::get::get).callers(Role::Admin).into()
}

pub fn message_create() -> Function {
    let create = http(message::create::create).callers(Role::MessageWrite);
    create.idempotent().limit(MAX_MESSAGE_BYTES).into()
}

pub fn message_list() -> Function {
    http(message::list::list).callers(Role::MessageRead).into()
}

pub fn document_upload() -> Function {
    let upload = http(document::upload::upload).callers(Role::DocumentWrite);
    let upload = upload
        .idempotent()
        .path_type::<Sequence>("sequence")
        .repeated_if(case::may_repeat);
    Function::from(upload.calls_partner().limit(MAX_FORM_BYTES)).with_files()
}

pub fn document_presign() -> Function {
    let presign = http(document::presign::presign).callers(Role::DocumentWrite);
    Function::from(presign.calls_partner()).with_files()
}

pub fn forward() -> Function {
    queue(forward::forward).with_bus().with_files().with_scanner()
}

/// What is due and left of the erasures of this domain.
pub fn erase() -> Function {
    schedule(runtime::work::erasure::erase)
        .with_eraser()
        .with_timeout(runtime::work::erasure::ERASE_TIMEOUT)
}

#[cfg(test)]
mod tests;
