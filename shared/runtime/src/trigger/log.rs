//! The one log line of a call.

use model::Error;
use model::error::Level;
use model::id::CorrelationId;

use super::cx::Time;
use crate::http::problem::Family;
use crate::port::metric::{self, Line};

/// How a call ended.
pub(super) struct Ended<'a> {
    pub route: &'a str,
    pub caller: Option<&'a str>,
    pub correlation: CorrelationId,
    pub status: u16,
    pub error: Option<&'a Error>,
}

pub(super) fn write(ended: &Ended, family: Family, time: Time) {
    let level = ended.error.map_or(Level::Info, |error| error.kind.rule().level);
    let code = ended.error.map(|error| family.code(error.kind));
    metric::report(&Line {
        route: ended.route,
        caller: ended.caller,
        duration: u64::try_from(time.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        code: code.as_deref(),
        correlation: ended.correlation,
        status: ended.status,
        level,
        // The message of a caller's mistake is for the caller: it could hold what must not be logged.
        cause: ended.error.filter(|_| level != Level::Info).map(Error::chain),
    });
}

/// The same for a message or a scheduled run, which no caller waits for.
pub(super) fn write_background(
    route: &str,
    correlation: CorrelationId,
    error: Option<&Error>,
    family: Family,
    time: Time,
) {
    let ended = Ended {
        route,
        caller: None,
        correlation,
        status: error.map_or(200, |error| error.kind.rule().status),
        error,
    };
    write(&ended, family, time);
}
