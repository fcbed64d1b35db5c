//! Where a vehicle is stored: once for staff, and once for each caller who quoted it.

use model::Result;
use runtime::port::store::Key;

use crate::Env;

/// The list of all vehicles.
pub const LIST: &str = "VEHICLES";

/// The vehicle as the newest quote of any caller describes it.
pub fn key(env: &Env, cap_id: &str) -> Result<Key> {
    Ok(env.table()?.key(partition(cap_id), "VEHICLE"))
}

/// The vehicle as the newest quote of `owner` describes it.
pub fn key_of(env: &Env, cap_id: &str, owner: &str) -> Result<Key> {
    Ok(env.table()?.key(partition(cap_id), &format!("OWNER#{owner}")))
}

pub fn partition(cap_id: &str) -> String {
    format!("VEHICLE#{cap_id}")
}
