//! The price of a million requests.

use serde::Serialize;
use serde_json::Value;

use crate::failure::{Context, Result};
use crate::measure::round_trips::RoundTrips;

/// US dollars, with their date. A million requests cost what the prices are quoted for.
const PRICES: &str = include_str!("../../cost/prices.json");

fn price(name: &str) -> Result<f64> {
    let prices: Value = serde_json::from_str(PRICES).context("prices.json")?;
    let price = prices.pointer(&format!("/prices/{name}/dollars"));
    price
        .and_then(Value::as_f64)
        .context(format!("prices.json has no `{name}`"))
}

/// The memory that template.yaml gives every function.
const GIGABYTES: f64 = 0.25;
/// How long a funder is assumed to take for a quote: waiting for it is most of the bill.
pub const FUNDER_MS: f64 = 1000.0;

/// Per million warm requests.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Dollars {
    pub compute: f64,
    pub dynamo: f64,
    pub gateway: f64,
    pub logs: f64,
    pub total: f64,
}

impl Dollars {
    /// `time` is in milliseconds.
    pub fn of(time: f64, trips: &RoundTrips, log_bytes: u64) -> Result<Self> {
        let seconds = 1e6 * time / 1e3;
        let compute = seconds * GIGABYTES * price("Lambda time")? + price("Lambda requests")?;
        let reads: u32 = trips
            .operations
            .iter()
            .filter(|(name, _)| matches!(name.as_str(), "GetItem" | "Query"))
            .map(|(_, count)| count)
            .sum();
        let reads = f64::from(reads) * 0.5 * price("DynamoDB reads")?;
        let dynamo = f64::from(trips.write_units) * price("DynamoDB writes")? + reads;
        let gateway = price("API Gateway")?;
        // A million lines of so many bytes are a thousandth as many gigabytes.
        let logs = log_bytes as f64 / 1e3 * price("CloudWatch logs")?;
        Ok(Self {
            compute,
            dynamo,
            gateway,
            logs,
            total: compute + dynamo + gateway + logs,
        })
    }
}
