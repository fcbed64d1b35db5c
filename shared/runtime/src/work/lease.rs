//! The right of one worker to go on with a row until a time.
//!
//! A lease ends by itself, so that a crashed holder blocks the row only until then. It must be longer than its holder can run. A
//! holder that is slower all the same is stopped by the row's revision, which the next holder has changed, or by [`Lease::fence`]
//! in a row without one.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::port::store::When;

/// A member of the leased row, flattened into it. The default is held by no worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lease {
    /// Differs each time that the lease is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lease_owner: Option<Uuid>,
    /// Milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leased_until: Option<i64>,
}

impl Lease {
    /// The lease of a holder that is known by the time at which it began. It is not stored.
    pub fn since(began: Timestamp, length: Duration) -> Self {
        let length = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
        Self {
            lease_owner: None,
            leased_until: Some(began.as_millisecond().saturating_add(length)),
        }
    }

    /// The caller holds it from now on, whether it was held before or not. The row has to be written.
    pub fn take(&mut self, now: Timestamp, length: Duration) {
        *self = Self {
            lease_owner: Some(Uuid::new_v4()),
            ..Self::since(now, length)
        };
    }

    pub fn release(&mut self) {
        *self = Self::default();
    }

    pub fn is_held(self, now: Timestamp) -> bool {
        self.left(now).is_some()
    }

    /// How long it is still held.
    pub fn left(self, now: Timestamp) -> Option<Duration> {
        let left = self.leased_until?.saturating_sub(now.as_millisecond());
        u64::try_from(left)
            .ok()
            .filter(|left| *left > 0)
            .map(Duration::from_millis)
    }

    /// The condition that no other worker has taken the lease since this one was read or taken.
    pub fn fence(self) -> When {
        let owner = self.lease_owner.map(|owner| owner.to_string());
        When::text("leaseOwner", owner.unwrap_or_default())
    }
}
