//! Channels: who calls with an api key, and what that channel may do.

mod caller;
mod key;
mod row;

pub use caller::{Caller, identify};
pub use key::ApiKey;
pub use row::{ChannelRow, Permissions, Role};
