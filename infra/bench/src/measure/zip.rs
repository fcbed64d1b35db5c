//! The size of the uploaded zip: the binary at the hardest compression level.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::failure::{Context, Result};

/// Of the zip format: both headers of the only entry, its name in each, and the end of the directory.
const HEADERS: usize = 30 + 46 + 2 * "bootstrap".len() + 22;

pub fn size(binary: &Path) -> Result<u64> {
    let bytes = fs::read(binary).context(binary.display())?;
    let mut counted = DeflateEncoder::new(Count(0), Compression::best());
    counted.write_all(&bytes)?;
    Ok(u64::try_from(HEADERS + counted.finish()?.0.min(bytes.len()))?)
}

struct Count(usize);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
