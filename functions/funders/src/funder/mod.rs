//! The funders: their products, their health, and a test of the connection to them.

pub mod list;
pub mod test;

#[cfg(test)]
mod tests;
