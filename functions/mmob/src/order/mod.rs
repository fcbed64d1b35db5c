//! Orders: a webhook writes one down and enqueues it, a worker does what its product asks for and tells MMOB, and a sweep
//! sees to what was left lying.

mod ask;
mod callback;
mod facts;
mod fulfil;
pub mod get;
pub mod list;
#[cfg(test)]
mod operators;
pub mod process;
pub mod resolve;
mod row;
mod save;
pub mod sweep;
mod tell;
#[cfg(test)]
mod tests;
mod token;
mod view;
pub mod webhook;

use std::time::Duration;

use garde::Validate;
use model::Result;
use serde::{Deserialize, Serialize};

use crate::Env;

pub use row::{Manual, OrderRow, Step};
pub use token::Freshness;

/// A message: which order to look at. What is to be done about it, its row says.
#[derive(Debug, PartialEq, Serialize, Deserialize, Validate)]
pub struct Wake {
    #[garde(length(min = 1, max = 64))]
    pub id: String,
}

/// Has a worker look at an order, `after` a while.
pub async fn wake(env: &Env, id: &str, after: Duration) -> Result<()> {
    let message = Wake { id: id.to_owned() };
    env.order_queue()?.send(&message, after).await
}
