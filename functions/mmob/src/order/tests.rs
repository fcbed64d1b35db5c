//! Orders without AWS: what MMOB, providers and operators see, whatever fails and whoever dies.

mod bugs;
mod exhaustive;
mod failures;
mod fencing;
mod flips;
mod house;
mod life;
mod process;
mod queue;
mod random;
mod sweep;
mod web;
mod webhook;
mod witness;
