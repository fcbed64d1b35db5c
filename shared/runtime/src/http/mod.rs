//! HTTP as callers see it: who they are, what they may send, and what they get.

pub mod auth;
pub mod caller;
pub mod document;
pub mod envelope;
pub mod form;
pub mod list;
pub mod media;
pub mod problem;
pub mod reference;
pub mod reply;
pub mod signature;
