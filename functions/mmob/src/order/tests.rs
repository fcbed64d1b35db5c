//! Orders on stand-ins: what MMOB, providers and operators see, whatever fails and wherever a worker crashes.

mod bit_flips;
mod crashes;
mod failures;
mod fairness;
mod fake_mmob;
mod fake_sqs;
mod fencing;
mod invariant_store;
mod mutants;
mod mutated_ports;
mod operators;
mod process;
mod random_seeds;
mod simulation;
mod sweep;
mod testing;
mod webhook;
