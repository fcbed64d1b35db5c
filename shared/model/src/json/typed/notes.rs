//! What one pass over a faulty document leaves for the next: its faults, and what takes their places.

use std::collections::BTreeMap;

use super::misread::{Misread, WRONG_FORM};
use super::place::{NodePlace, NodeStep};
use super::source::STAND_INS;
use crate::error::Field;

/// No further fault is noted after this many bytes.
const MAX_ERROR_BYTES: usize = 64 * 1024;
/// The length of a path, which a sender's own member names make longer. Paths are compared, so this limits their cost.
const MAX_PATH_LENGTH: usize = 1024;

#[derive(Clone, Copy)]
pub enum Patch {
    /// A null that its type does not take: the member is absent.
    LeftOut,
    /// A faulty or missing value. A value of its type takes its place: for a text, the one of this number.
    StandIn(usize),
}

pub struct Notes {
    pub faults: Vec<Field>,
    /// The most faults that are wanted.
    most: usize,
    bytes: usize,
    patches: BTreeMap<String, Patch>,
    /// No further pass finds more.
    pub is_complete: bool,
}

impl Notes {
    pub fn new(most: usize) -> Self {
        Self {
            faults: Vec::new(),
            most,
            bytes: 0,
            patches: BTreeMap::new(),
            is_complete: false,
        }
    }

    pub fn patch(&self, place: &NodePlace) -> Option<Patch> {
        if self.patches.is_empty() || place.length() > MAX_PATH_LENGTH {
            return None;
        }
        self.patches.get(&place.to_string()).copied()
    }

    /// A value of the wrong type. If the reader goes on, a stand-in has to take its place at once.
    pub fn misfit(&mut self, place: &NodePlace, message: &str) -> Result<(), Misread> {
        self.replace(place, message);
        if self.is_complete { Err(Misread::Noted) } else { Ok(()) }
    }

    /// A failure of the type that read this value.
    pub fn failed(&mut self, place: &NodePlace, is_null: bool, failure: Misread) {
        match failure {
            Misread::Noted => {}
            Misread::Missing(name) => {
                let is_real = !matches!(self.patch(place), Some(Patch::StandIn(_)));
                let place = place.enter(NodeStep::Member(name));
                match self.patch(&place) {
                    Some(Patch::StandIn(_)) => self.is_complete = true,
                    _ if is_real => self.replace(&place, "is missing"),
                    _ => self.put(&place, Patch::StandIn(0)),
                }
            }
            Misread::Unfit(message) => match self.patch(place) {
                Some(Patch::StandIn(tried)) if tried + 1 < STAND_INS.len() => {
                    self.put(place, Patch::StandIn(tried + 1));
                }
                Some(Patch::StandIn(_)) => self.is_complete = true,
                _ if is_null && place.is_member() => self.put(place, Patch::LeftOut),
                // The type checks its members together, and one is a stand-in.
                _ if self.concerns(&place.to_string()) => self.put(place, Patch::StandIn(0)),
                _ if message.starts_with("must ") => self.replace(place, &message),
                _ => self.replace(place, WRONG_FORM),
            },
        }
    }

    /// Whether a stand-in is at this path, in it or around it.
    pub fn concerns(&self, path: &str) -> bool {
        self.patches
            .iter()
            .filter(|(_, patch)| matches!(patch, Patch::StandIn(_)))
            .any(|(other, _)| is_within(path, other) || is_within(other, path))
    }

    fn replace(&mut self, place: &NodePlace, message: &str) {
        let path = place.to_string();
        self.bytes += path.len() + message.len();
        self.faults.push(Field {
            path,
            message: message.to_owned(),
        });
        self.is_complete = self.faults.len() >= self.most || self.bytes > MAX_ERROR_BYTES;
        self.put(place, Patch::StandIn(0));
    }

    fn put(&mut self, place: &NodePlace, patch: Patch) {
        self.is_complete |= place.length() > MAX_PATH_LENGTH;
        self.patches.insert(place.to_string(), patch);
    }
}

fn is_within(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer)
        .is_some_and(|rest| outer.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
}
