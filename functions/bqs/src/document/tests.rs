//! Documents through their functions, on fakes.

mod arrive;
mod fixtures;
mod presign;
mod quota;
mod upload;
