//! Warm requests: the time a function takes or adds over the funder's own, its processor time, its memory.

use std::fs;
use std::time::Duration;

use serde::Serialize;

use super::cold::millis;
use super::throttle::Throttle;
use crate::bench::Bench;
use crate::child::Child;
use crate::failure::{Context, Result};
use crate::stats::quantile;
use crate::variant::{Kind, Variant};

/// Long enough that what goes on beside the funder's call is hidden by it, as it is in life.
pub const FUNDER: u64 = 20;
/// What AWS takes for each answer where no funder's call hides it: about what DynamoDB and SQS do.
pub const AWS: u64 = 5;
const REQUESTS: usize = 500;
const HEATING: usize = 20;
const LONG: usize = 1000;

/// Milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Times {
    pub p50: f64,
    pub p99: f64,
}

/// Of one request, the funder's own time left out, on a whole core or on Lambda's share for 128 MB.
pub async fn times(bench: &Bench, variant: &Variant, throttle: Option<&Throttle>) -> Result<Times> {
    match variant.kind {
        Kind::Quote => bench.world.delay(0, FUNDER),
        _ => bench.world.delay(AWS, 0),
    }
    let mut child = Child::start(bench, variant, false).await?;
    child.ready().await?;
    if let Some(throttle) = throttle {
        throttle.hold(child.id())?;
    }
    let mut samples = Vec::with_capacity(REQUESTS);
    for round in 0..HEATING + REQUESTS {
        bench.world.timeline.take();
        let answer = child.invoke().await?;
        let whole = answer.received.saturating_duration_since(answer.handed);
        let own = whole.saturating_sub(bench.world.timeline.take().funder_time());
        if round >= HEATING {
            samples.push(millis(own));
        }
    }
    let at = |share| quantile(&samples, share).context("no samples");
    Ok(Times {
        p50: at(0.5)?,
        p99: at(0.99)?,
    })
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Steady {
    /// Processor time of one request, user and system, in milliseconds.
    pub cpu: f64,
    /// After 1,000 requests, in bytes.
    pub resident: u64,
    pub peak: u64,
    /// What it wrote to its log, per request.
    pub log_bytes: u64,
}

/// A thousand requests against a funder that answers at once.
pub async fn steady(bench: &Bench, variant: &Variant) -> Result<Steady> {
    bench.world.delay(0, 0);
    let mut child = Child::start(bench, variant, false).await?;
    child.ready().await?;
    for _ in 0..LONG / 2 {
        child.invoke().await?;
    }
    let (before, written) = (processor(child.id())?, child.logged()?);
    for _ in 0..LONG / 2 {
        child.invoke().await?;
    }
    let used = processor(child.id())?.saturating_sub(before);
    let requests = u32::try_from(LONG / 2)?;
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).context("its status")?;
    bench.world.timeline.take();
    Ok(Steady {
        cpu: millis(used / requests),
        resident: kilobytes(&status, "VmRSS:")? * 1024,
        peak: kilobytes(&status, "VmHWM:")? * 1024,
        log_bytes: child.logged()?.saturating_sub(written) / u64::from(requests),
    })
}

/// What all threads have used so far.
fn processor(process: u32) -> Result<Duration> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).context("its threads")?;
    let used = threads.flatten().filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Ok(Duration::from_nanos(used.sum()))
}

fn kilobytes(status: &str, name: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.context(format!("its status has no {name}"))
}
