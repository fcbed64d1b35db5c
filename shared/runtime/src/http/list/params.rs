//! What a caller may ask of a list.

use garde::Validate;
use jiff::{SignedDuration, Timestamp};
use model::{Error, Result};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::cursor::Cursor;
use crate::http::document::{Input, Media, Parts};

/// Rows are kept 90 days, so that older windows are empty.
const RETENTION: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The parameters of every list.
#[derive(Clone, Copy, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// The largest number of entries in the page. Absent: 20, or 50 for subscriptions and deliveries.
    #[garde(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
    /// `nextCursor` of the page before.
    #[garde(skip)]
    pub cursor: Option<Cursor>,
}

/// The input of a list: its own filters, and the parameters of every list.
pub struct List<F> {
    pub filter: F,
    pub params: ListParams,
}

impl<F: Input> Input for List<F> {
    const MEDIA: Media = F::MEDIA;

    fn read(parts: &Parts) -> Result<Self> {
        Ok(Self {
            params: ListParams::read(parts)?,
            filter: F::read(parts)?,
        })
    }
}

/// A list without filters.
#[derive(Deserialize, Validate)]
pub struct NoFilter {}

impl From<ListParams> for ListWindow {
    fn from(params: ListParams) -> Self {
        Self {
            params,
            ..Self::default()
        }
    }
}

/// Which part of a list is wanted.
#[derive(Clone, Copy, Default)]
pub struct ListWindow {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    pub params: ListParams,
}

impl ListWindow {
    /// The first and the last instant that this window can have rows of.
    pub fn span(&self, now: Timestamp) -> Result<(Timestamp, Timestamp)> {
        let oldest = now.saturating_sub(RETENTION).unwrap_or(now);
        let (from, to) = (self.from.unwrap_or(oldest).max(oldest), self.to.unwrap_or(now).min(now));
        if self.from.zip(self.to).is_some_and(|(from, to)| from > to) {
            return Err(Error::invalid("from", "must not be after `to`"));
        }
        Ok((from, to))
    }

    pub(super) fn greatest(&self) -> Option<String> {
        let cursor = self.params.cursor.map(|cursor| cursor.0.as_u128().saturating_sub(1));
        let to = self.to.map(|to| first_id(to).saturating_add((1 << 80) - 1));
        let least = cursor.into_iter().chain(to).min();
        least.map(|id| Uuid::from_u128(id).to_string())
    }

    pub(super) fn least(&self) -> Option<String> {
        self.from.map(|from| Uuid::from_u128(first_id(from)).to_string())
    }
}

/// No id of version 7 made at `at` is less.
fn first_id(at: Timestamp) -> u128 {
    u128::try_from(at.as_millisecond()).unwrap_or_default() << 80
}
