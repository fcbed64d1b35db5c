//! What a caller may ask of a list.

use garde::Validate;
use jiff::{SignedDuration, Timestamp};
use model::error::both;
use model::time::query_time;
use model::{Error, Result};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::cursor::Cursor;
use super::names::{QueryNames, refuse_unknown};
use crate::http::document::{Input, Media, Parts};

/// Rows are kept 90 days, so that older windows are empty.
const RETENTION: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Entries in a page where the caller gives no limit.
const USUAL_LIMIT: u16 = 20;

/// The parameters of every list.
#[derive(Clone, Copy, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// The largest number of entries in the page. Absent: 20.
    #[garde(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
    /// `nextCursor` of the previous page, with the other parameters unchanged.
    #[garde(skip)]
    pub cursor: Option<Cursor>,
}

impl ListParams {
    pub fn limit(&self) -> u16 {
        self.limit.unwrap_or(USUAL_LIMIT)
    }
}

/// When the rows of a list were made.
#[derive(Clone, Copy, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Period {
    /// Made at this instant or later.
    #[garde(skip)]
    #[serde(default, deserialize_with = "query_time")]
    pub from: Option<Timestamp>,
    /// Made at this instant or earlier.
    #[garde(skip)]
    #[serde(default, deserialize_with = "query_time")]
    pub to: Option<Timestamp>,
}

/// The input of a list: its own filters, and the parameters of every list. `P` is [`ListWindow`] where a caller may also ask for
/// a period.
pub struct List<F, P = ListParams> {
    pub filter: F,
    pub params: P,
}

impl<F: Input + QueryNames, P: Input + QueryNames> Input for List<F, P> {
    const MEDIA: Media = F::MEDIA;

    fn read(parts: &Parts) -> Result<Self> {
        let known = refuse_unknown(parts, &[F::names(), P::names()].concat());
        let ((), (params, filter)) = both(known, both(P::read(parts), F::read(parts)))?;
        Ok(Self { filter, params })
    }
}

/// A list without filters.
#[derive(Deserialize, Validate)]
pub struct NoFilter {}

/// Which part of a list is wanted.
#[derive(Clone, Copy)]
pub struct ListWindow {
    pub period: Period,
    pub params: ListParams,
}

impl From<ListParams> for ListWindow {
    fn from(params: ListParams) -> Self {
        Self {
            period: Period::default(),
            params,
        }
    }
}

impl QueryNames for ListWindow {
    fn names() -> Vec<&'static str> {
        [Period::names(), ListParams::names()].concat()
    }
}

impl Input for ListWindow {
    const MEDIA: Media = ListParams::MEDIA;

    fn read(parts: &Parts) -> Result<Self> {
        let (params, period) = both(ListParams::read(parts), Period::read(parts))?;
        Ok(Self { period, params })
    }
}

impl ListWindow {
    /// The first and the last instant that this window can have rows of.
    pub fn span(&self, now: Timestamp) -> Result<(Timestamp, Timestamp)> {
        let Period { from, to } = self.period;
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return Err(Error::invalid("from", "must not be after to"));
        }
        let oldest = now.saturating_sub(RETENTION).unwrap_or(now);
        Ok((from.unwrap_or(oldest).max(oldest), to.unwrap_or(now).min(now)))
    }

    pub(super) fn greatest(&self) -> Option<String> {
        let cursor = self.params.cursor.map(|cursor| cursor.id().as_u128().saturating_sub(1));
        let to = self.period.to.map(|to| first_id(to).saturating_add((1 << 80) - 1));
        let least = cursor.into_iter().chain(to).min();
        least.map(|id| Uuid::from_u128(id).to_string())
    }

    pub(super) fn least(&self) -> Option<String> {
        self.period.from.map(|from| Uuid::from_u128(first_id(from)).to_string())
    }
}

/// No id of version 7 made at `at` is less.
fn first_id(at: Timestamp) -> u128 {
    u128::try_from(at.as_millisecond()).unwrap_or_default() << 80
}
