//! Proposals through the deployed functions, on stand-ins for every port, in virtual time.

mod events;
mod fairness;
mod generate;
mod lists;
mod random;
mod read;
mod reconcile;
mod scan;
mod submit;
mod webhook;
