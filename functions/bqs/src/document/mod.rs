//! Documents of a case. A document is recognised by its first bytes and stored as a file. The file's key holds nothing that
//! a caller wrote.

pub mod arrive;
mod check;
mod pending;
pub mod presign;
pub mod refusal;
mod stored;
pub mod upload;

#[cfg(test)]
mod tests;

pub use stored::StoredDocument;
