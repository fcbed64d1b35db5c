//! Where a value stands in a document: `contractDetails.term`.

use std::fmt;

#[derive(Clone, Copy)]
pub enum NodeStep<'a> {
    Root,
    /// A member that the type knows.
    Member(&'a str),
    /// A member whose name the sender chose.
    Key(&'a str),
    Item(usize),
}

#[derive(Clone, Copy)]
pub struct NodePlace<'a> {
    outer: Option<&'a Self>,
    step: NodeStep<'a>,
    length: usize,
}

impl<'a> NodePlace<'a> {
    pub const ROOT: Self = Self {
        outer: None,
        step: NodeStep::Root,
        length: 0,
    };

    pub fn enter(&'a self, step: NodeStep<'a>) -> Self {
        let length = match step {
            NodeStep::Root => 0,
            NodeStep::Member(name) | NodeStep::Key(name) => name.len() + 1,
            // An index and its brackets.
            NodeStep::Item(_) => 8,
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
        matches!(self.step, NodeStep::Member(_))
    }
}

impl fmt::Display for NodePlace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(outer) = self.outer else { return Ok(()) };
        outer.fmt(f)?;
        match self.step {
            NodeStep::Root => Ok(()),
            NodeStep::Member(name) | NodeStep::Key(name) if outer.outer.is_none() => f.write_str(name),
            NodeStep::Member(name) | NodeStep::Key(name) => write!(f, ".{name}"),
            NodeStep::Item(index) => write!(f, "[{index}]"),
        }
    }
}
