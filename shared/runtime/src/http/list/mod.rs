//! Lists: rows in pages, newest first.
//!
//! A list refuses every parameter of a query that its types do not name, and so does another route whose input is [`QueryParams`].
//!
//! An entry names a row by the time it was made, in one partition per month or per customer. The worker that files a row
//! writes its entries, behind the request. A page finds rows by their entries and shows them as they are now. Rows that are
//! stored in the order of their ids need no entries.

mod cursor;
mod entry;
mod names;
mod page;
mod params;

pub use cursor::Cursor;
pub use entry::{Entry, made_at, month_of, months};
pub use names::QueryParams;
pub use page::{ListPage, Source, page};
pub use params::{List, ListParams, ListWindow, NoFilter, Period};
