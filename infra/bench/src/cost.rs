//! The price of a million requests.

use serde::Serialize;

use crate::measure::round_trips::RoundTrips;

/// US dollars in eu-west-2 (London), as of 2025-12, from general knowledge: check before relying on them.
pub struct Prices {
    pub dated: &'static str,
    /// Lambda, arm64, one gigabyte for one second, first tier. Most regions have the same price.
    pub gigabyte_second: f64,
    /// Lambda, one request.
    pub invocation: f64,
    /// DynamoDB on demand, one write request unit (us-east-1 has 0.625 a million).
    pub write_unit: f64,
    /// DynamoDB on demand, one read request unit; an eventually consistent read takes half.
    pub read_unit: f64,
    /// API Gateway, one request of an HTTP API, first tier (us-east-1 has 1.00 a million).
    pub api_request: f64,
    /// CloudWatch Logs, one gigabyte ingested.
    pub log_gigabyte: f64,
}

pub const PRICES: Prices = Prices {
    dated: "2025-12, from general knowledge, check before relying",
    gigabyte_second: 0.000_013_333_4,
    invocation: 0.20e-6,
    write_unit: 0.742_3e-6,
    read_unit: 0.148_5e-6,
    api_request: 1.16e-6,
    log_gigabyte: 0.598_5,
};

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
    pub fn of(time: f64, trips: &RoundTrips, log_bytes: u64) -> Self {
        let million = 1e6;
        let compute = million * (time / 1e3 * GIGABYTES * PRICES.gigabyte_second + PRICES.invocation);
        let reads: u32 = trips
            .operations
            .iter()
            .filter(|(name, _)| matches!(name.as_str(), "GetItem" | "Query"))
            .map(|(_, count)| count)
            .sum();
        let reads = f64::from(reads) * 0.5 * PRICES.read_unit;
        let dynamo = million * (f64::from(trips.write_units) * PRICES.write_unit + reads);
        let gateway = million * PRICES.api_request;
        let logs = million * log_bytes as f64 / 1e9 * PRICES.log_gigabyte;
        Self {
            compute,
            dynamo,
            gateway,
            logs,
            total: compute + dynamo + gateway + logs,
        }
    }
}
