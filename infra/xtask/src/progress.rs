//! Progress on the terminal: one line when a step begins, one with its duration when it ends.

use std::fmt::Display;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::failure::Result;

/// The steps done so far, for the closing summary.
pub struct Progress {
    begun: Instant,
    steps: Vec<Step>,
}

struct Step {
    name: String,
    took: Duration,
    passed: bool,
}

impl Progress {
    pub fn begin() -> Self {
        Self {
            begun: Instant::now(),
            steps: Vec::new(),
        }
    }

    /// Runs one step and prints its duration.
    pub fn step<T>(&mut self, name: impl Display, work: impl FnOnce() -> Result<T>) -> Result<T> {
        print(format!("==> {name}"));
        let begun = Instant::now();
        let outcome = work();
        let step = Step {
            name: name.to_string(),
            took: begun.elapsed(),
            passed: outcome.is_ok(),
        };
        let word = if step.passed { "done" } else { "FAILED" };
        note(format!("{word} after {}", seconds(step.took)));
        self.steps.push(step);
        outcome
    }

    /// Runs one of several independent steps: prints and counts a failure, and lets the next step run.
    pub fn attempt(&mut self, name: impl Display, work: impl FnOnce() -> Result<()>) {
        if let Err(failure) = self.step(name, work) {
            eprintln!("    {failure}");
        }
    }

    pub fn total(&self) -> String {
        seconds(self.begun.elapsed())
    }

    /// Prints every step with its duration. Fails if a step failed.
    pub fn close(self, what: &str) -> Result<()> {
        print(format!("\n{what}:"));
        for step in &self.steps {
            let mark = if step.passed { "" } else { "  FAILED" };
            note(format!("{:>8}  {}{mark}", seconds(step.took), step.name));
        }
        note(format!("{:>8}  in all", self.total()));
        match self.steps.iter().filter(|step| !step.passed).count() {
            0 => Ok(()),
            failed => Err(format!("{what}: {failed} of {} steps failed", self.steps.len()).into()),
        }
    }
}

/// Prints a line. Ignores a closed stdout (`| head`), because failing here would leave a stack running.
pub fn print(line: impl Display) {
    let _closed = writeln!(io::stdout(), "{line}");
}

/// Prints a detail of the current step.
pub fn note(line: impl Display) {
    print(format!("    {line}"));
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
