//! Why a file is refused.

use std::fmt;

/// A4 at 1,200 dots per inch has 14,031 pixels on its long side.
pub const MAX_SIDE: u32 = 20_000;
/// A3 at 600 dots per inch has 70 million pixels, and a phone's largest usual photo 108 million. A viewer takes 4 bytes for
/// each: 480 MB.
pub const MAX_PIXELS: u64 = 120_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFlaw {
    /// The first bytes are those of no accepted type.
    UnknownType,
    /// A header is not as its format wants it, or the end is missing.
    NotWhole,
    TooManyPixels,
    /// A PDF that runs a script or a program, or carries another file.
    Active,
}

impl FileFlaw {
    /// Refuses an image with more pixels than a viewer should have to unpack.
    pub(super) fn of_size(width: u32, height: u32) -> Result<(), Self> {
        let pixels = u64::from(width) * u64::from(height);
        match (width.min(height), width.max(height)) {
            (0, _) => Err(Self::NotWhole),
            (_, side) if side > MAX_SIDE || pixels > MAX_PIXELS => Err(Self::TooManyPixels),
            _ => Ok(()),
        }
    }
}

/// What a file has to be.
impl fmt::Display for FileFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownType => f.write_str("must be a PDF, a JPEG or a PNG"),
            Self::NotWhole => f.write_str("must be a whole PDF, JPEG or PNG"),
            Self::TooManyPixels => {
                write!(f, "must have at most {MAX_SIDE} pixels a side and {MAX_PIXELS} in all")
            }
            Self::Active => f.write_str("must have no script, no program to launch and no embedded file"),
        }
    }
}
