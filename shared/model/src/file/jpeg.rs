//! JPEG: segments, each behind a marker. A start of frame has the size and comes before the data. The end is a marker too, and
//! bytes may follow it: cameras put more images there.

use super::flaw::FileFlaw::{self, NotWhole};

pub const START: &[u8] = b"\xff\xd8\xff";

const START_OF_IMAGE: u8 = 0xd8;
const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;
/// These markers stand alone, within the data.
const RESTARTS: std::ops::RangeInclusive<u8> = 0xd0..=0xd7;

pub fn check(bytes: &[u8]) -> Result<(), FileFlaw> {
    let mut rest = bytes.strip_prefix(&[0xff, START_OF_IMAGE]).ok_or(NotWhole)?;
    let (mut has_frame, mut has_data) = (false, false);
    loop {
        let (marker, behind) = marker(rest)?;
        rest = match marker {
            END_OF_IMAGE if has_data => return Ok(()),
            // A segment has a length, which those without one lack: they have no place here.
            END_OF_IMAGE | START_OF_IMAGE | 0x00 | 0x01 => return Err(NotWhole),
            restart if RESTARTS.contains(&restart) => return Err(NotWhole),
            marker => {
                let (segment, behind) = segment(behind)?;
                // 0xc4, 0xc8 and 0xcc are tables.
                if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
                    size(segment)?;
                    has_frame = true;
                }
                if marker == START_OF_SCAN {
                    has_data = has_frame;
                    if !has_frame {
                        return Err(NotWhole);
                    }
                    data(behind)
                } else {
                    behind
                }
            }
        };
    }
}

/// A marker, and what follows it. Any number of 0xff may stand before it.
fn marker(bytes: &[u8]) -> Result<(u8, &[u8]), FileFlaw> {
    let rest = bytes.strip_prefix(&[0xff]).ok_or(NotWhole)?;
    let fill = rest.iter().take_while(|byte| **byte == 0xff).count();
    let (marker, rest) = rest.get(fill..).and_then(<[u8]>::split_first).ok_or(NotWhole)?;
    Ok((*marker, rest))
}

/// A segment's content, whose length counts its own two bytes, and what follows it.
fn segment(bytes: &[u8]) -> Result<(&[u8], &[u8]), FileFlaw> {
    let (length, rest) = bytes.split_first_chunk().ok_or(NotWhole)?;
    let length = usize::from(u16::from_be_bytes(*length))
        .checked_sub(2)
        .ok_or(NotWhole)?;
    rest.split_at_checked(length).ok_or(NotWhole)
}

/// What follows the data of a scan: the next marker. Within the data 0xff is followed by 0 or by a restart.
fn data(bytes: &[u8]) -> &[u8] {
    let is_marker = |pair: &[u8]| match pair {
        [0xff, next] => *next != 0 && !RESTARTS.contains(next),
        _ => false,
    };
    let end = bytes.windows(2).position(is_marker).unwrap_or(bytes.len());
    bytes.get(end..).unwrap_or_default()
}

fn size(frame: &[u8]) -> Result<(), FileFlaw> {
    let &[_precision, h1, h0, w1, w0, components, ..] = frame else {
        return Err(NotWhole);
    };
    if !(1..=4).contains(&components) {
        return Err(NotWhole);
    }
    let [height, width] = [[h1, h0], [w1, w0]].map(|pair| u16::from_be_bytes(pair).into());
    FileFlaw::of_size(width, height)
}
