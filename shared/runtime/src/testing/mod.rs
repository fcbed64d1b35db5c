//! What tests run functions on: a stand-in for every port, faults, tokens, and the harness that joins them.

pub mod access;
mod api;
pub mod erasing;
mod examples;
mod fakes;
mod faults;
pub mod growth;
mod harness;
mod in_front;
mod keys;
mod misreads;
pub mod queries;
mod random;
mod request;
mod routes;

pub use api::complete;
pub use examples::Examples;
pub use fakes::{FakeBus, FakeFiles, FakeQueue, FakeScanner, FakeSecrets, FakeTransport, Fakes, Script, Sent};
pub use faults::{CrashAfter, Fault, SuspendAt, crash_after, with_faults};
pub use harness::{Harness, within};
pub use in_front::StoreInFront;
pub use keys::{KEY, OTHER_KEY, TestKey, auth_settings, bearer, claims, sign};
pub use misreads::assert_faults_are_named;
pub use random::Dice;
pub use request::{TestRequest, TestResponse};
