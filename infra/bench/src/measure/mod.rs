//! One module for each measurement.

pub mod cold;
pub mod growth;
pub mod instructions;
pub mod round_trips;
pub mod scaling;
pub mod throttle;
pub mod warm;
pub mod zip;
