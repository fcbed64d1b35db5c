//! One quote by a program that was built for another machine.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::bench::Bench;
use crate::child::Child;
use crate::failure::Result;
use crate::progress::note;
use crate::variant;

pub async fn answer(bench: &Bench, program: PathBuf, front: &[OsString]) -> Result<()> {
    bench.stubs.delay(0, 0);
    let variant = variant::quote_of(bench, program);
    let mut child = Child::start_under(bench, &variant, true, front).await?;
    let answer = child.answer().await?;
    note(format!(
        "answered {} after {} ms",
        answer.status(),
        child.begun.elapsed().as_millis()
    ));
    Ok(())
}
