//! Products: ours at MMOB, and what is to be done when one is ordered.

mod row;

pub use row::{Fulfilment, ProductRow};
