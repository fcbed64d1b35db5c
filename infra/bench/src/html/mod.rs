//! The report as one HTML page that loads no other file.

mod chart;
mod escape;
mod page;

pub use page::page;
