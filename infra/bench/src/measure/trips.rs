//! Round trips of a warm request, counted where they take long enough to tell what waits for what.

use serde::Serialize;

use crate::bench::Bench;
use crate::child::Child;
use crate::failure::Result;
use crate::variant::Variant;

const AWS: u64 = 20;
const FUNDER: u64 = 120;
const REQUESTS: usize = 12;

#[derive(Clone, Debug, Default, Serialize)]
pub struct Trips {
    /// The usual request's operations, the funder's among them.
    pub operations: Vec<(String, u32)>,
    /// Requests to DynamoDB.
    pub dynamo: usize,
    /// Those that wait for one another and for the funder: the latency they add.
    pub serial: usize,
    pub write_units: u32,
    /// New connections in all of the measured requests.
    pub connections: u32,
}

/// The usual request; serial trips are the worst of all.
pub async fn measure(bench: &Bench, variant: &Variant) -> Result<Trips> {
    bench.world.delay(AWS, FUNDER);
    let mut child = Child::start(bench, variant, true).await?;
    child.answer().await?;
    let mut each = Vec::new();
    for _ in 0..REQUESTS {
        bench.world.timeline.take();
        child.invoke().await?;
        let seen = bench.world.timeline.take();
        each.push(Trips {
            operations: seen.operations(),
            dynamo: seen.trips(),
            serial: seen.serial_trips(),
            write_units: seen.write_units(),
            connections: seen.connections,
        });
    }
    let serial = each.iter().map(|trips| trips.serial).max().unwrap_or_default();
    let connections = each.iter().map(|trips| trips.connections).sum();
    each.sort_by_key(|trips| trips.dynamo);
    let usual = each.get(REQUESTS / 2).cloned().unwrap_or_default();
    Ok(Trips {
        serial,
        connections,
        ..usual
    })
}
