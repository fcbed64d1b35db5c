//! A partner's prose about a failure. It may repeat what the request says about a person.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;

use super::form;
use crate::loggable::{LoggedMember, Shown};

/// The hub logs this many characters of a message.
const MESSAGE_LIMIT: usize = 200;
/// A longer value without a space is a document, which no message repeats.
const PROSE_LIMIT: usize = 512;
/// With more, a comparison would take too long.
const MAX_WORDS: usize = 1000;
/// A word that has another one of this length in it repeats it: `JohnDoe`, `Smiths`.
const MIN_PART: usize = 4;

/// The words that the request has in redacted places, names of unknown members among them, in lower case. Words with digits
/// are not among them: a message has no digits.
pub struct HiddenWords(BTreeSet<String>);

impl HiddenWords {
    /// None if the request is no JSON, nests more deeply than `depth`, or has too many words.
    pub fn of(request: &[u8], members: &'static [LoggedMember], depth: u8) -> Option<Self> {
        let raw = serde_json::from_slice::<&RawValue>(request).ok()?;
        let mut words = Self(BTreeSet::new());
        words.collect(raw, Shown::Object(members), depth)?;
        Some(words)
    }

    fn collect(&mut self, raw: &RawValue, shown: Shown, depth: u8) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match raw.get().as_bytes().first()? {
            b'{' => {
                let members: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).ok()?;
                members.into_iter().try_for_each(|(name, value)| {
                    let inside = shown.member(&name, value.get());
                    if inside.is_none() {
                        self.add(&name)?;
                    }
                    self.collect(value, inside.unwrap_or(Shown::Hidden), depth)
                })
            }
            b'[' => {
                let entries: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
                let mut entries = entries.into_iter();
                entries.try_for_each(|entry| self.collect(entry, shown.entry(), depth))
            }
            b'"' if !form::is_fixed(raw.get(), shown) => self.add(&serde_json::from_str::<String>(raw.get()).ok()?),
            _ => Some(()),
        }
    }

    /// The words of a text, and the text as one word: `de la Cruz` may come back as `delacruz`.
    fn add(&mut self, text: &str) -> Option<()> {
        if text.len() > PROSE_LIMIT {
            return (!text.contains(char::is_whitespace)).then_some(());
        }
        let whole: String = text.chars().filter(|letter| letter.is_alphabetic()).collect();
        let words = text.split(|letter: char| !letter.is_alphanumeric());
        for word in words.chain([whole.as_str()]) {
            if word.chars().nth(1).is_some() && !word.contains(char::is_numeric) {
                self.0.insert(word.to_lowercase());
            }
        }
        (self.0.len() <= MAX_WORDS).then_some(())
    }

    /// The beginning of the message with its digits masked, each word that the request hides, each e-mail address, and each
    /// word that is not of ASCII letters.
    pub fn mask(&self, message: &str) -> String {
        let mut masked = String::new();
        for token in beginning(message).split_inclusive(char::is_whitespace) {
            let is_address = token.contains('@');
            let mut rest = token;
            while let Some(first) = rest.chars().next() {
                let is_word = first.is_alphanumeric();
                let end = rest.find(|letter: char| letter.is_alphanumeric() != is_word);
                let (run, after) = rest.split_at(end.unwrap_or(rest.len()));
                match is_word {
                    true if is_address => masked.push_str("***"),
                    true => masked.push_str(&self.mask_word(run)),
                    false => masked.extend(run.chars().map(plain)),
                }
                rest = after;
            }
        }
        masked
    }

    fn mask_word(&self, word: &str) -> String {
        if word.contains(char::is_numeric) {
            return "#".repeat(word.chars().count());
        }
        let lower = word.to_lowercase();
        let is_hidden = || self.0.contains(&lower) || self.0.iter().any(|hidden| has_part(&lower, hidden));
        if word.is_ascii() && !is_hidden() {
            word.to_owned()
        } else {
            "***".to_owned()
        }
    }
}

/// The whole words within the limit: half a name would not be recognised.
fn beginning(message: &str) -> &str {
    match message.char_indices().nth(MESSAGE_LIMIT) {
        None => message,
        Some((end, _)) => {
            let within = message.get(..end).unwrap_or_default();
            let whole = within.rfind(char::is_whitespace);
            within.get(..whole.unwrap_or_default()).unwrap_or_default()
        }
    }
}

/// Whether one of the words is a part of the other.
fn has_part(word: &str, hidden: &str) -> bool {
    (hidden.len() >= MIN_PART && word.contains(hidden)) || (word.len() >= MIN_PART && hidden.contains(word))
}

fn plain(letter: char) -> char {
    if letter.is_ascii() && !letter.is_control() {
        letter
    } else {
        ' '
    }
}
