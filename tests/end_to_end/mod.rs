//! The deployed template over HTTP, with its queues and tables, against the simulated partners.
//!
//! Tests are in a folder for each domain, so that `cargo xtask test bqs` selects those of one domain.

mod all_domains;
mod bqs;
mod funders;
mod mmob;
mod operations;
