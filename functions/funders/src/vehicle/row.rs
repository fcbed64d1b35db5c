//! Where a vehicle is stored.

use model::Result;
use runtime::port::store::Key;

use crate::Env;

/// The list of all vehicles.
pub const LIST: &str = "VEHICLES";

pub fn key(env: &Env, cap_id: &str) -> Result<Key> {
    Ok(env.table()?.key(format!("VEHICLE#{cap_id}"), "VEHICLE"))
}
