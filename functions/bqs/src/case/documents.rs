//! How many documents a case has, and their bytes. An announced document counts from its announcement on, also if it never
//! arrives or is refused: its channel may upload it all the same.

use model::{Error, Kind, Result};
use serde::{Deserialize, Serialize};

const MIB: u64 = 1024 * 1024;

/// The most documents of a case. One of two applicants has about twenty, and a hundred where every page is a file.
pub const MAX_DOCUMENTS: u32 = 200;
/// In bytes. An upload has at most 20 MiB, and a scanned page about one.
pub const MAX_BYTES: u64 = 500 * MIB;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentCount {
    pub documents: u32,
    pub bytes: u64,
}

impl DocumentCount {
    /// With one more document of `size` bytes. None if that is too many.
    pub fn with(self, size: u64, most: Self) -> Option<Self> {
        let more = Self {
            documents: self.documents.saturating_add(1),
            bytes: self.bytes.saturating_add(size),
        };
        (more.documents <= most.documents && more.bytes <= most.bytes).then_some(more)
    }

    /// The same for a document of a case.
    pub fn with_document(self, size: u64) -> Result<Self> {
        let most = Self {
            documents: MAX_DOCUMENTS,
            bytes: MAX_BYTES,
        };
        self.with(size, most).ok_or_else(|| {
            let why = format!(
                "A case may have {MAX_DOCUMENTS} documents of {} MiB together.",
                MAX_BYTES / MIB
            );
            Error::new(Kind::TooLarge, why)
        })
    }
}
