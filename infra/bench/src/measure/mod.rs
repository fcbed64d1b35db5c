//! The measurements, each by itself.

pub mod cold;
pub mod instructions;
pub mod parcel;
pub mod scaling;
pub mod throttle;
pub mod trips;
pub mod warm;
