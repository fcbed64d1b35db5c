//! Queries: the rows under one partition key, in the order of their sort keys.

use super::row::Item;

/// Another order of a table's rows. It holds their keys only, and rows without its key attributes are not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    pub name: &'static str,
    pub pk: &'static str,
    pub sk: &'static str,
}

/// Rows under one partition key, by sort key, newest first by default.
#[derive(Clone, Debug)]
pub struct Query {
    pub table: String,
    pub index: Option<Index>,
    pub pk: String,
    /// The least sort key, itself included.
    pub from: Option<String>,
    /// The greatest sort key, itself included.
    pub to: Option<String>,
    /// The row to begin after: the last one of an earlier read of the same query.
    pub after: Option<Item>,
    pub oldest_first: bool,
    /// Sees every write that was answered before. Indexes cannot.
    pub consistent: bool,
    pub limit: u16,
    /// The members to read of each row, beside its `ttl`. Empty: all of them.
    pub members: &'static [&'static str],
}

impl Query {
    pub fn new(table: impl Into<String>, pk: impl Into<String>, limit: u16) -> Self {
        Self {
            table: table.into(),
            index: None,
            pk: pk.into(),
            from: None,
            to: None,
            after: None,
            oldest_first: false,
            consistent: false,
            limit,
            members: &[],
        }
    }

    #[must_use]
    pub fn index(self, index: Index) -> Self {
        Self {
            index: Some(index),
            ..self
        }
    }

    #[must_use]
    pub fn from(self, least: Option<String>) -> Self {
        Self { from: least, ..self }
    }

    #[must_use]
    pub fn to(self, greatest: Option<String>) -> Self {
        Self { to: greatest, ..self }
    }

    /// Begins after this row. Of rows with the same sort key in an index, none is read twice or left out.
    #[must_use]
    pub fn after(self, last: Option<Item>) -> Self {
        Self { after: last, ..self }
    }

    #[must_use]
    pub fn oldest_first(self) -> Self {
        Self {
            oldest_first: true,
            ..self
        }
    }

    #[must_use]
    pub fn consistent(self) -> Self {
        Self {
            consistent: true,
            ..self
        }
    }

    /// Reads these members only. An index has no members beside its keys.
    #[must_use]
    pub fn members(self, members: &'static [&'static str]) -> Self {
        Self { members, ..self }
    }

    /// The keys of the row to begin after, in the table and in the index.
    pub(super) fn start(&self) -> Option<Item> {
        let (pk, sk) = self.keys();
        let is_key = |name: &str| ["pk", "sk", pk, sk].contains(&name);
        let keys = self.after.iter().flatten().filter(|(name, _)| is_key(name));
        self.after
            .is_some()
            .then(|| keys.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    pub(super) fn keys(&self) -> (&'static str, &'static str) {
        self.index.map_or(("pk", "sk"), |index| (index.pk, index.sk))
    }
}
