//! Instructions: lives that go one step further each, and their differences.

use std::ffi::OsString;

use serde::Serialize;

use super::process::{self, Program};
use crate::bench::Bench;
use crate::failure::{Context, Result};
use crate::measure::instructions;
use crate::stats::Estimate;

/// Keys are random, and so is how long jitter has to be collected: no two handshakes are quite alike.
const REPEATS: usize = 7;

#[derive(Clone, Copy, Serialize)]
pub struct Counts {
    /// Until main, most of it the loader's.
    pub start: Estimate,
    /// Beyond that: the provider and a client with the web's roots.
    pub init: Estimate,
    pub first: Estimate,
    /// On a new connection, nothing resumed.
    pub second: Estimate,
}

pub async fn measure(bench: &Bench, program: &Program) -> Result<Counts> {
    let (mut starts, mut inits, mut firsts, mut seconds) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..REPEATS {
        let start = count(bench, program, program.idle()).await?;
        let init = count(bench, program, program.handshakes(bench, 0)).await?;
        let first = count(bench, program, program.handshakes(bench, 1)).await?;
        let second = count(bench, program, program.handshakes(bench, 2)).await?;
        starts.push(start);
        inits.push(init - start);
        firsts.push(first - init);
        seconds.push(second - first);
    }
    let estimate = |samples: &[f64]| Estimate::of(samples).context("nothing was counted");
    Ok(Counts {
        start: estimate(&starts)?,
        init: estimate(&inits)?,
        first: estimate(&firsts)?,
        second: estimate(&seconds)?,
    })
}

async fn count(bench: &Bench, program: &Program, words: Vec<OsString>) -> Result<f64> {
    let out = bench.out(&format!("logs/instructions.crypto-{}", program.id));
    let mut all = instructions::front(&out);
    all.extend(words);
    process::live(all).await?;
    bench.world.timeline.take();
    Ok(instructions::sum(&out)? as f64)
}
