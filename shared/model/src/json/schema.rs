//! What is known about a document.

/// The largest number, either way. It exceeds any amount and is exact in a float.
pub const MAX_NUMBER: i64 = 1_000_000_000_000_000;
/// What [`Type::Code`] accepts.
pub const CODE_PATTERN: &str = "^[0-9A-Za-z-]{1,32}$";

/// A request's body.
#[derive(Debug)]
pub struct Schema {
    /// The parameter's name in the API that clients know. A body that cannot be converted is reported under it too.
    pub name: &'static str,
    /// Every member is optional, except in the items of lists.
    pub partial: bool,
    pub members: &'static [Member],
}

/// A known member. Its name is read in any casing and written in this one.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    pub name: &'static str,
    /// Other spellings that are accepted.
    pub aliases: &'static [&'static str],
    pub ty: Type,
    pub required: bool,
    pub nullable: bool,
    /// No text in it has control or format characters, also not those of unknown members.
    pub plain: bool,
}

#[derive(Clone, Copy, Debug)]
pub enum Type {
    Text,
    /// An e-mail address, which keeps its text.
    Email,
    /// A short text of letters, digits and hyphens.
    Code,
    /// A whole number, also as text.
    Integer,
    /// A number, also as text. Money is one, in major units.
    Decimal,
    Bool,
    /// ISO 8601, with or without a time and an offset. It keeps its text.
    Instant,
    Object(&'static [Member]),
    List(ListItem),
    /// A list whose items all have this type.
    ListOf(&'static Type),
    /// Set by the server: accepted, and left out of the document.
    ServerSet,
}

/// The items of a list: objects of one kind.
#[derive(Clone, Copy, Debug)]
pub struct ListItem {
    pub members: &'static [Member],
    /// An item has exactly one of these members. Empty: there is no such rule.
    pub one_of: &'static [&'static str],
}

impl Member {
    /// Optional, and null clears it.
    pub const fn new(name: &'static str, ty: Type) -> Self {
        Self {
            name,
            aliases: &[],
            ty,
            required: false,
            nullable: true,
            plain: false,
        }
    }

    /// Required, and null cannot clear it.
    #[must_use]
    pub const fn required(self) -> Self {
        Self {
            required: true,
            ..self.not_null()
        }
    }

    /// Null cannot clear it.
    #[must_use]
    pub const fn not_null(self) -> Self {
        Self {
            nullable: false,
            ..self
        }
    }

    /// For names and addresses.
    #[must_use]
    pub const fn plain(self) -> Self {
        Self { plain: true, ..self }
    }

    #[must_use]
    pub const fn aliases(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }
}

impl Type {
    /// The type's name in .NET, which the clients of System.Text.Json know from its messages.
    pub(super) fn dot_net(&self) -> &'static str {
        match self {
            Self::Text | Self::Email | Self::Code => "System.String",
            Self::Integer => "System.Int64",
            Self::Decimal => "System.Decimal",
            Self::Bool => "System.Boolean",
            Self::Instant => "System.DateTime",
            Self::List(_) | Self::ListOf(_) => "System.Array",
            Self::Object(_) | Self::ServerSet => "System.Object",
        }
    }
}
