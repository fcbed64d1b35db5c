//! Documents of a case: checked before they are decoded, known by their first bytes, and kept as files under keys that hold
//! nothing a caller wrote.

pub mod arrive;
mod check;
mod kept;
mod pending;
pub mod presign;
pub mod upload;

#[cfg(test)]
mod tests;

pub use kept::Kept;
