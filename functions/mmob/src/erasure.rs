//! What the domain's rows have of a user of MMOB: orders, with the texts that a provider or an operator wrote for the user.

use model::Result;
use partners_marketplace::{Marketplace, Mmob};
use runtime::http::list::Entry;
use runtime::port::store::{Item, Key, typed};
use runtime::work::erasure::{ErasableRows, ErasureMatch, FoundSubject, SubjectSearch};
use runtime::work::row::{Row, Table};

use crate::Env;
use crate::order::OrderRow;

impl ErasableRows for Env {
    fn erasable(&self) -> Result<Table<'_>> {
        self.table()
    }

    fn erasable_files(&self) -> Result<Option<&str>> {
        Ok(None)
    }

    fn calls(partner: &str) -> bool {
        partner == Mmob.name()
    }

    async fn matches(&self, search: &SubjectSearch, row: Item) -> Result<Vec<ErasureMatch>> {
        let rows = self.table()?;
        let key = Key::of(rows.name, &row);
        let found = match key.sk.as_deref() {
            Some("ORDER") => order_match(rows, search, &typed(row)?)?,
            _ if key.pk.starts_with("ORDERS#") => entry_match(search, key, &typed(row)?),
            _ => None,
        };
        Ok(found.into_iter().collect())
    }
}

fn order_match(rows: Table<'_>, search: &SubjectSearch, row: &OrderRow) -> Result<Option<ErasureMatch>> {
    let known = search
        .subject(&row.id)
        .or_else(|| search.customer(&row.tpp_user_id, row.created_at));
    let in_decision = || {
        let decision = serde_json::to_string(row.decision.as_ref()?).ok()?;
        search.email_in(&decision, row.created_at)
    };
    let Some(erasure) = known.or_else(in_decision) else {
        return Ok(None);
    };
    let entry = Key::of(rows.name, &row.entry(rows)?);
    Ok(Some(ErasureMatch {
        erasure,
        found: vec![FoundSubject::new(&row.id)],
        rows: vec![entry, OrderRow::key(rows, &row.id)],
    }))
}

/// An entry that a worker in flight has written again.
fn entry_match(search: &SubjectSearch, key: Key, entry: &Entry) -> Option<ErasureMatch> {
    let order = entry.row_partition().strip_prefix("ORDER#")?;
    Some(ErasureMatch::of_rows(search.subject(order)?, vec![key]))
}

#[cfg(test)]
mod tests;
