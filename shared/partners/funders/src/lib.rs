//! Funder adapters: the requests that each funder gets and how its answers are read. Values only; nothing here does I/O.
//!
//! A new funder is one file with an `impl Funder`, one arm in [`funder`], one fixture folder and one secret.

pub mod alphabet;
mod funder;
pub mod lex;
mod notice;

pub use funder::{Funder, QuoteContext, Reference};
pub use notice::{Notice, ProposalNotice, notice};

/// The adapter of this name in `model::partner::FUNDERS`.
pub fn funder(name: &str) -> Option<&'static dyn Funder> {
    match name {
        "LEX" => Some(&lex::Lex),
        "ALPHABET" => Some(&alphabet::Alphabet),
        _ => None,
    }
}

#[cfg(test)]
mod behaviour;
#[cfg(test)]
mod sample;
