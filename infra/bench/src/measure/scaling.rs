//! Many processes at once, as Lambda runs them: how many quotes a second against how many one alone makes.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::bench::Bench;
use crate::child::Child;
use crate::failure::Result;
use crate::variant::Variant;

pub const PROCESSES: u32 = 64;
const FUNDER: u64 = 200;
const SPAN: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Scaling {
    /// Quotes a second of one process.
    pub one: f64,
    /// Of all.
    pub many: f64,
    /// Of what so many times one would make.
    pub share: f64,
}

pub async fn measure(bench: &Bench, variant: &Variant) -> Result<Scaling> {
    bench.world.delay(0, FUNDER);
    let one = rate(bench, variant, 1).await?;
    let many = rate(bench, variant, PROCESSES).await?;
    bench.world.timeline.take();
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
            let behind = Duration::from_millis(FUNDER) * u32::try_from(index).unwrap_or_default() / processes;
            tokio::spawn(async move {
                // Callers do not come in step.
                tokio::time::sleep(behind).await;
                let begun = Instant::now();
                let mut answers = 0u32;
                while begun.elapsed() < SPAN {
                    child.invoke().await?;
                    answers += 1;
                }
                Ok::<_, crate::failure::Failure>((child, f64::from(answers) / begun.elapsed().as_secs_f64()))
            })
        })
        .collect();
    let mut sum = 0.0;
    // Nobody is ended before all are done.
    let mut done = Vec::new();
    for one in loops {
        let (child, rate) = one.await??;
        sum += rate;
        done.push(child);
    }
    drop(done);
    Ok(sum)
}
