//! Instructions, which repeat where times do not. cachegrind counts them: callgrind is half as fast, so slow that
//! connections time out. Valgrind hides the processor's SHA extensions, so hashing and signatures count for more than
//! they cost.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Serialize;

use crate::bench::Bench;
use crate::child::Child;
use crate::failure::{Context, Result};
use crate::variant::Variant;

const FEW: u64 = 50;
const MANY: u64 = 150;
const RUNS: usize = 5;

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Instructions {
    /// Until the process asks for an event.
    pub init: u64,
    /// Until its first answer.
    pub total: u64,
    /// For each further answer.
    pub warm: u64,
}

pub fn installed() -> bool {
    let version = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

pub async fn measure(bench: &Bench, variant: &Variant) -> Result<Instructions> {
    let few = count(bench, variant, FEW).await?;
    let many = count(bench, variant, MANY).await?;
    Ok(Instructions {
        init: init(bench, variant).await?,
        total: total(bench, variant).await?,
        warm: many.saturating_sub(few) / (MANY - FEW),
    })
}

pub async fn init(bench: &Bench, variant: &Variant) -> Result<u64> {
    count(bench, variant, 0).await
}

/// The least of a few runs. Init waits a second for its connections; under valgrind, or on a busy machine, one can take
/// longer, and the first request then opens it again.
async fn total(bench: &Bench, variant: &Variant) -> Result<u64> {
    let mut least = u64::MAX;
    for _ in 0..RUNS {
        least = least.min(count(bench, variant, 1).await?);
    }
    Ok(least)
}

/// The instructions of a process that ends after this many answers.
async fn count(bench: &Bench, variant: &Variant, answers: u64) -> Result<u64> {
    bench.stubs.delay(0, 0);
    let out = bench.out(&format!("logs/instructions.{}.{answers}", variant.id));
    let mut child = Child::start_under(bench, variant, false, &front(&out)).await?;
    child.ready().await?;
    for _ in 0..answers {
        child.invoke().await?;
    }
    child.terminate().await?;
    bench.stubs.timeline.take();
    sum(&out)
}

/// The command line in front of the counted program.
pub fn front(out: &Path) -> Vec<OsString> {
    let front = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--quiet"].map(OsString::from);
    let file = OsString::from(format!("--cachegrind-out-file={}", out.display()));
    front.into_iter().chain([file]).collect()
}

pub fn sum(out: &Path) -> Result<u64> {
    let text = fs::read_to_string(out).context(out.display())?;
    let total = text
        .lines()
        .find_map(|line| line.strip_prefix("totals:").or_else(|| line.strip_prefix("summary:")));
    let total = total.and_then(|total| total.trim().parse().ok());
    total.context(format!("{} has no total", out.display()))
}
