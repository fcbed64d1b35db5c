//! The case API: channels, cases, documents and messages, and their way upstream.

mod cases;
mod channels;
pub mod documents;
mod forwarding;
mod messages;
mod permissions;
mod restore;
mod roles;
mod samples;
mod scanner;
mod scans;
mod upstream;
