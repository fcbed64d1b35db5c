//! What lists have in common.

/// How many entries a page has where nobody says.
const USUAL: usize = 50;

/// How many entries a page shall have.
pub fn size(limit: Option<u32>) -> usize {
    limit.and_then(|limit| limit.try_into().ok()).unwrap_or(USUAL)
}
