//! The API document: made from the handlers and their functions, committed as `functions/operations/openapi.json`, held
//! equal by a test.

mod document;
mod examples;
mod operations;
mod references;
mod rules;
mod tags;
mod webhooks;

pub use document::document;
