//! Every route and every function, whatever its domain.

mod bad_bodies;
mod canaries;
mod emulator;
mod erasure;
mod first_hour;
mod logs;
mod ownership;
mod paths;
mod roles;
mod rows;
mod sample_events;
mod tokens;
