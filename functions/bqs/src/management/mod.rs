//! Management of channels: admins create them, set their permissions and rotate their keys.

mod channel_view;
pub mod create;
pub mod get;
mod page;
pub mod rotate;
pub mod update;
mod wanted;

#[cfg(test)]
mod tests;
