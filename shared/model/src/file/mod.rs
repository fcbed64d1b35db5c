//! Files that people upload: PDF, JPEG and PNG. The check reads a file's structure and unpacks nothing.
//!
//! A reader of a file that passes knows its type, finds a whole file, and does not need more memory for an image than
//! [`MAX_PIXELS`] take. It may still hold what only a scanner finds: compressed parts are not looked into.

mod flaw;
mod jpeg;
mod pdf;
mod png;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use flaw::{FileFlaw, MAX_PIXELS, MAX_SIDE};

pub const PDF: &str = "application/pdf";
pub const JPEG: &str = "image/jpeg";
pub const PNG: &str = "image/png";

/// The media type of a file, by its own bytes: the sender's claim proves nothing.
pub fn check(bytes: &[u8]) -> Result<&'static str, FileFlaw> {
    if bytes.starts_with(png::SIGNATURE) {
        png::check(bytes).map(|()| PNG)
    } else if bytes.starts_with(jpeg::START) {
        jpeg::check(bytes).map(|()| JPEG)
    } else if let Some(pdf) = pdf::behind_start(bytes) {
        pdf::check(pdf).map(|()| PDF)
    } else {
        Err(FileFlaw::UnknownType)
    }
}
