//! The words in which what is known of a document is written down.

/// A request's body.
#[derive(Debug)]
pub struct Schema {
    /// What the original's handler calls it: a body that cannot be read is reported under this name too.
    pub name: &'static str,
    /// Every member may be left out, save those of a list's items.
    pub partial: bool,
    pub members: &'static [Member],
}

/// A member that is known by name, in any casing. It is written in this one.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    pub name: &'static str,
    /// Other spellings that are taken.
    pub also: &'static [&'static str],
    pub is: Is,
    pub required: bool,
    pub nullable: bool,
}

#[derive(Clone, Copy, Debug)]
pub enum Is {
    Text,
    /// A short text of letters, digits and hyphens.
    Code,
    /// A whole number, also as text.
    Integer,
    /// A number, also as text. Money is one, in major units.
    Decimal,
    Flag,
    /// ISO 8601, with or without a time and an offset. It keeps its text.
    Instant,
    Object(&'static [Member]),
    List(Item),
    /// A list whose items are all of this kind.
    Each(&'static Is),
    /// Ours to say: taken, and left out of the document.
    Ours,
}

/// What a list's items are: objects, all of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    pub members: &'static [Member],
    /// Of these members an item has exactly one, where any are named.
    pub one_of: &'static [&'static str],
}

impl Member {
    /// Optional, and null clears it.
    pub const fn new(name: &'static str, is: Is) -> Self {
        Self {
            name,
            also: &[],
            is,
            required: false,
            nullable: true,
        }
    }

    #[must_use]
    pub const fn required(self) -> Self {
        Self {
            required: true,
            ..self.solid()
        }
    }

    /// Cannot be cleared.
    #[must_use]
    pub const fn solid(self) -> Self {
        Self {
            nullable: false,
            ..self
        }
    }

    #[must_use]
    pub const fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }
}

impl Is {
    /// What the original calls the type in its messages.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Text | Self::Code => "System.String",
            Self::Integer => "System.Int64",
            Self::Decimal => "System.Decimal",
            Self::Flag => "System.Boolean",
            Self::Instant => "System.DateTime",
            Self::List(_) | Self::Each(_) => "System.Array",
            Self::Object(_) | Self::Ours => "System.Object",
        }
    }
}
