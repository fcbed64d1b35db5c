//! What each function of this domain runs: its handler and what goes around it. Said here and not in the binaries, so
//! that a handler is compiled once, with its library, and a binary is only linked.

use runtime::{Exit, http};

use crate::case;
use crate::case::row::LARGEST;

// cases

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

// channels and messages

// documents and forwarding
