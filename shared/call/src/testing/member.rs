//! An adapter, described for the behaviour suite.

use model::{Kind, Result};

use super::fixtures::Fixtures;
use crate::{Answer, Auth, Call, Loggable};

/// An adapter under test.
pub struct SuiteMember {
    pub name: &'static str,
    pub auth: Auth,
    pub loggable: &'static Loggable,
    pub fixtures: Fixtures,
    pub operations: Vec<Operation>,
    /// Values of a person in the fixtures, which no log may have.
    pub personal: Vec<String>,
    /// The failure that a status means, if the body does not matter.
    pub kind_of: fn(u16) -> Kind,
}

/// What a reader makes of a success.
#[derive(Debug)]
pub enum Reading {
    Sound,
    /// A value that the reader should have refused.
    Unsound(String),
    /// The partner does not have it.
    Absent,
}

impl Reading {
    pub fn of(sound: bool, value: &impl std::fmt::Debug) -> Self {
        if sound {
            Self::Sound
        } else {
            Self::Unsound(format!("{value:?}"))
        }
    }
}

type Read = Box<dyn Fn(&Answer) -> Result<Reading>>;
type CallOf = Box<dyn Fn(&str) -> Result<Call>>;

/// A call of an adapter, with the reader of its answer.
pub struct Operation {
    /// The first part of its fixtures' names.
    pub(super) fixture: String,
    pub(super) call: Call,
    pub(super) repeatable: bool,
    pub(super) read: Option<Read>,
    pub(super) status_decides: bool,
    pub(super) may_be_absent: bool,
    pub(super) kinds: Vec<(u16, Kind)>,
    pub(super) of_ids: Vec<CallOf>,
}

impl Operation {
    pub fn new(fixture: &str, call: Result<Call>) -> Self {
        Self {
            fixture: fixture.to_owned(),
            call: call.unwrap_or_else(|error| panic!("{fixture}: {error:?}")),
            repeatable: true,
            read: None,
            status_decides: false,
            may_be_absent: false,
            kinds: Vec::new(),
            of_ids: Vec::new(),
        }
    }

    /// A second call would do harm, so the call must not be repeatable.
    #[must_use]
    pub fn not_repeatable(mut self) -> Self {
        self.repeatable = false;
        self
    }

    #[must_use]
    pub fn read(mut self, read: impl Fn(&Answer) -> Result<Reading> + 'static) -> Self {
        self.read = Some(Box::new(read));
        self
    }

    /// The reader takes any body of a success.
    #[must_use]
    pub fn status_decides(mut self) -> Self {
        self.status_decides = true;
        self
    }

    /// The reader understands the fixture `absent`.
    #[must_use]
    pub fn may_be_absent(mut self) -> Self {
        self.may_be_absent = true;
        self
    }

    /// The failure that a status means for this operation, where it is not the member's.
    #[must_use]
    pub fn kind(mut self, status: u16, kind: Kind) -> Self {
        self.kinds.push((status, kind));
        self
    }

    /// The call for another id. May be given once for each id in the call.
    #[must_use]
    pub fn of_id(mut self, call: impl Fn(&str) -> Result<Call> + 'static) -> Self {
        self.of_ids.push(Box::new(call));
        self
    }
}

impl SuiteMember {
    pub(super) fn kind(&self, operation: &Operation, status: u16) -> Kind {
        let own = operation.kinds.iter().find(|(own, _)| *own == status);
        own.map_or_else(|| (self.kind_of)(status), |(_, kind)| *kind)
    }
}
