//! Cold samples: a fresh process each. A block is three rounds, each of every variant once in random order; a variant's
//! figure of the block is the median of its three, so that one start which the machine disturbed does not count.

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

/// Of a block.
const ROUNDS: usize = 3;
const SETTLE: Duration = Duration::from_millis(10);

/// One per block.
#[derive(Default)]
struct Samples {
    init: Vec<f64>,
    total: Vec<f64>,
    cpu: Vec<f64>,
    contact: Option<Contact>,
}

/// What one cold start said to the outside, its first request included.
#[derive(Clone, Debug, Serialize)]
pub struct Contact {
    pub connections: u32,
    pub handshakes: u32,
    pub requests: Vec<(String, u32)>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Cold {
    /// Until it asked for work, in milliseconds.
    pub init: Estimate,
    /// Until its first answer.
    pub total: Estimate,
    /// Over the empty function in the same block.
    pub init_ratio: Estimate,
    pub total_ratio: Estimate,
    /// Processor time, user and system, of the whole short life, in milliseconds.
    pub cpu: f64,
    pub contact: Contact,
    /// Block by block, in milliseconds.
    pub inits: Vec<f64>,
    pub totals: Vec<f64>,
}

pub async fn measure(bench: &Bench, variants: &[Variant], blocks: usize) -> Result<BTreeMap<&'static str, Cold>> {
    bench.world.delay(0, 0);
    let mut all: BTreeMap<&str, Samples> = BTreeMap::new();
    let mut meter = Meter::new("cold samples", blocks);
    // Files come from the disk once, for nobody's sample.
    for variant in variants {
        sample(bench, variant).await?;
    }
    for _ in 0..blocks {
        for (id, figures) in block(bench, variants).await? {
            let samples = all.entry(id).or_default();
            samples.init.extend(median(&figures.init));
            samples.total.extend(median(&figures.total));
            samples.cpu.extend(median(&figures.cpu));
            samples.contact = figures.contact;
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
            contact: samples.contact?,
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
            let (init, total, cpu, contact) = sample(bench, variant).await?;
            let samples = figures.entry(variant.id).or_default();
            samples.init.push(init);
            samples.total.push(total);
            samples.cpu.push(cpu);
            samples.contact = Some(contact);
        }
    }
    Ok(figures)
}

async fn sample(bench: &Bench, variant: &Variant) -> Result<(f64, f64, f64, Contact)> {
    // The process before is still being cleared away.
    tokio::time::sleep(SETTLE).await;
    bench.world.timeline.take();
    let before = children()?;
    let mut child = Child::start(bench, variant, true).await?;
    let ready = child.ready().await?;
    let answer = child.answer().await?;
    let seen = bench.world.timeline.take();
    let begun = child.begun;
    child.kill();
    let cpu = children()?.saturating_sub(before);
    let contact = Contact {
        connections: seen.connections,
        handshakes: seen.handshakes,
        requests: seen.operations(),
    };
    Ok((since(begun, ready), since(begun, answer.received), millis(cpu), contact))
}

/// Processor time of all children that were waited for.
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
