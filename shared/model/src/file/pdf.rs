//! PDF: a version behind the start and `%%EOF` at the end, which bytes may follow.
//!
//! A PDF that does something when it is opened says so by a name, such as `/JavaScript`. A name can be written with escapes,
//! `/J#61vaScript`. Names in compressed parts cannot be seen here: they are the scanner's.

use super::flaw::FileFlaw::{self, Active, NotWhole};

const START: &[u8] = b"%PDF-";
/// Readers look for the start among so many bytes.
const MAX_HEAD: usize = 1024;
/// UTF-8's.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const END: &[u8] = b"%%EOF";
/// Actions that run a script or a program, and files within the file. An `OpenAction` that runs one has one of these names.
const ACTIVE: [&[u8]; 4] = [b"JavaScript", b"Launch", b"EmbeddedFile", b"EmbeddedFiles"];
/// The text of a script. It is so short that compressed data has it by chance, so it counts outside streams only.
const SCRIPT: &[u8] = b"JS";
/// No name that matters is longer.
const MAX_NAME_LENGTH: usize = 13;

/// What follows the start of a PDF. A byte order mark and white space may stand before it, and nothing else: the file would be of
/// another type too.
pub fn behind_start(bytes: &[u8]) -> Option<&[u8]> {
    let head = bytes.get(..MAX_HEAD).unwrap_or(bytes);
    let text = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head);
    let is_blank = |byte: &&u8| matches!(**byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ');
    let blanks = text.iter().take_while(is_blank).count();
    let start = head.len() - text.len() + blanks;
    head.get(start..)?.strip_prefix(START)?;
    bytes.get(start + START.len()..)
}

/// Checks what follows the start.
pub fn check(rest: &[u8]) -> Result<(), FileFlaw> {
    let [b'1' | b'2', b'.', b'0'..=b'9', rest @ ..] = rest else {
        return Err(NotWhole);
    };
    if rest.windows(END.len()).all(|window| window != END) {
        return Err(NotWhole);
    }
    if names(rest).any(|name| ACTIVE.contains(&name.as_slice())) || outside_streams(rest).any(has_script) {
        return Err(Active);
    }
    Ok(())
}

fn has_script(bytes: &[u8]) -> bool {
    names(bytes).any(|name| name == SCRIPT)
}

/// The names in these bytes without their escapes, as far as they can matter.
fn names(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let slashes = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    slashes.filter_map(|(at, _)| bytes.get(at + 1..)).map(name)
}

fn name(mut bytes: &[u8]) -> Vec<u8> {
    let mut name = Vec::new();
    while name.len() <= MAX_NAME_LENGTH
        && let [first, rest @ ..] = bytes
        && !is_delimiter(*first)
    {
        let (byte, rest) = match (first, rest) {
            (b'#', [high, low, rest @ ..]) if let (Some(high), Some(low)) = (hex(*high), hex(*low)) => {
                (high * 16 + low, rest)
            }
            _ => (*first, rest),
        };
        name.push(byte);
        bytes = rest;
    }
    name
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| digit.try_into().ok())
}

/// White space and delimiters end a name.
fn is_delimiter(byte: u8) -> bool {
    matches!(
        byte,
        0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ' | b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%'
    )
}

/// The parts of a file between its streams. What stands between `stream` and `endstream` at the start of a line is one.
fn outside_streams(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let (part, rest) = split(bytes, b"stream");
        // `endstream` itself has the word.
        bytes = match part.ends_with(b"end") {
            true => rest,
            false => split(rest, b"endstream").1,
        };
        Some(part)
    })
}

/// What stands before and behind the first of these words.
fn split<'a>(bytes: &'a [u8], word: &[u8]) -> (&'a [u8], &'a [u8]) {
    let at = bytes.windows(word.len()).position(|window| window == word);
    let (before, behind) = bytes.split_at(at.unwrap_or(bytes.len()));
    (before, behind.get(word.len()..).unwrap_or_default())
}
