//! How a test gets the deployed stack: alone or beside other tests, and with what other tests left in it removed.

use http::Method;

use crate::lock::{Domain, DomainLock};
use crate::stack::Stack;

impl Stack {
    /// The stack for a test that scripts all calls to these domains' partners, counts calls or rows of other tests, makes a
    /// partner throttle the hub, or changes a function. Nothing is scripted, and the domains' queues are empty.
    pub async fn exclusive(domains: &[Domain]) -> Self {
        let stack = Self::open(DomainLock::exclusive(domains));
        stack.reset(domains).await;
        stack
    }

    /// The stack for a test that looks only at its own rows and calls, beside others of the same kind. Nothing is scripted
    /// but calls with the correlation ids of such tests.
    pub async fn shared(domains: &[Domain]) -> Self {
        let mut stack = Self::open(DomainLock::shared(domains));
        if stack.lock.must_reset() {
            stack.reset(domains).await;
            stack.lock.share();
        }
        stack
    }

    /// The stack for a test during which no other test may run.
    pub async fn whole() -> Self {
        Self::exclusive(&Domain::ALL).await
    }

    /// The stack after every other test that has begun.
    pub async fn last() -> Self {
        let stack = Self::open(DomainLock::last());
        stack.reset(&Domain::ALL).await;
        stack
    }

    async fn reset(&self, domains: &[Domain]) {
        for domain in domains {
            for partner in domain.partners() {
                self.control(Method::DELETE, &format!("/{partner}"), None).await;
            }
            for queue in domain.queues() {
                self.purge(queue).await;
            }
        }
    }
}
