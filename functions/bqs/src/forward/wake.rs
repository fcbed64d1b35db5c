//! The message in the forwarder's queue.

use std::time::Duration;

use garde::Validate;
use model::Result;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::decision::OperatorDecision;
use crate::Env;
use crate::case::row::Sequence;

/// The case that the forwarder looks at, and what else it does there.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
pub struct ForwarderWake {
    #[garde(skip)]
    pub sequence: Sequence,
    /// An announced document of the case. Its upload may be complete.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<Uuid>,
    /// An operator's decision about the held change.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<OperatorDecision>,
}

impl ForwarderWake {
    pub fn of(sequence: Sequence) -> Self {
        Self {
            sequence,
            upload: None,
            decision: None,
        }
    }

    /// Sends the message, which SQS delivers after `delay`.
    pub async fn send(&self, env: &Env, delay: Duration) -> Result<()> {
        env.forward_queue()?.send(self, delay).await
    }

    /// Sends the message with a margin of a second: a late delivery is better than an early one.
    pub async fn send_late(&self, env: &Env, delay: Duration) -> Result<()> {
        self.send(env, delay.saturating_add(Duration::from_secs(1))).await
    }
}
