//! Cases: dealers create, change, read and score them.

pub mod consent;
pub mod create;
pub mod get;
pub mod refused;
pub mod row;
mod running;
pub mod schema;
pub mod score;
pub mod update;
mod view;
pub mod write;

#[cfg(test)]
mod tests;
