//! Quotes a second of many processes at once, as Lambda runs them, compared with one process alone.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::bench::Bench;
use crate::child::Child;
use crate::failure::{Failure, Result};
use crate::variant::Variant;

pub const PROCESSES: u32 = 64;
const FUNDER_MS: u64 = 200;
const SPAN: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Scaling {
    /// Quotes a second of one process.
    pub one: f64,
    /// Quotes a second of all processes together.
    pub many: f64,
    /// `many` as a share of `PROCESSES` times `one`.
    pub share: f64,
}

pub async fn measure(bench: &Bench, variant: &Variant) -> Result<Scaling> {
    bench.stubs.delay(0, FUNDER_MS);
    let one = rate(bench, variant, 1).await?;
    let many = rate(bench, variant, PROCESSES).await?;
    bench.stubs.timeline.take();
    Ok(Scaling {
        one,
        many,
        share: many / (f64::from(PROCESSES) * one),
    })
}

async fn rate(bench: &Bench, variant: &Variant, processes: u32) -> Result<f64> {
    let mut children = Vec::new();
    for _ in 0..processes {
        let mut child = Child::start(bench, variant, true).await?;
        child.ready().await?;
        child.answer().await?;
        children.push(child);
    }
    let loops: Vec<_> = children
        .into_iter()
        .enumerate()
        .map(|(index, mut child)| {
            let offset = Duration::from_millis(FUNDER_MS) * u32::try_from(index).unwrap_or_default() / processes;
            tokio::spawn(async move {
                // Spreads the callers over the funder's delay.
                tokio::time::sleep(offset).await;
                let begun = Instant::now();
                let mut answers = 0u32;
                while begun.elapsed() < SPAN {
                    child.invoke().await?;
                    answers += 1;
                }
                Ok::<_, Failure>((child, f64::from(answers) / begun.elapsed().as_secs_f64()))
            })
        })
        .collect();
    let mut sum = 0.0;
    // Keeps every process until all are done: ending one would disturb the others.
    let mut done = Vec::new();
    for one in loops {
        let (child, rate) = one.await??;
        sum += rate;
        done.push(child);
    }
    drop(done);
    Ok(sum)
}
