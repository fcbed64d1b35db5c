//! Channels: the callers of this API, and their permissions.

mod actor;
mod caller;
pub mod directory;
mod key;
mod row;

pub use actor::Actor;
pub use caller::{Caller, identify};
pub use key::ApiKey;
pub use row::{ChannelRow, MAX_NAME_LENGTH, Permissions, Role, is_name};
