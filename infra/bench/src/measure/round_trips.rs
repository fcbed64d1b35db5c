//! Round trips of a warm request. The stubs answer slowly, so that overlap shows which calls wait for each other.

use serde::Serialize;

use crate::bench::Bench;
use crate::child::Child;
use crate::failure::Result;
use crate::variant::Variant;

const AWS_MS: u64 = 20;
const FUNDER_MS: u64 = 120;
const REQUESTS: usize = 12;

#[derive(Clone, Debug, Default, Serialize)]
pub struct RoundTrips {
    /// The operations of the median request, the funder's included.
    pub operations: Vec<(String, u32)>,
    /// Requests to DynamoDB.
    pub dynamo: usize,
    /// Those that wait for each other and for the funder: they add latency.
    pub serial: usize,
    pub write_units: u32,
    /// New connections, in all measured requests.
    pub connections: u32,
}

/// The median request, with the most serial trips of any request.
pub async fn measure(bench: &Bench, variant: &Variant) -> Result<RoundTrips> {
    bench.stubs.delay(AWS_MS, FUNDER_MS);
    let mut child = Child::start(bench, variant, true).await?;
    child.answer().await?;
    let mut each = Vec::new();
    for _ in 0..REQUESTS {
        bench.stubs.timeline.take();
        child.invoke().await?;
        let seen = bench.stubs.timeline.take();
        each.push(RoundTrips {
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
    let median = each.get(REQUESTS / 2).cloned().unwrap_or_default();
    Ok(RoundTrips {
        serial,
        connections,
        ..median
    })
}
