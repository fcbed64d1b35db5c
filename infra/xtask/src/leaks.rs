//! Finds values that a spec once showed as credentials, so that they never come into the tree. They are known here by
//! the beginning of their SHA-256 only.

use std::fs;

use crate::failure::Result;
use crate::files;
use crate::process;
use crate::workspace::Workspace;

const LEAKED: [&str; 3] = ["ed0237e6504f673d", "335dbcbcf3f4517b", "96882a1b18142cef"];
/// As long as the leaked values are, and then some.
const LENGTHS: std::ops::RangeInclusive<usize> = 11..=60;

pub fn check(workspace: &Workspace) -> Result<()> {
    let mut list = std::process::Command::new("git");
    list.current_dir(&workspace.root)
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listed = process::capture(list)?;
    let names = listed.split('\0').filter(|name| !name.is_empty());
    let leaking: Vec<&str> = names
        .filter(|name| fs::read(workspace.root.join(name)).is_ok_and(|bytes| holds_any(&bytes, &LEAKED)))
        .collect();
    if leaking.is_empty() {
        return Ok(());
    }
    let advice = "a value that a spec showed as a credential stands there: put an obvious fake in its place";
    Err(format!("{}: {advice}", leaking.join(", ")).into())
}

fn holds_any(bytes: &[u8], hashes: &[&str]) -> bool {
    let outside = |byte: &u8| !(byte.is_ascii_alphanumeric() || b"+/=".contains(byte));
    bytes
        .split(outside)
        // `=` may be a part of the value (base64) or stand before it (NAME=value).
        .flat_map(|word| [word, word.splitn(2, |byte| *byte == b'=').nth(1).unwrap_or_default()])
        .flat_map(|word| word.chunks(*LENGTHS.end()))
        .filter(|word| LENGTHS.contains(&word.len()))
        .any(|word| hashes.iter().any(|hash| files::sha256(word).starts_with(hash)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_hash_wherever_it_stands() {
        let value = "NotAReal+Secret/42==";
        let hash = files::sha256(value.as_bytes());
        let hashes = [hash.get(..16).unwrap()];
        assert!(holds_any(format!("LEX_SHARED_SECRET={value}\n").as_bytes(), &hashes));
        assert!(holds_any(format!("secret: \"{value}\"").as_bytes(), &hashes));
        assert!(!holds_any(format!("secret: \"{value}x\"").as_bytes(), &hashes));
    }
}
