//! Decides which tests may use the deployed stack at the same time.
//!
//! Scripts of the simulated partners and messages in queues belong to a domain, so a test that needs them to itself locks
//! its domain. Tests of other domains run beside it.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Domain {
    Funders,
    Bqs,
    Mmob,
    Operations,
}

impl Domain {
    pub const ALL: [Self; 4] = [Self::Funders, Self::Bqs, Self::Mmob, Self::Operations];

    /// The simulated partners that this domain calls. No other domain calls them.
    pub const fn partners(self) -> &'static [&'static str] {
        match self {
            Self::Funders => &["alphabet", "lex"],
            Self::Bqs => &["bqs"],
            Self::Mmob => &["mmob"],
            Self::Operations => &[],
        }
    }

    /// The queues whose messages, left by an earlier test, would make a worker call a partner during the next test.
    pub const fn queues(self) -> &'static [&'static str] {
        match self {
            Self::Funders => &["quoteFollowUp", "quoteRetry"],
            Self::Bqs => &["bqsForward"],
            Self::Mmob | Self::Operations => &[],
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Shared,
    Exclusive,
}

/// Which tests use a domain.
struct Usage {
    shared: usize,
    exclusive: bool,
    /// An exclusive test may have left scripts and messages.
    needs_reset: bool,
}

const UNUSED: Usage = Usage {
    shared: 0,
    exclusive: false,
    needs_reset: true,
};

struct Locks {
    usages: BTreeMap<Domain, Usage>,
    running: usize,
    waiting: usize,
    /// How often a test has begun.
    taken: usize,
}

static LOCKS: Mutex<Locks> = Mutex::new(Locks {
    usages: BTreeMap::new(),
    running: 0,
    waiting: 0,
    taken: 0,
});
static RELEASED: Condvar = Condvar::new();
/// Tests mostly wait for queues and schedules. With more of them at the same time the emulator's answers take so long that
/// functions time out.
const MAX_RUNNING: usize = 8;
/// A test that wants to be the last waits until no other test has begun for this long.
const IDLE_TIME: Duration = Duration::from_secs(2);

/// The domains that a test uses. Dropping it releases them.
pub struct DomainLock {
    domains: Vec<Domain>,
    mode: Mode,
}

impl DomainLock {
    /// No other test uses these domains. The holder resets them before it begins.
    pub fn exclusive(domains: &[Domain]) -> Self {
        Self::acquire(domains, |_| Mode::Exclusive)
    }

    /// Other tests that share these domains may run. After an exclusive test the first holder resets the domains and then
    /// lets the others in: see [`Self::must_reset`] and [`Self::share`].
    pub fn shared(domains: &[Domain]) -> Self {
        Self::acquire(
            domains,
            |needs_reset| {
                if needs_reset { Mode::Exclusive } else { Mode::Shared }
            },
        )
    }

    /// No other test runs or waits, so that this one comes after all that have begun.
    pub fn last() -> Self {
        loop {
            let before = locks().taken;
            std::thread::sleep(IDLE_TIME);
            let mut locks = locks();
            if locks.waiting == 0 && locks.taken == before && locks.fit(&Domain::ALL, Mode::Exclusive) {
                return locks.take(&Domain::ALL, Mode::Exclusive);
            }
        }
    }

    /// Takes all domains at once or waits, so that a waiting test blocks no domain and no two tests wait for each other.
    fn acquire(domains: &[Domain], mode: impl Fn(bool) -> Mode) -> Self {
        let mut locks = locks();
        loop {
            let mode = mode(domains.iter().any(|domain| locks.usage(*domain).needs_reset));
            if locks.fit(domains, mode) {
                return locks.take(domains, mode);
            }
            locks.waiting += 1;
            locks = RELEASED.wait(locks).unwrap_or_else(PoisonError::into_inner);
            locks.waiting -= 1;
        }
    }

    pub fn must_reset(&self) -> bool {
        self.mode == Mode::Exclusive
    }

    /// Lets tests in that share the domains, which this test has reset.
    pub fn share(&mut self) {
        let mut locks = locks();
        for domain in &self.domains {
            *locks.usage(*domain) = Usage {
                shared: 1,
                exclusive: false,
                needs_reset: false,
            };
        }
        self.mode = Mode::Shared;
        RELEASED.notify_all();
    }
}

impl Drop for DomainLock {
    fn drop(&mut self) {
        let mut locks = locks();
        locks.running -= 1;
        for domain in &self.domains {
            let usage = locks.usage(*domain);
            match self.mode {
                Mode::Shared => usage.shared -= 1,
                Mode::Exclusive => usage.exclusive = false,
            }
        }
        RELEASED.notify_all();
    }
}

impl Locks {
    fn usage(&mut self, domain: Domain) -> &mut Usage {
        self.usages.entry(domain).or_insert(UNUSED)
    }

    fn fit(&mut self, domains: &[Domain], mode: Mode) -> bool {
        if self.running == MAX_RUNNING {
            return false;
        }
        domains.iter().all(|domain| {
            let usage = self.usage(*domain);
            !usage.exclusive && (mode == Mode::Shared || usage.shared == 0)
        })
    }

    fn take(&mut self, domains: &[Domain], mode: Mode) -> DomainLock {
        self.taken += 1;
        self.running += 1;
        for domain in domains {
            let usage = self.usage(*domain);
            match mode {
                Mode::Shared => usage.shared += 1,
                Mode::Exclusive => (usage.exclusive, usage.needs_reset) = (true, true),
            }
        }
        let domains = domains.to_vec();
        DomainLock { domains, mode }
    }
}

fn locks() -> MutexGuard<'static, Locks> {
    LOCKS.lock().unwrap_or_else(PoisonError::into_inner)
}
