//! What of a partner's documents may stand in a log: each adapter declares the places of its own wire schema.

/// The tables of an adapter. What they do not name is redacted, names included.
#[derive(Debug)]
pub struct Loggable {
    pub request: &'static [LoggedMember],
    pub answer: &'static [LoggedMember],
    /// Words in the places that a refusal names ([`Shown::Place`]), beside the names in `request`.
    pub place_words: &'static [&'static str],
}

/// A member of an object: its name, which may stand in a log, and what may of its value. A member whose value has one of two
/// shapes has two entries.
pub type LoggedMember = (&'static str, Shown);

/// What of a value may stand in a log. A value of another form is redacted.
#[derive(Clone, Copy, Debug)]
pub enum Shown {
    /// Nothing. The caller chooses what stands there, or it is about a person.
    Hidden,
    /// At most 7 digits before the point and 9 in all, also in quotes: personal numbers, phone numbers and accounts have more.
    Number,
    /// A whole number of at most 5 digits: a date of birth has more.
    Count,
    /// True, false, 0 or 1.
    Flag,
    /// A date, with or without a time, on which no adult was born: 2015 or later.
    Date,
    Uuid,
    /// An id that the partner issues, which begins like one of these.
    Id(&'static [&'static str]),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A word that the adapter's own type reads.
    Known(fn(&str) -> bool),
    /// In answers: the partner's code for a failure. One of these, or another word of letters, `_` and `.` that repeats nothing
    /// of the request.
    Code(&'static [&'static str]),
    /// In answers: a place in the request, made of the names in [`Loggable::request`], [`Loggable::place_words`] and indexes.
    Place,
    /// In answers: what the partner says about a failure. Digits, addresses and everything that the request has in redacted
    /// places are masked. It is redacted whole if the request is no JSON, and so cannot be compared.
    Message,
    Object(&'static [LoggedMember]),
    List(&'static Shown),
    /// In answers: an object whose members are named by places.
    Places(&'static Shown),
}

impl Loggable {
    /// Nothing may stand in a log.
    pub const NOTHING: Self = Self {
        request: &[],
        answer: &[],
        place_words: &[],
    };

    /// Whether `name` may stand in a place that a refusal names.
    pub(crate) fn is_place_word(&self, name: &str) -> bool {
        self.place_words.contains(&name) || has_name(self.request, name)
    }
}

impl Shown {
    /// What may stand of the member `name` of such a value. None if the schema does not have the member.
    pub(crate) fn member(self, name: &str, value: &str) -> Option<Self> {
        let Self::Object(members) = self else { return None };
        let mut entries = members.iter().filter(|(own, _)| *own == name).map(|(_, shown)| *shown);
        let first = entries.next()?;
        if first.has_shape_of(value) {
            return Some(first);
        }
        Some(entries.find(|shown| shown.has_shape_of(value)).unwrap_or(first))
    }

    /// What may stand of an entry of such a value.
    pub(crate) fn entry(self) -> Self {
        match self {
            Self::List(entry) => *entry,
            _ => Self::Hidden,
        }
    }

    fn has_shape_of(self, json: &str) -> bool {
        match self {
            Self::Object(_) | Self::Places(_) => json.starts_with('{'),
            Self::List(_) => json.starts_with('['),
            _ => !json.starts_with(['{', '[']),
        }
    }
}

fn has_name(members: &[LoggedMember], name: &str) -> bool {
    members
        .iter()
        .any(|(own, shown)| *own == name || has_name_inside(*shown, name))
}

fn has_name_inside(shown: Shown, name: &str) -> bool {
    match shown {
        Shown::Object(members) => has_name(members, name),
        Shown::List(inside) | Shown::Places(inside) => has_name_inside(*inside, name),
        _ => false,
    }
}
