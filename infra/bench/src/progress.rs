//! What a person sees while it measures.

use std::fmt::Display;
use std::io::{self, Write};

/// Tells the person something. A closed stdout (`| head`) is no reason to stop.
pub fn say(line: impl Display) {
    let _closed = writeln!(io::stdout(), "{line}");
}

pub fn note(line: impl Display) {
    say(format!("    {line}"));
}

/// A line at each tenth of the way.
pub struct Meter {
    what: &'static str,
    all: usize,
    done: usize,
}

impl Meter {
    pub fn new(what: &'static str, all: usize) -> Self {
        Self { what, all, done: 0 }
    }

    pub fn tick(&mut self) {
        self.done += 1;
        if self.done.is_multiple_of(self.all.div_ceil(5).max(1)) || self.done == self.all {
            note(format!("{}: {} of {}", self.what, self.done, self.all));
        }
    }
}
