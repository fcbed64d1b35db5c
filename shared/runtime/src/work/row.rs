//! Rows of a domain's table, each under its id. A row that changes names the revision that it replaces, so that of two writers
//! who read the same revision one is refused.

use jiff::Timestamp;
use model::{Error, Kind, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::port::clock::Clock;
use crate::port::store::{Backoff, Item, Key, Store, When, Write, Written, typed};

/// One table of a store.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    pub store: &'a dyn Store,
    pub name: &'a str,
}

impl<'a> Table<'a> {
    pub fn new(store: &'a dyn Store, name: &'a str) -> Self {
        Self { store, name }
    }

    pub fn key(self, pk: impl Into<String>, sk: &str) -> Key {
        Key::new(self.name, pk, Some(sk))
    }

    /// A row as it is now, in its type.
    pub async fn read<T: DeserializeOwned>(self, key: &Key) -> Result<Option<T>> {
        self.store.get(key, true).await?.map(typed).transpose()
    }

    /// Adds rows that depend on nothing.
    pub async fn append(self, items: Vec<Item>) -> Result<()> {
        self.store.append(self.name, items).await
    }

    /// Whether all of these were written. If not, a condition did not hold.
    pub async fn write(self, writes: Vec<Write>) -> Result<bool> {
        Ok(self.store.write(writes).await? == Written::Done)
    }
}

/// How often a row was written, and when. A member of every row that changes, flattened into it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    revision: u32,
    updated_at: Timestamp,
}

impl Version {
    /// For a new row that is stored by `create`. The default is for one that is stored by `replace`.
    pub fn first(now: Timestamp) -> Self {
        Self {
            revision: 1,
            updated_at: now,
        }
    }

    /// 0 if the row was never written.
    pub fn revision(self) -> u32 {
        self.revision
    }

    pub fn updated_at(self) -> Timestamp {
        self.updated_at
    }

    /// The condition that the row is as it was read, or absent if it was never written.
    pub fn unchanged(self) -> When {
        match self.revision {
            0 => When::Absent,
            revision => When::number("revision", revision.into()),
        }
    }

    /// The next version, for a write on the condition that it returns.
    pub fn advance(&mut self, now: Timestamp) -> When {
        let unchanged = self.unchanged();
        *self = Self {
            revision: self.revision.saturating_add(1),
            updated_at: now,
        };
        unchanged
    }
}

/// A row that is found by its id.
pub trait Row: Serialize + DeserializeOwned + Send + Sync {
    type Id: ?Sized;

    /// Where the row with this id is.
    fn key(table: Table<'_>, id: &Self::Id) -> Key;

    fn id(&self) -> &Self::Id;

    /// The row as it is now.
    fn load(table: Table<'_>, id: &Self::Id) -> impl Future<Output = Result<Option<Self>>> + Send {
        let key = Self::key(table, id);
        async move { table.read(&key).await }
    }

    /// The first write of this row. It is refused if there is a row.
    fn create(&self, table: Table<'_>) -> Result<Write> {
        Write::put(Self::key(table, self.id()), self, When::Absent)
    }

    /// Stores the row, or returns the row that is there.
    fn insert(&self, table: Table<'_>) -> impl Future<Output = Result<Option<Self>>> + Send {
        async move {
            match table.store.write(vec![self.create(table)?]).await? {
                Written::Done => Ok(None),
                Written::Refused(found) => {
                    let found = found.into_iter().flatten().next();
                    let raced = || Error::new(Kind::Unavailable, "a row both exists and is absent");
                    typed(found.ok_or_else(raced)?).map(Some)
                }
            }
        }
    }
}

/// The result of [`Revised::update`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Updated {
    Written,
    /// There was nothing to change.
    Unchanged,
    /// Another writer has removed the row.
    Gone,
}

/// A row that changes.
pub trait Revised: Row {
    fn version(&mut self) -> &mut Version;

    /// The write that replaces the revision that was read, or written last.
    fn replace(&mut self, table: Table<'_>, now: Timestamp) -> Result<Write> {
        let unchanged = self.version().advance(now);
        Write::put(Self::key(table, self.id()), self, unchanged)
    }

    /// Replaces the row. False if another writer has changed it since it was read.
    fn save(&mut self, table: Table<'_>, now: Timestamp) -> impl Future<Output = Result<bool>> + Send {
        let write = self.replace(table, now);
        async move { table.write(vec![write?]).await }
    }

    /// Changes the row and replaces it. If another writer was first, reads the row and changes it again, a few times.
    /// `change` returns whether it has changed anything.
    fn update(
        &mut self,
        table: Table<'_>,
        clock: Clock,
        mut change: impl FnMut(&mut Self) -> bool + Send,
    ) -> impl Future<Output = Result<Updated>> + Send {
        async move {
            let mut pauses = Backoff::of_writer();
            loop {
                if !change(self) {
                    return Ok(Updated::Unchanged);
                }
                if self.save(table, clock.now()).await? {
                    return Ok(Updated::Written);
                }
                pauses.wait_or("other writers keep changing this row").await?;
                match Self::load(table, self.id()).await? {
                    Some(fresh) => *self = fresh,
                    None => return Ok(Updated::Gone),
                }
            }
        }
    }
}
