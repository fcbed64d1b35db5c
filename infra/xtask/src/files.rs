//! File helpers shared by several commands.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use ring::digest;
use serde_json::Value;

use crate::failure::{Context, Result};
use crate::progress::note;
use crate::signals;

pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).context(path.display())
}

pub fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).context(path.display())
}

/// Writes JSON that holds keys or tokens. Only the owner may read the file.
pub fn write_private(path: &Path, value: &Value) -> Result<()> {
    let text = serde_json::to_string_pretty(value).context(path.display())?;
    // The rename is atomic: a reader sees the old file or the new one, never half of it.
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .context(beside.display())?;
    writeln!(file, "{text}").context(beside.display())?;
    fs::rename(&beside, path).context(path.display())
}

pub fn read_json(path: &Path) -> Option<Value> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

pub fn make_dir(path: &Path) -> Result<()> {
    fs::create_dir_all(path).context(path.display())
}

/// An empty log file, opened twice: for a process's standard output and its standard error.
pub fn log(path: &Path) -> Result<(File, File)> {
    if let Some(folder) = path.parent() {
        make_dir(folder)?;
    }
    let out = File::create(path).context(path.display())?;
    let err = out.try_clone().context(path.display())?;
    Ok((out, err))
}

pub fn sha256_of_file(path: &Path) -> Result<String> {
    Ok(sha256(&fs::read(path).context(path.display())?))
}

pub fn sha256(bytes: &[u8]) -> String {
    digest::digest(&digest::SHA256, bytes)
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Takes an exclusive lock, and waits while another process holds it. Dropping the returned file releases it.
pub fn lock(path: &Path, busy: &str) -> Result<File> {
    if let Some(folder) = path.parent() {
        make_dir(folder)?;
    }
    let file = File::create(path).context(path.display())?;
    if file.try_lock().is_ok() {
        return Ok(file);
    }
    note(busy);
    while file.try_lock().is_err() {
        signals::fail_if_interrupted()?;
        thread::sleep(Duration::from_millis(200));
    }
    Ok(file)
}
