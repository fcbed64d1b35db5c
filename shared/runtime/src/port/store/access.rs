//! The port: reads, conditional writes and counters.

use futures_util::future::BoxFuture;
use model::Result;

use super::query::Query;
use super::row::{Item, Key};
use super::write::{Write, Written};

/// A row whose `ttl` has passed is absent for every operation: DynamoDB deletes those late, by days. Indexes still list them.
pub trait Store: Send + Sync {
    fn get<'a>(&'a self, key: &'a Key, consistent: bool) -> BoxFuture<'a, Result<Option<Item>>>;

    /// All or nothing: one row is one conditional write, several are one transaction.
    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Written>>;

    /// New rows that depend on nothing, such as log rows.
    fn append<'a>(&'a self, table: &'a str, items: Vec<Item>) -> BoxFuture<'a, Result<()>>;

    /// The rows of these keys, in their order. Not consistent, which costs half as much.
    fn get_all<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Option<Item>>>>;

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Item>>>;

    /// Adds one to the counter in a row and returns it. The row expires at `ttl`, if given, and then begins again. A lost
    /// answer may count one too many.
    fn count<'a>(&'a self, key: &'a Key, ttl: Option<i64>) -> BoxFuture<'a, Result<u64>>;
}
