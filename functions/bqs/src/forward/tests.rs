//! Cases through the deployed worker, on fakes, in virtual time.

mod crash;
mod document;
mod expiry;
mod failing_store;
mod fake_upstream;
mod lifecycle;
mod link;
mod operator;
mod random;
mod scan;
mod simulation;
