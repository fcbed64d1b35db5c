//! Documents of a case. A document is checked without being unpacked and stored as a file. The file's key holds nothing that
//! a caller wrote.

pub mod arrive;
mod channel_day;
mod check;
mod pending;
mod place;
pub mod presign;
pub mod refusal;
mod stored;
pub mod upload;

#[cfg(test)]
mod tests;

pub use stored::{StoredDocument, key as file_key};
