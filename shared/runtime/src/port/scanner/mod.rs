//! Scanners: whether a stored document carries malware. A document goes to a partner only after a scanner found it clean.

mod clamd;
mod configured;
mod guardduty;
#[cfg(test)]
mod tests;
mod verdict;

pub use configured::ConfiguredScanner;
pub use verdict::{ScanVerdict, Scanner};
