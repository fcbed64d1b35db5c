//! PNG: a signature, then chunks. IHDR is the first and has the size; IEND is the last, and nothing follows it.

use super::flaw::FileFlaw::{self, NotWhole};

pub const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

pub fn check(bytes: &[u8]) -> Result<(), FileFlaw> {
    let rest = bytes.strip_prefix(SIGNATURE).ok_or(NotWhole)?;
    let (header, mut rest) = chunk(rest)?;
    if header.name != b"IHDR" {
        return Err(NotWhole);
    }
    size(header.data)?;
    let mut has_data = false;
    loop {
        let (chunk, behind) = chunk(rest)?;
        match chunk.name {
            b"IEND" if chunk.data.is_empty() && behind.is_empty() && has_data => return Ok(()),
            b"IEND" | b"IHDR" => return Err(NotWhole),
            name => has_data |= name == b"IDAT",
        }
        rest = behind;
    }
}

struct Chunk<'a> {
    name: &'a [u8; 4],
    data: &'a [u8],
}

/// The first chunk, and what follows its checksum.
fn chunk(bytes: &[u8]) -> Result<(Chunk<'_>, &[u8]), FileFlaw> {
    let (length, rest) = bytes.split_first_chunk().ok_or(NotWhole)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| NotWhole)?;
    let (name, rest) = rest.split_first_chunk().ok_or(NotWhole)?;
    let (data, rest) = rest.split_at_checked(length).ok_or(NotWhole)?;
    let (_checksum, rest) = rest.split_first_chunk::<4>().ok_or(NotWhole)?;
    if !name.iter().all(u8::is_ascii_alphabetic) {
        return Err(NotWhole);
    }
    Ok((Chunk { name, data }, rest))
}

fn size(header: &[u8]) -> Result<(), FileFlaw> {
    let (width, rest) = header.split_first_chunk().ok_or(NotWhole)?;
    let (height, rest) = rest.split_first_chunk().ok_or(NotWhole)?;
    // Bits, colours, compression, filter and interlacing.
    let &[1 | 2 | 4 | 8 | 16, 0 | 2 | 3 | 4 | 6, 0, 0, 0 | 1] = rest else {
        return Err(NotWhole);
    };
    FileFlaw::of_size(u32::from_be_bytes(*width), u32::from_be_bytes(*height))
}
