//! Finds credentials that a spec once showed, so that they never get into the tree. This file knows them only by the
//! beginning of their SHA-256.

use std::fs;

use crate::failure::Result;
use crate::files;
use crate::tree;
use crate::workspace::Workspace;

const LEAKED: [&str; 3] = ["ed0237e6504f673d", "335dbcbcf3f4517b", "96882a1b18142cef"];
/// The lengths of the leaked values, with some margin.
const LENGTHS: std::ops::RangeInclusive<usize> = 11..=60;

pub fn check(workspace: &Workspace) -> Result<()> {
    let names = tree::files(&workspace.root)?;
    let leaking: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| fs::read(workspace.root.join(name)).is_ok_and(|bytes| holds_any(&bytes, &LEAKED)))
        .collect();
    if leaking.is_empty() {
        return Ok(());
    }
    let advice = "contains a value that a spec showed as a credential: replace it with an obvious fake";
    Err(format!("{}: {advice}", leaking.join(", ")).into())
}

fn holds_any(bytes: &[u8], hashes: &[&str]) -> bool {
    let outside = |byte: &u8| !(byte.is_ascii_alphanumeric() || b"+/=".contains(byte));
    bytes
        .split(outside)
        // `=` may be a part of the value (base64) or precede it (NAME=value).
        .flat_map(|word| [word, word.splitn(2, |byte| *byte == b'=').nth(1).unwrap_or_default()])
        .flat_map(|word| word.chunks(*LENGTHS.end()))
        .filter(|word| LENGTHS.contains(&word.len()))
        .any(|word| hashes.iter().any(|hash| files::sha256(word).starts_with(hash)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_hash_in_any_syntax() {
        let value = "NotAReal+Secret/42==";
        let hash = files::sha256(value.as_bytes());
        let hashes = [hash.get(..16).unwrap()];
        assert!(holds_any(format!("LEX_SHARED_SECRET={value}\n").as_bytes(), &hashes));
        assert!(holds_any(format!("secret: \"{value}\"").as_bytes(), &hashes));
        assert!(!holds_any(format!("secret: \"{value}x\"").as_bytes(), &hashes));
    }
}
