//! What the guard counts.

use model::Result;

/// A reader with an input that is hard for it.
pub struct Reader {
    pub name: &'static str,
    /// The size of the smaller input. Twice as much is at the limit, or as far beyond as it takes to see growth.
    pub size: usize,
    pub make: fn(usize) -> Vec<u8>,
    pub read: fn(&[u8]) -> Result<()>,
    /// Whether the input is refused in the end.
    pub refused: bool,
}
