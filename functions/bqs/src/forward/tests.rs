//! Cases through the deployed worker, on fakes, in virtual time.

mod crash;
mod fake_upstream;
mod lifecycle;
mod operator;
mod random;
mod simulation;
