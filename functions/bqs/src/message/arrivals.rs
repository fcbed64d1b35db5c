//! What a caller may read under a number, in the order of arrival. Other dealers' messages are not read.

use futures_util::future::try_join_all;
use model::Result;
use runtime::work::row::{Row, Table};

use super::head::Head;
use super::moment::ReceivedDate;
use super::row::{CaseNumber, MessageRow};
use crate::case::row::{CaseRow, Sequence};
use crate::forward::UpstreamRow;

/// Messages in one batch.
const BATCH: usize = 100;
/// Reads at the same time.
const CONCURRENT: usize = 10;

pub struct Arrivals<'a> {
    rows: Table<'a>,
    /// Each is one range of rows.
    dealers: Vec<(CaseNumber, i64)>,
    /// The moments that are not read yet, the last one included.
    left: Option<(ReceivedDate, ReceivedDate)>,
}

impl<'a> Arrivals<'a> {
    /// The messages for these dealers that arrived at this moment or later, up to now.
    ///
    /// A number that the hub has no case of can be upstream's. Its messages are read too, until they are relinked.
    pub async fn since(rows: Table<'a>, number: u64, allowed: &[i64], from: Option<ReceivedDate>) -> Result<Self> {
        let head = Head::load(rows, number).await?;
        let from = from.unwrap_or(ReceivedDate::FIRST);
        let left = head.received().filter(|last| from <= *last).map(|last| (from, last));
        let of = |case| {
            head.dealers(case, allowed)
                .into_iter()
                .map(move |dealer| (case, dealer))
        };
        let mut dealers: Vec<_> = of(CaseNumber::Hub(number)).collect();
        let mut upstream = of(CaseNumber::Upstream(number)).peekable();
        if left.is_some() && upstream.peek().is_some() && is_upstreams(rows, number).await? {
            dealers.extend(upstream);
        }
        Ok(Self { rows, dealers, left })
    }

    /// The next messages, oldest first. Empty if there are no more.
    pub async fn batch(&mut self) -> Result<Vec<MessageRow>> {
        let Some((from, last)) = self.left.take() else {
            return Ok(Vec::new());
        };
        let (mut found, mut to) = (Vec::new(), last);
        let together = self.dealers.len().clamp(1, CONCURRENT);
        let limit = BATCH / together;
        for dealers in self.dealers.chunks(together) {
            let reads = dealers
                .iter()
                .map(|dealer| MessageRow::between(self.rows, *dealer, (from, to), limit));
            for read in try_join_all(reads).await? {
                // A full one may have more after its last message.
                let end = read.get(limit - 1).map(MessageRow::received);
                to = end.map_or(to, |end| to.min(end));
                found.extend(read);
            }
            found.sort_by_key(MessageRow::received);
            found.truncate(BATCH);
            let end = found.get(BATCH - 1).map(MessageRow::received);
            to = end.map_or(to, |end| to.min(end));
            found.retain(|row| row.received() <= to);
        }
        self.left = (to < last).then(|| (to.next(), last));
        Ok(found)
    }
}

/// Whether the hub has no case of this number and the messages that upstream sent under it belong to no case yet.
async fn is_upstreams(rows: Table<'_>, number: u64) -> Result<bool> {
    let sequence = Sequence(number);
    let (case, link) = tokio::try_join!(CaseRow::load(rows, &sequence), UpstreamRow::load(rows, &number))?;
    Ok(case.is_none() && !link.is_some_and(|link| link.relinked))
}
