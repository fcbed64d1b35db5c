//! Vehicles, by their id in the CAP database.

pub mod get;
pub mod list;

#[cfg(test)]
mod tests;

use model::Result;
use runtime::store::Key;

use crate::Env;

/// The list of all vehicles.
pub const LIST: &str = "VEHICLES";

pub fn key(env: &Env, cap_id: &str) -> Result<Key> {
    Ok(Key::new(env.table()?, format!("VEHICLE#{cap_id}"), Some("VEHICLE")))
}
