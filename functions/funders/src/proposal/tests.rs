//! Proposals through the real triggers, on stand-ins for every port, in virtual time.

mod bank;
mod events;
mod generate;
mod house;
mod lists;
mod random;
mod reconcile;
mod submit;
mod webhook;
