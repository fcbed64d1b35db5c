//! The integration log as operators read it: row by row, and in numbers.

pub mod list;
pub mod metrics;
mod position;
mod reader;

use jiff::{SignedDuration, Timestamp};
use model::quote::Environment;
use model::{Error, Result};
use partners::FUNDERS;

const INDEX: runtime::store::Index = runtime::store::Index {
    name: "correlation",
    pk: "correlationId",
    sk: "sk",
};

/// From its first instant up to, but not including, its last.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Window {
    from: Timestamp,
    to: Timestamp,
}

impl Window {
    /// What was asked for, or the last `usual`. Instants outside what is kept are moved to its edge.
    fn of(
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        now: Timestamp,
        usual: SignedDuration,
        longest: SignedDuration,
    ) -> Result<Self> {
        let before = |at: Timestamp, by: SignedDuration| at.saturating_sub(by).unwrap_or(Timestamp::MIN);
        // Other machines' clocks may be a little ahead.
        let end = now.saturating_add(SignedDuration::from_secs(1)).unwrap_or(now);
        let to = to.unwrap_or(end);
        let from = from.unwrap_or_else(|| before(to.min(now), usual));
        if from >= to {
            return Err(Error::invalid("from", "must be before `to`"));
        }
        if from < before(to.min(now), longest) {
            let hours = longest.as_hours();
            return Err(Error::invalid(
                "from",
                format!("must be at most {hours} hours before `to`"),
            ));
        }
        Ok(Self {
            from: from.max(before(now, KEPT)),
            to: to.min(end),
        })
    }
}

/// Rows are deleted when they are older.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// One installation of a funder: each has partitions of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lane {
    funder: &'static str,
    environment: Environment,
}

/// The installations asked for; all of them where nothing is said.
fn lanes(funder: Option<&str>, environment: Option<Environment>) -> Result<Vec<Lane>> {
    if funder.is_some_and(|funder| !FUNDERS.contains(&funder)) {
        let known = FUNDERS.join("`, `");
        return Err(Error::invalid("funder", format!("must be one of `{known}`")));
    }
    let funders = FUNDERS
        .into_iter()
        .filter(|name| funder.is_none_or(|funder| funder == *name));
    let lanes = funders.flat_map(|funder| {
        let both = [Environment::Sandbox, Environment::Live];
        both.map(|environment| Lane { funder, environment })
    });
    Ok(lanes
        .filter(|lane| environment.is_none_or(|environment| environment == lane.environment))
        .collect())
}

#[cfg(test)]
mod tests;
