//! Cold starts: each sample is a new process. A block has three rounds; a round starts every variant once, in random
//! order. A variant's figure for the block is the median of its three samples, so that one disturbed start has no weight.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde::Serialize;

use crate::bench::Bench;
use crate::child::Child;
use crate::failure::Result;
use crate::progress::Meter;
use crate::stats::{Estimate, median};
use crate::variant::{EMPTY, Variant};

/// In a block.
const ROUNDS: usize = 3;
/// Before each sample: the operating system is still clearing the last process away.
const SETTLE: Duration = Duration::from_millis(10);

/// One per block.
#[derive(Default)]
struct Samples {
    init: Vec<f64>,
    total: Vec<f64>,
    cpu: Vec<f64>,
    traffic: Option<Traffic>,
}

/// The network traffic of one cold start and its first request.
#[derive(Clone, Debug, Serialize)]
pub struct Traffic {
    pub connections: u32,
    pub handshakes: u32,
    pub requests: Vec<(String, u32)>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Cold {
    /// From the start until the process asked for an event, in milliseconds.
    pub init: Estimate,
    /// From the start until its first answer, in milliseconds.
    pub total: Estimate,
    /// To the empty function in the same block.
    pub init_ratio: Estimate,
    pub total_ratio: Estimate,
    /// Processor time of the whole process, user and system, in milliseconds.
    pub cpu: f64,
    pub traffic: Traffic,
    /// Block by block, in milliseconds.
    pub inits: Vec<f64>,
    pub totals: Vec<f64>,
}

pub async fn measure(bench: &Bench, variants: &[Variant], blocks: usize) -> Result<BTreeMap<&'static str, Cold>> {
    bench.stubs.delay(0, 0);
    let mut all: BTreeMap<&str, Samples> = BTreeMap::new();
    let mut meter = Meter::new("cold samples", blocks);
    // Loads the binaries from the disk before the first sample.
    for variant in variants {
        sample(bench, variant).await?;
    }
    for _ in 0..blocks {
        for (id, figures) in block(bench, variants).await? {
            let samples = all.entry(id).or_default();
            samples.init.extend(median(&figures.init));
            samples.total.extend(median(&figures.total));
            samples.cpu.extend(median(&figures.cpu));
            samples.traffic = figures.traffic;
        }
        meter.tick();
    }
    let (floor_init, floor_total) = all
        .get(EMPTY)
        .map(|floor| (floor.init.clone(), floor.total.clone()))
        .unwrap_or_default();
    let summary = |samples: Samples| {
        Some(Cold {
            init: Estimate::of(&samples.init)?,
            total: Estimate::of(&samples.total)?,
            init_ratio: Estimate::of_ratios(&samples.init, &floor_init)?,
            total_ratio: Estimate::of_ratios(&samples.total, &floor_total)?,
            cpu: median(&samples.cpu)?,
            traffic: samples.traffic?,
            inits: samples.init,
            totals: samples.total,
        })
    };
    Ok(all
        .into_iter()
        .filter_map(|(id, samples)| Some((id, summary(samples)?)))
        .collect())
}

async fn block(bench: &Bench, variants: &[Variant]) -> Result<BTreeMap<&'static str, Samples>> {
    let mut figures: BTreeMap<&str, Samples> = BTreeMap::new();
    let mut order: Vec<&Variant> = variants.iter().collect();
    for _ in 0..ROUNDS {
        fastrand::shuffle(&mut order);
        for variant in &order {
            let (init, total, cpu, traffic) = sample(bench, variant).await?;
            let samples = figures.entry(variant.id).or_default();
            samples.init.push(init);
            samples.total.push(total);
            samples.cpu.push(cpu);
            samples.traffic = Some(traffic);
        }
    }
    Ok(figures)
}

async fn sample(bench: &Bench, variant: &Variant) -> Result<(f64, f64, f64, Traffic)> {
    tokio::time::sleep(SETTLE).await;
    bench.stubs.timeline.take();
    let before = children()?;
    let mut child = Child::start(bench, variant, true).await?;
    let ready = child.ready().await?;
    let answer = child.answer().await?;
    let seen = bench.stubs.timeline.take();
    let begun = child.begun;
    child.kill();
    let cpu = children()?.saturating_sub(before);
    let traffic = Traffic {
        connections: seen.connections,
        handshakes: seen.handshakes,
        requests: seen.operations(),
    };
    Ok((since(begun, ready), since(begun, answer.received), millis(cpu), traffic))
}

/// Processor time of all ended child processes.
fn children() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(u64::try_from(micros)?))
}

pub fn since(begin: Instant, end: Instant) -> f64 {
    millis(end.saturating_duration_since(begin))
}

pub fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
