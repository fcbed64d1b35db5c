//! Rows of the log, for tests.

use jiff::Timestamp;
use model::id::{CorrelationId, LogRowId};
use runtime::port::store::{Store, item};
use runtime::testing::Harness;
use runtime::transport::{Attempt, partition};
use serde_json::json;

use crate::Env;

/// The time at which a harness starts.
pub const NOW: &str = "2026-01-05T10:20:00Z";

/// A call to a partner.
#[derive(Clone, Copy, Debug)]
pub struct LoggedCall {
    pub at: Timestamp,
    pub partner: &'static str,
    pub environment: &'static str,
    pub operation: &'static str,
    pub status: &'static str,
    pub error: Option<&'static str>,
    pub correlation: u8,
    pub subject: Option<&'static str>,
    pub conclusion: Option<&'static str>,
    pub time: u64,
    pub retries: u32,
}

pub fn correlation(n: u8) -> CorrelationId {
    format!("019b8dd2-6a00-7000-8000-0000000000{n:02x}").parse().unwrap()
}

impl LoggedCall {
    pub fn at(at: &str) -> Self {
        Self {
            at: at.parse().unwrap(),
            partner: "LEX",
            environment: "SANDBOX",
            operation: "quote",
            status: "SUCCESS",
            error: None,
            correlation: 0,
            subject: None,
            conclusion: None,
            time: 5,
            retries: 0,
        }
    }

    /// Writes the row as the tracer does. Returns its id.
    pub async fn write(self, h: &Harness<Env>) -> LogRowId {
        let id = LogRowId::new(self.at);
        let row = json!({
            "pk": partition(self.partner, self.environment, self.at), "sk": id, "partner": self.partner,
            "environment": self.environment, "operation": self.operation, "status": self.status,
            "retryCount": self.retries, "responseTime": self.time, "correlationId": correlation(self.correlation),
            "createdAt": self.at, "subjectId": self.subject, "conclusion": self.conclusion, "request": "{\"asked\":1}", "response": "{\"answered\":1}", "httpStatus": 200,
            "error": self.error, "ttl": 4_000_000_000_i64,
        });
        let row: Attempt = serde_json::from_value(row).unwrap();
        h.fakes.store.append("log", vec![item(&row).unwrap()]).await.unwrap();
        id
    }
}
