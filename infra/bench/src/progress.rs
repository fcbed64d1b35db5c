//! Output for the person who watches a run.

use std::fmt::Display;
use std::io::{self, Write};

/// Prints a line. A closed stdout (`| head`) does not stop the run.
pub fn line(text: impl Display) {
    let _closed = writeln!(io::stdout(), "{text}");
}

pub fn note(text: impl Display) {
    line(format!("    {text}"));
}

/// Prints a line at each fifth of the work.
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
