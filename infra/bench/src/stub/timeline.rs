//! The connections, handshakes and requests that the stubs saw, with their times.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    Dynamo,
    /// Any other AWS service.
    Aws,
    Funder,
}

#[derive(Clone, Debug)]
pub struct Call {
    pub service: Service,
    /// As `X-Amz-Target` names it.
    pub operation: String,
    pub start: Instant,
    pub end: Instant,
    pub write_units: u32,
}

/// Everything since the last `take`.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub connections: u32,
    pub handshakes: u32,
    pub calls: Vec<Call>,
}

#[derive(Clone, Default)]
pub struct Timeline(Arc<Mutex<Seen>>);

impl Timeline {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn connected(&self) {
        self.lock().connections += 1;
    }

    pub fn handshook(&self) {
        self.lock().handshakes += 1;
    }

    pub fn called(&self, call: Call) {
        self.lock().calls.push(call);
    }

    pub fn take(&self) -> Seen {
        std::mem::take(&mut *self.lock())
    }
}

impl Seen {
    fn funder(&self) -> Option<(Instant, Instant)> {
        let mut calls = self.calls.iter().filter(|call| call.service == Service::Funder);
        calls.next().map(|call| (call.start, call.end))
    }

    /// How long the funder took to answer.
    pub fn funder_time(&self) -> Duration {
        self.funder().map(|(start, end)| end - start).unwrap_or_default()
    }

    /// Requests to DynamoDB.
    pub fn trips(&self) -> usize {
        self.dynamo().count()
    }

    /// The longest chain of requests to DynamoDB that wait for each other, outside the funder's call.
    pub fn serial_trips(&self) -> usize {
        let funder = self.funder();
        let outside = |call: &&Call| funder.is_none_or(|(start, end)| call.end <= start || end <= call.start);
        let mut calls: Vec<_> = self.dynamo().filter(outside).collect();
        calls.sort_by_key(|call| call.end);
        let mut chain = 0;
        let mut last: Option<Instant> = None;
        for call in calls {
            if last.is_none_or(|end| end <= call.start) {
                chain += 1;
                last = Some(call.end);
            }
        }
        chain
    }

    pub fn write_units(&self) -> u32 {
        self.dynamo().map(|call| call.write_units).sum()
    }

    fn dynamo(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| call.service == Service::Dynamo)
    }

    /// Operations with their counts, in the order of their first call.
    pub fn operations(&self) -> Vec<(String, u32)> {
        let mut counts: Vec<(String, u32)> = Vec::new();
        for call in &self.calls {
            match counts.iter_mut().find(|(name, _)| *name == call.operation) {
                Some((_, count)) => *count += 1,
                None => counts.push((call.operation.clone(), 1)),
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(service: Service, begin: u64, end: u64) -> Call {
        static EPOCH: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
        Call {
            service,
            operation: "PutItem".into(),
            start: *EPOCH + Duration::from_millis(begin),
            end: *EPOCH + Duration::from_millis(end),
            write_units: 1,
        }
    }

    #[test]
    fn calls_that_overlap_the_funder_or_each_other_add_no_serial_trip() {
        let seen = Seen {
            calls: vec![
                call(Service::Dynamo, 0, 20),
                call(Service::Funder, 1, 100),
                call(Service::Dynamo, 101, 121),
                call(Service::Dynamo, 102, 122),
                call(Service::Dynamo, 123, 143),
            ],
            ..Seen::default()
        };
        assert_eq!((seen.trips(), seen.serial_trips(), seen.write_units()), (4, 2, 4));
        assert_eq!(seen.funder_time(), Duration::from_millis(99));
    }
}
