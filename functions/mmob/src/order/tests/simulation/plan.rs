//! What happens to a simulated order, and to an instance that works on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, pending};
use runtime::testing::{Dice, Fault};

use crate::order::tests::mutated_ports::Mutant;
use crate::order::tests::testing::{auto, callback};
use crate::product::Fulfilment;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductKind {
    Auto,
    /// The order's input lacks a member until the user gives it.
    AutoIncomplete,
    Callback,
    /// The provider asks for more, until the user gives it.
    CallbackIncomplete,
    Manual,
    Unknown,
}

impl ProductKind {
    pub const ALL: [Self; 6] = [
        Self::Auto,
        Self::AutoIncomplete,
        Self::Callback,
        Self::CallbackIncomplete,
        Self::Manual,
        Self::Unknown,
    ];

    pub fn fulfilment(self) -> Option<Fulfilment> {
        match self {
            Self::Auto => auto(&["last_name"]),
            Self::AutoIncomplete => auto(&["last_name", "appointment"]),
            Self::Callback | Self::CallbackIncomplete => callback(),
            Self::Manual => Some(Fulfilment::Manual),
            Self::Unknown => None,
        }
    }

    pub fn needs_more(self) -> bool {
        matches!(self, Self::AutoIncomplete | Self::CallbackIncomplete)
    }
}

/// What happens to one order.
pub struct Plan {
    pub seed: u64,
    pub product: ProductKind,
    pub mutant: Option<Mutant>,
    /// The number of steps after which each invocation crashes, in turn, and nothing else goes wrong. Without it, chance
    /// decides everything.
    pub crashes: Option<Vec<u32>>,
}

impl Plan {
    pub fn chance(seed: u64, mutant: Option<Mutant>) -> Self {
        let product = ProductKind::ALL[[0, 1, 2, 2, 3, 3, 3, 4, 5][Dice(seed ^ 0xF00D).roll(9)]];
        Self {
            seed,
            product,
            mutant,
            crashes: None,
        }
    }
}

/// What a simulation went through. The sums show that chance reaches every case.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Coverage {
    pub crashes: u32,
    pub stalls: u32,
    pub rounds: u32,
    pub conflicts: u32,
    pub resolved: u32,
    pub dashboards: u32,
    pub manual: u32,
    pub reported: u32,
    pub deliveries: u32,
}

/// Crashes an instance at one step, or suspends it there and lets it go on.
pub struct CrashOrStall {
    pub steps_left: AtomicU32,
    pub stall: Option<Duration>,
    pub struck: Arc<AtomicBool>,
}

impl Fault for CrashOrStall {
    fn step(&self) -> BoxFuture<'_, ()> {
        let left = self
            .steps_left
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
