//! The reader of lists: a page that looks at every row and keeps none.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use model::{Error, Kind, Result};
use runtime::http::list::{ListParams, Source, page};
use runtime::port::store::{Item, Key, Query, Store, Write, Written, item};
use serde::Serialize;
use uuid::Uuid;

use crate::reader::Reader;

/// A page looks at 1,000 rows.
const ROWS: usize = 400;

pub fn readers() -> Vec<Reader> {
    vec![Reader {
        name: "list-rows",
        size: ROWS,
        make: |size| vec![b'x'; size],
        read,
        refused: false,
    }]
}

#[derive(Serialize)]
struct ListedRow {
    pk: &'static str,
    sk: String,
}

/// As many rows as the input has bytes.
fn read(input: &[u8]) -> Result<()> {
    let rows = Rows(input.len());
    let source = Source::rows(&rows, "table", vec!["list".to_owned()]);
    let params = ListParams {
        limit: Some(100),
        cursor: None,
    };
    let read = page(&source, params, |_| Ok(None::<()>)).now_or_never();
    let waits = || Error::new(Kind::Internal, "the store waits");
    read.ok_or_else(waits)?.map(drop)
}

/// A partition of this many rows, whose ids count up from 1.
struct Rows(usize);

impl Rows {
    fn page(&self, query: &Query) -> Result<Vec<Item>> {
        let last = u128::try_from(self.0).unwrap_or_default();
        let to = query.to.as_ref().and_then(|to| to.parse::<Uuid>().ok());
        let to = to.map_or(last, |to| to.as_u128().min(last));
        let row = |id| {
            item(&ListedRow {
                pk: "list",
                sk: Uuid::from_u128(id).to_string(),
            })
        };
        (1..=to).rev().take(query.limit.into()).map(row).collect()
    }
}

fn unused<T: Send + 'static>() -> BoxFuture<'static, Result<T>> {
    ready(Err(Error::new(Kind::Internal, "lists only query"))).boxed()
}

impl Store for Rows {
    fn get<'a>(&'a self, _: &'a Key, _: bool) -> BoxFuture<'a, Result<Option<Item>>> {
        unused()
    }

    fn write(&self, _: Vec<Write>) -> BoxFuture<'_, Result<Written>> {
        unused()
    }

    fn append<'a>(&'a self, _: &'a str, _: Vec<Item>) -> BoxFuture<'a, Result<()>> {
        unused()
    }

    fn get_all<'a>(&'a self, _: &'a [Key]) -> BoxFuture<'a, Result<Vec<Option<Item>>>> {
        unused()
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Item>>> {
        ready(self.page(query)).boxed()
    }

    fn count<'a>(&'a self, _: &'a Key, _: Option<i64>) -> BoxFuture<'a, Result<u64>> {
        unused()
    }
}
