//! Where a value stands in a document: `contractDetails.term`.

use std::fmt;

#[derive(Clone, Copy)]
pub enum Step<'a> {
    Root,
    /// A member that the type knows.
    Member(&'a str),
    /// A member whose name the sender chose.
    Key(&'a str),
    Item(usize),
}

#[derive(Clone, Copy)]
pub struct Place<'a> {
    outer: Option<&'a Self>,
    step: Step<'a>,
    length: usize,
}

impl<'a> Place<'a> {
    pub const ROOT: Self = Self {
        outer: None,
        step: Step::Root,
        length: 0,
    };

    pub fn enter(&'a self, step: Step<'a>) -> Self {
        let length = match step {
            Step::Root => 0,
            Step::Member(name) | Step::Key(name) => name.len() + 1,
            // An index and its brackets.
            Step::Item(_) => 8,
        };
        Self {
            outer: Some(self),
            step,
            length: self.length + length,
        }
    }

    /// About the length of its text, in bytes.
    pub fn length(&self) -> usize {
        self.length
    }

    pub fn is_member(&self) -> bool {
        matches!(self.step, Step::Member(_))
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(outer) = self.outer else { return Ok(()) };
        outer.fmt(f)?;
        match self.step {
            Step::Root => Ok(()),
            Step::Member(name) | Step::Key(name) if outer.outer.is_none() => f.write_str(name),
            Step::Member(name) | Step::Key(name) => write!(f, ".{name}"),
            Step::Item(index) => write!(f, "[{index}]"),
        }
    }
}
