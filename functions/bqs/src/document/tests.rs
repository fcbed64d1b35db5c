//! Documents through their functions, on stand-ins.

mod arrive;
mod counter;
mod presign;
mod upload;
