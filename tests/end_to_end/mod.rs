//! The deployed template over real HTTP, with a real queue and real tables, against the simulated funder.

mod canaries;
mod cases;
mod channels;
mod documents;
mod failures;
mod flock;
mod forwarding;
mod funders;
mod hostile;
mod inputs;
mod messages;
mod mmob;
mod operators;
mod ownership;
mod permissions;
mod proposals;
mod quotes;
mod redrive;
mod samples;
mod tokens;
mod triggers;
mod webhooks;
