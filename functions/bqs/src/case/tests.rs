//! Cases through their functions, on fakes.

mod expiry;
mod fixtures;
mod lifecycle;
mod plain;
mod races;
mod random;
mod refused;
mod rights;
mod samples;
