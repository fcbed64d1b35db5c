//! Warm requests: their time without the funder's own, their processor time and the process's memory.

use std::fs;
use std::time::Duration;

use serde::Serialize;

use super::cold::millis;
use super::throttle::Throttle;
use crate::bench::Bench;
use crate::child::Child;
use crate::event::RequestKind;
use crate::failure::{Context, Result};
use crate::stats::quantile;
use crate::variant::Variant;

/// The funder's delay: as in production, long enough to hide the work that runs beside the funder's call.
pub const FUNDER_MS: u64 = 20;
/// AWS's delay where no funder's call hides it: about what DynamoDB and SQS take.
pub const AWS_MS: u64 = 5;
const REQUESTS: usize = 500;
/// Requests before the first sample.
const UNTIMED: usize = 20;
const STEADY_REQUESTS: usize = 1000;

/// Milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Times {
    pub p50: f64,
    pub p99: f64,
}

/// The time of one request without the funder's, on a whole core or on a throttled one.
pub async fn times(bench: &Bench, variant: &Variant, throttle: Option<&Throttle>) -> Result<Times> {
    match variant.kind {
        RequestKind::Quote => bench.stubs.delay(0, FUNDER_MS),
        _ => bench.stubs.delay(AWS_MS, 0),
    }
    let mut child = Child::start(bench, variant, false).await?;
    child.ready().await?;
    if let Some(throttle) = throttle {
        throttle.hold(child.id())?;
    }
    let mut samples = Vec::with_capacity(REQUESTS);
    for round in 0..UNTIMED + REQUESTS {
        bench.stubs.timeline.take();
        let answer = child.invoke().await?;
        let whole = answer.received.saturating_duration_since(answer.handed);
        let own = whole.saturating_sub(bench.stubs.timeline.take().funder_time());
        if round >= UNTIMED {
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
    /// Written to its log per request.
    pub log_bytes: u64,
}

/// A thousand requests to stubs that answer immediately.
pub async fn steady(bench: &Bench, variant: &Variant) -> Result<Steady> {
    bench.stubs.delay(0, 0);
    let mut child = Child::start(bench, variant, false).await?;
    child.ready().await?;
    for _ in 0..STEADY_REQUESTS / 2 {
        child.invoke().await?;
    }
    let (before, written) = (processor(child.id())?, child.logged()?);
    for _ in 0..STEADY_REQUESTS / 2 {
        child.invoke().await?;
    }
    let used = processor(child.id())?.saturating_sub(before);
    let requests = u32::try_from(STEADY_REQUESTS / 2)?;
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).context("its status")?;
    bench.stubs.timeline.take();
    Ok(Steady {
        cpu: millis(used / requests),
        resident: kilobytes(&status, "VmRSS:")? * 1024,
        peak: kilobytes(&status, "VmHWM:")? * 1024,
        log_bytes: child.logged()?.saturating_sub(written) / u64::from(requests),
    })
}

/// Processor time of all threads so far.
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
