//! The ports to the outside: AWS, the web, the clock and the environment. Each has a stand-in in `testing`.

mod aws;
pub mod blob;
pub mod bus;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod eraser;
pub mod metric;
mod ports;
pub mod queue;
pub mod scanner;
pub mod secret;
pub mod store;
pub mod transport;

pub use ports::{Clients, Ports, UndeclaredClient};
