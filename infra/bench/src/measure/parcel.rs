//! The size of what is uploaded: a zip of the binary, or of a script and all it needs, at the hardest level.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::failure::{Context, Result};
use crate::variant::Parcel;

/// Of a zip: both headers of an entry, without its name, and the end of the directory.
const ENTRY: u64 = 30 + 46;
const END: u64 = 22;

/// Nothing that is made anew wherever it runs.
const LEFT_OUT: [&str; 3] = ["__pycache__", ".bin", ".package-lock.json"];

pub fn size(parcel: &Parcel) -> Result<u64> {
    let entries = match parcel {
        Parcel::Binary(path) => entry(path, "bootstrap".len())?,
        Parcel::Folder(path) => folder(path, path)?,
    };
    Ok(entries + END)
}

fn folder(root: &Path, path: &Path) -> Result<u64> {
    let mut sum = 0;
    for found in fs::read_dir(path).context(path.display())? {
        let found = found?;
        let name = found.file_name();
        if LEFT_OUT.iter().any(|left_out| name == *left_out) {
            continue;
        }
        let kind = found.file_type()?;
        if kind.is_dir() {
            sum += folder(root, &found.path())?;
        } else if kind.is_file() {
            let name = found.path().strip_prefix(root)?.as_os_str().len();
            sum += entry(&found.path(), name)?;
        }
    }
    Ok(sum)
}

fn entry(path: &Path, name: usize) -> Result<u64> {
    let bytes = fs::read(path).context(path.display())?;
    let mut counted = DeflateEncoder::new(Count(0), Compression::best());
    counted.write_all(&bytes)?;
    let packed = counted.finish()?.0;
    Ok(ENTRY + 2 * u64::try_from(name)? + packed.min(u64::try_from(bytes.len())?))
}

struct Count(u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += u64::try_from(bytes.len()).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
