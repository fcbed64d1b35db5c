//! What a life is to be like, and what happens to a sandbox in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, pending};
use runtime::testing::{Dice, Fate};

use crate::order::tests::bugs::Bug;
use crate::order::tests::house::House;
use crate::product::Fulfilment;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    Auto,
    /// It lacks something, until the user gives it.
    Lacking,
    Callback,
    /// The provider wants more, until the user gives it.
    Asking,
    Manual,
    Unknown,
}

impl Product {
    pub const ALL: [Self; 6] = [
        Self::Auto,
        Self::Lacking,
        Self::Callback,
        Self::Asking,
        Self::Manual,
        Self::Unknown,
    ];

    pub fn fulfilment(self) -> Option<Fulfilment> {
        match self {
            Self::Auto => House::auto(&["last_name"]),
            Self::Lacking => House::auto(&["last_name", "appointment"]),
            Self::Callback | Self::Asking => House::callback(),
            Self::Manual => Some(Fulfilment::Manual),
            Self::Unknown => None,
        }
    }

    pub fn wants_more(self) -> bool {
        matches!(self, Self::Lacking | Self::Asking)
    }
}

/// What happens in a life.
pub struct Plan {
    pub seed: u64,
    pub product: Product,
    pub bug: Option<Bug>,
    /// After how many steps each invocation dies, in turn. Nothing else happens then. Without, chance decides everything.
    pub deaths: Option<Vec<u32>>,
}

impl Plan {
    pub fn chance(seed: u64, bug: Option<Bug>) -> Self {
        let product = Product::ALL[[0, 1, 2, 2, 3, 3, 3, 4, 5][Dice(seed ^ 0xF00D).roll(9)]];
        Self {
            seed,
            product,
            bug,
            deaths: None,
        }
    }
}

/// What came up, to know that chance gets everywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Report {
    pub crashes: u32,
    pub stalls: u32,
    pub rounds: u32,
    pub conflicts: u32,
    pub resolved: u32,
    pub dashboards: u32,
    pub manual: u32,
    pub told: u32,
    pub deliveries: u32,
}

/// Dies, or stalls and goes on, at one step.
pub struct Doom {
    pub left: AtomicU32,
    pub stall: Option<Duration>,
    pub struck: Arc<AtomicBool>,
}

impl Fate for Doom {
    fn step(&self) -> BoxFuture<'_, ()> {
        let left = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if left.is_ok() {
            return std::future::ready(()).boxed();
        }
        let first = !self.struck.swap(true, Ordering::Relaxed);
        Box::pin(async move {
            match self.stall {
                None => pending().await,
                Some(stall) if first => tokio::time::sleep(stall).await,
                Some(_) => {}
            }
        })
    }
}
