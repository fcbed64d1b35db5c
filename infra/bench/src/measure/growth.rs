//! How the instructions of each reader of untrusted input grow with its input. `infra/readers` has the readers and inputs that
//! are hard for them.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::bench::Bench;
use crate::failure::{Context, Result};
use crate::measure::instructions::{front, sum};

const READERS: &str = "readers";

/// The instructions of a reader for an input and for one twice as large, without those that made the input.
pub struct Growth {
    pub reader: String,
    pub once: u64,
    pub twice: u64,
}

impl Growth {
    pub fn ratio(&self) -> f64 {
        self.twice as f64 / self.once as f64
    }
}

pub fn measure(bench: &Bench) -> Result<Vec<Growth>> {
    let program = bench.binary(READERS);
    let listed = Command::new(&program).output().context(program.display())?;
    let listed = String::from_utf8(listed.stdout)?;
    listed.lines().map(|line| growth(bench, &program, line)).collect()
}

/// Of one line of the list: a reader's name, and the size to begin with.
fn growth(bench: &Bench, program: &Path, line: &str) -> Result<Growth> {
    let (reader, size) = line.split_once(' ').context(line)?;
    let size: u64 = size.parse()?;
    let count = |size| {
        let both = count(bench, program, reader, size, "read")?;
        Ok::<_, crate::failure::Failure>(both.saturating_sub(count(bench, program, reader, size, "make")?))
    };
    Ok(Growth {
        reader: reader.to_owned(),
        once: count(size)?,
        twice: count(2 * size)?,
    })
}

fn count(bench: &Bench, program: &Path, reader: &str, size: u64, what: &str) -> Result<u64> {
    let out = bench.out(&format!("logs/growth.{reader}.{size}.{what}"));
    let front = front(&out);
    let (valgrind, arguments) = front.split_first().context("no valgrind")?;
    let ended = Command::new(valgrind)
        .args(arguments)
        .arg(program)
        .args([reader, &size.to_string(), what])
        .stdin(Stdio::null())
        .status()
        .context("valgrind")?;
    if !ended.success() {
        return Err(format!("the reader {reader} does not do with its input what infra/readers says").into());
    }
    sum(&out)
}
