//! Channels: who calls with an api key, and what that channel may do.

mod actor;
mod caller;
pub mod directory;
mod key;
mod row;

pub use actor::Actor;
pub use caller::{Caller, identify};
pub use key::ApiKey;
pub use row::{ChannelRow, LONGEST_NAME, Permissions, Role, is_name};
