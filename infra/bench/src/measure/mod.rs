//! The measurements, each by itself.

pub mod callgrind;
pub mod cold;
pub mod parcel;
pub mod scaling;
pub mod throttle;
pub mod trips;
pub mod warm;
