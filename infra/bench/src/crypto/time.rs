//! Times, with the processor's extensions: the builds take turns in random order.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::process::{self, Program};
use crate::bench::Bench;
use crate::failure::{Context, Result};
use crate::progress::Meter;
use crate::stats::Estimate;

/// Of verifying, in a process.
const VERIFYING: Duration = Duration::from_millis(200);
/// Processes of handshakes to one that verifies.
const TURNS: usize = 10;

#[derive(Default)]
struct Samples {
    lives: Vec<f64>,
    firsts: Vec<f64>,
    seconds: Vec<f64>,
    verifications: Vec<f64>,
}

/// Milliseconds, but for the last.
#[derive(Clone, Copy, Serialize)]
pub struct Times {
    /// A process from its spawning to its end, with one handshake.
    pub life: Estimate,
    /// Inside it: init and the first handshake.
    pub first: Estimate,
    /// A second handshake, in a process of its own.
    pub second: Estimate,
    /// RS256, a second.
    pub verifications: Estimate,
}

pub async fn measure(bench: &Bench, programs: &[Program], runs: usize) -> Result<BTreeMap<&'static str, Times>> {
    let mut all: BTreeMap<&str, Samples> = BTreeMap::new();
    let mut order: Vec<&Program> = programs.iter().collect();
    let mut meter = Meter::new("processes", runs);
    // Files come from the disk once, for nobody's sample.
    for program in programs {
        sample(bench, program, &mut Samples::default(), true).await?;
    }
    for run in 0..runs {
        fastrand::shuffle(&mut order);
        for program in &order {
            let samples = all.entry(program.id).or_default();
            sample(bench, program, samples, run.is_multiple_of(TURNS)).await?;
        }
        meter.tick();
    }
    all.into_iter()
        .map(|(id, samples)| Ok((id, samples.summary().context("nothing was timed")?)))
        .collect()
}

async fn sample(bench: &Bench, program: &Program, samples: &mut Samples, verify: bool) -> Result<()> {
    let life = process::live(program.handshakes(bench, 1)).await?;
    samples.lives.push(life.lasted.as_secs_f64() * 1e3);
    samples.firsts.push(numbers(&life.said)?.iter().sum::<f64>() / 1e6);
    let life = process::live(program.handshakes(bench, 2)).await?;
    let second = numbers(&life.said)?.last().copied().context("no second handshake")?;
    samples.seconds.push(second / 1e6);
    if verify {
        let life = process::live(program.verifications(VERIFYING)).await?;
        samples.verifications.extend(numbers(&life.said)?);
    }
    bench.world.timeline.take();
    Ok(())
}

fn numbers(said: &str) -> Result<Vec<f64>> {
    let numbers = said.split_whitespace().map(str::parse);
    numbers.collect::<std::result::Result<_, _>>().context(said)
}

impl Samples {
    fn summary(&self) -> Option<Times> {
        Some(Times {
            life: Estimate::of(&self.lives)?,
            first: Estimate::of(&self.firsts)?,
            second: Estimate::of(&self.seconds)?,
            verifications: Estimate::of(&self.verifications)?,
        })
    }
}
