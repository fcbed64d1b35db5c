//! What each function of this domain runs: its handler and what goes around it. Said here and not in the binaries, so
//! that a handler is compiled once, with its library, and a binary is only linked.

use runtime::ports::Ports;
use runtime::{Exit, http, queue};

use crate::case::row::LARGEST;
use crate::{case, document, forward, management, message};

/// As much as Lambda takes: what is too large for us is told so where a larger one can go.
const FORM_LIMIT: usize = 6 * 1024 * 1024;

pub fn case_create() -> Exit {
    http(case::create::create).once().limit(LARGEST).run()
}

pub fn case_update() -> Exit {
    http(case::update::update).limit(LARGEST).run()
}

pub fn case_get() -> Exit {
    http(case::get::get).run()
}

pub fn case_score() -> Exit {
    http(case::score::score).once().limit(LARGEST).run()
}

pub fn case_consent() -> Exit {
    http(case::consent::consent).once().limit(LARGEST).run()
}

pub fn management_create() -> Exit {
    http(management::create::create).once().run()
}

pub fn management_rotate() -> Exit {
    http(management::rotate::rotate).once().run()
}

pub fn management_update() -> Exit {
    http(management::update::update).run()
}

pub fn management_get() -> Exit {
    http(management::get::get).run()
}

pub fn message_create() -> Exit {
    http(message::create::create)
        .once()
        .limit(message::create::LARGEST)
        .run()
}

pub fn message_list() -> Exit {
    http(message::list::list).run()
}

pub fn document_upload() -> Exit {
    http(document::upload::upload)
        .once()
        .limit(FORM_LIMIT)
        .run_on(Ports::with_files)
}

pub fn document_presign() -> Exit {
    http(document::presign::presign).run_on(Ports::with_files)
}

pub fn forward() -> Exit {
    queue(forward::forward).run_on(Ports::with_files)
}
