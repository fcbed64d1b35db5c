//! Reads the log backwards in time, in bounded steps: hour by hour, or by one correlation id.

use std::time::Duration;

use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use model::Result;
use model::id::{CorrelationId, LogRowId};
use runtime::port::store::{Index, Key, Query, Store, typed};
use runtime::transport::{Attempt, partition};
use runtime::{Cx, Domain};
use serde::Deserialize;
use tokio::time::Instant;

use super::lane::Lane;
use super::period::LogPeriod;
use super::position::LogPosition;
use crate::Env;

const BY_CORRELATION: Index = Index {
    name: "correlation",
    pk: "correlationId",
    sk: "sk",
};
/// Queries that run at once.
const MAX_PARALLEL: usize = 16;
/// Queries per request: a day's hours in 20 lanes.
const MAX_QUERIES: usize = 512;
/// A request that has read for this long responds with the rows that it has.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// DynamoDB ends a page at 1 MB, and a row has up to 400 kB: a page with less text than this was not cut.
const UNCUT: usize = 500_000;

/// The order in which partitions are read.
#[derive(Clone, Copy)]
pub enum ReadBy {
    Hour,
    Correlation(CorrelationId),
}

/// How much one request may read.
#[derive(Clone, Copy)]
pub struct ReadLimits {
    /// Rows per query.
    pub chunk: u16,
    /// Rows altogether, give or take a step.
    pub rows: usize,
}

pub struct Reader<'a> {
    store: &'a dyn Store,
    table: &'a str,
    lanes: Vec<Lane>,
    by: ReadBy,
    /// Every row at or above it has been read.
    reached: LogPosition,
    end: LogPosition,
    /// Whether the last step ended within an hour. The next step then reads one hour only.
    cut: bool,
    chunk: u16,
    rows: usize,
    queries: usize,
    until: Instant,
}

/// A row as the index has it: its key.
#[derive(Deserialize)]
struct Place {
    pk: String,
    sk: LogRowId,
}

impl<'a> Reader<'a> {
    /// Starts at the end of the period, or where an earlier request stopped.
    pub fn new(
        cx: &'a Cx<Env>,
        lanes: Vec<Lane>,
        by: ReadBy,
        period: LogPeriod,
        after: Option<LogPosition>,
        limits: ReadLimits,
    ) -> Result<Self> {
        let start = LogPosition::at(period.to);
        Ok(Self {
            store: cx.env.store().as_ref(),
            table: cx.env.common.config.need("INTEGRATION_LOG_TABLE")?,
            lanes,
            by,
            reached: after.map_or(start, |after| after.min(start)),
            end: LogPosition::at(period.from),
            cut: true,
            chunk: limits.chunk,
            rows: limits.rows,
            queries: MAX_QUERIES,
            until: cx.deadline.min(cx.started + READ_TIMEOUT),
        })
    }

    /// Whether the whole period has been read.
    pub fn is_done(&self) -> bool {
        self.reached <= self.end
    }

    pub fn reached(&self) -> LogPosition {
        self.reached
    }

    /// Everything made from here on has been read.
    pub fn complete_from(&self) -> Timestamp {
        let missing = self.reached.time();
        missing
            .saturating_add(SignedDuration::from_millis(1))
            .unwrap_or(missing)
    }

    /// The next rows, newest first, or nothing at the end of the period or of this request's limits. The first step is
    /// always taken, so that each request of a caller gets further.
    pub async fn next(&mut self) -> Result<Option<Vec<Attempt>>> {
        let fresh = self.queries == MAX_QUERIES;
        let spent = self.queries == 0 || self.rows == 0 || Instant::now() >= self.until;
        if self.is_done() || (spent && !fresh) {
            return Ok(None);
        }
        let (mut rows, reached) = match self.by {
            ReadBy::Hour => self.hours().await?,
            ReadBy::Correlation(id) => self.correlation(id).await?,
        };
        self.rows = self.rows.saturating_sub(rows.len());
        self.reached = reached;
        rows.retain(|row| LogPosition::of(row.sk) >= reached);
        rows.sort_by_key(|row| std::cmp::Reverse(row.sk));
        Ok(Some(rows))
    }

    /// The rows of the next hours, and the position above which they are complete.
    async fn hours(&mut self) -> Result<(Vec<Attempt>, LogPosition)> {
        let (hours, floor) = self.next_hours();
        let each = hours.iter().flat_map(|hour| {
            let lane = |lane: &Lane| partition(lane.partner, lane.environment, *hour);
            self.lanes.iter().map(lane)
        });
        let queries: Vec<Query> = each
            .map(|pk| self.bounded(Query::new(self.table, pk, self.chunk)))
            .collect();
        self.queries = self.queries.saturating_sub(queries.len());
        let pages = try_join_all(queries.iter().map(|query| self.store.query(query))).await?;
        let mut reached = floor;
        self.cut = false;
        let mut rows = Vec::new();
        for page in pages {
            let page = page.into_iter().map(typed).collect::<Result<Vec<Attempt>>>()?;
            if let Some(last) = page.last().filter(|_| self.is_cut(&page)) {
                reached = reached.max(LogPosition::of(last.sk));
                self.cut = true;
            }
            rows.extend(page);
        }
        Ok((rows, reached))
    }

    /// The hours of the next step, newest first, and where they begin.
    fn next_hours(&self) -> (Vec<Timestamp>, LogPosition) {
        let count = if self.cut {
            1
        } else {
            (MAX_PARALLEL / self.lanes.len().max(1)).max(1)
        };
        let mut starts = Vec::new();
        let mut floor = self.reached;
        while starts.len() < count && floor > self.end {
            let start = hour_of(floor.time());
            starts.push(start);
            floor = LogPosition::at(start);
        }
        (starts, floor.max(self.end))
    }

    async fn correlation(&mut self, id: CorrelationId) -> Result<(Vec<Attempt>, LogPosition)> {
        let query = self.bounded(Query::new(self.table, id.to_string(), self.chunk).index(BY_CORRELATION));
        self.queries = self.queries.saturating_sub(1);
        let places = self.store.query(&query).await?.into_iter().map(typed);
        let places = places.collect::<Result<Vec<Place>>>()?;
        let full = places.len() >= usize::from(self.chunk);
        let reached = places
            .last()
            .filter(|_| full)
            .map_or(self.end, |last| LogPosition::of(last.sk));
        let lanes: Vec<String> = self
            .lanes
            .iter()
            .map(|lane| format!("{}#{}#", lane.partner, lane.environment))
            .collect();
        let wanted = places
            .iter()
            .filter(|place| lanes.iter().any(|lane| place.pk.starts_with(lane)));
        let keys: Vec<Key> = wanted
            .map(|place| Key::new(self.table, place.pk.as_str(), Some(&place.sk.to_string())))
            .collect();
        // The index can name a row that was just deleted.
        let rows = self.store.get_all(&keys).await?.into_iter().flatten().map(typed);
        Ok((rows.collect::<Result<_>>()?, reached))
    }

    fn bounded(&self, query: Query) -> Query {
        query.from(Some(self.end.above())).to(Some(self.reached.below()))
    }

    /// Whether a partition can have more rows than this page.
    fn is_cut(&self, page: &[Attempt]) -> bool {
        let text = |row: &Attempt| row.request.len() + row.response.as_ref().map_or(0, String::len);
        page.len() >= usize::from(self.chunk) || page.iter().map(text).sum::<usize>() >= UNCUT
    }
}

fn hour_of(time: Timestamp) -> Timestamp {
    let second = time.as_second();
    Timestamp::from_second(second - second.rem_euclid(3600)).unwrap_or(time)
}
