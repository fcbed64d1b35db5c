//! Redaction by place: of a document stands what its adapter's table names, in the form that the table gives.

mod form;
mod message;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use self::message::HiddenWords;
use crate::loggable::{Loggable, Shown};

const DEEPEST: u8 = 32;
/// The most bytes of a redacted document. A row of DynamoDB has room for twelve of them.
pub const MAX_DOCUMENT: usize = 32 * 1024;
/// What follows the last entry that begins within the limit: this entry, `truncated`, and a bracket for each level.
const ENDING: usize = 768;

/// The redaction of one call and of its answer.
pub struct Redaction<'a> {
    loggable: &'static Loggable,
    /// What stands in the log instead of a text.
    hide: &'a dyn Fn(&str) -> String,
    request: &'a [u8],
    /// None if an answer cannot be compared with the request.
    hidden: OnceCell<Option<HiddenWords>>,
}

impl<'a> Redaction<'a> {
    /// `hide` gives plain text, which JSON does not escape.
    pub fn new(loggable: &'static Loggable, request: &'a [u8], hide: &'a dyn Fn(&str) -> String) -> Self {
        Self {
            loggable,
            hide,
            request,
            hidden: OnceCell::new(),
        }
    }

    pub fn request(&self) -> String {
        self.document(self.request, Shown::Object(self.loggable.request))
    }

    pub fn answer(&self, body: &[u8]) -> String {
        self.document(body, Shown::Object(self.loggable.answer))
    }

    /// The document without its nulls. What is not JSON is redacted whole, and so is what nests too deeply. It ends with
    /// `truncated` after [`MAX_DOCUMENT`].
    fn document(&self, body: &[u8], shown: Shown) -> String {
        if body.is_empty() {
            return String::new();
        }
        let mut document = RedactedDocument {
            of: self,
            text: String::new(),
            is_cut: false,
        };
        let raw = serde_json::from_slice::<&RawValue>(body).ok();
        match raw.and_then(|raw| document.value(raw, shown, DEEPEST)) {
            Some(()) => document.text,
            None => (self.hide)(&String::from_utf8_lossy(body)),
        }
    }

    /// What the request has in redacted places. None if the request is no JSON, or has too much of it.
    fn hidden(&self) -> Option<&HiddenWords> {
        let words = || HiddenWords::of(self.request, self.loggable.request, DEEPEST);
        self.hidden.get_or_init(words).as_ref()
    }

    /// The scalar as it may stand in the log. None if it may not.
    fn visible<'s>(&self, scalar: &'s str, shown: Shown) -> Option<Cow<'s, str>> {
        let is_visible = match shown {
            _ if scalar == "null" => true,
            Shown::Message => return self.message(scalar).map(Cow::Owned),
            Shown::Code(_) => form::is_fixed(scalar, shown) || self.is_code(scalar),
            Shown::Place => form::place(scalar).is_some_and(|place| self.is_place(place)),
            _ => form::is_fixed(scalar, shown),
        };
        is_visible.then_some(Cow::Borrowed(scalar))
    }

    fn message(&self, scalar: &str) -> Option<String> {
        let text: String = serde_json::from_str(scalar).ok()?;
        serde_json::to_string(&self.hidden()?.mask(&text)).ok()
    }

    fn is_code(&self, scalar: &str) -> bool {
        let repeats = |code: &str| self.hidden().is_none_or(|hidden| hidden.mask(code) != code);
        form::code(scalar).is_some_and(|code| !repeats(code))
    }

    fn is_place(&self, text: &str) -> bool {
        form::is_place(text, |word| self.loggable.is_place_word(word))
    }
}

/// A document while it is written. A short value becomes a long one, so its length is limited here and not before.
struct RedactedDocument<'a> {
    of: &'a Redaction<'a>,
    text: String,
    is_cut: bool,
}

impl RedactedDocument<'_> {
    /// None if it is nested too deeply.
    fn value(&mut self, raw: &RawValue, shown: Shown, depth: u8) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match raw.get().as_bytes().first()? {
            b'{' => self.object(raw, shown, depth),
            b'[' => self.list(raw, shown.entry(), depth),
            _ => {
                self.scalar(raw.get(), shown);
                Some(())
            }
        }
    }

    fn object(&mut self, raw: &RawValue, shown: Shown, depth: u8) -> Option<()> {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).ok()?;
        self.text.push('{');
        let begin = self.text.len();
        for (name, value) in members {
            if value.get() == "null" {
                continue;
            }
            if !self.goes_on(begin, r#""truncated":true"#) {
                break;
            }
            let inside = match shown {
                Shown::Places(inside) => self.of.is_place(&name).then_some(*inside),
                _ => shown.member(&name, value.get()),
            };
            // A name can be data as well, where a map is keyed by it.
            match inside {
                Some(_) => self.text.push_str(&format!(r#""{name}""#)),
                None => self.hidden(&name),
            }
            self.text.push(':');
            self.value(value, inside.unwrap_or(Shown::Hidden), depth)?;
        }
        self.text.push('}');
        Some(())
    }

    /// Equal scalars are written one time, and how often they are there after them.
    fn list(&mut self, raw: &RawValue, entry: Shown, depth: u8) -> Option<()> {
        let values: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
        let is_scalar = |value: &RawValue| !value.get().starts_with(['{', '[']);
        let mut scalars: BTreeMap<&str, usize> = BTreeMap::new();
        for value in values.iter().filter(|value| is_scalar(value)) {
            *scalars.entry(value.get()).or_default() += 1;
        }
        self.text.push('[');
        let begin = self.text.len();
        for value in values {
            let times = match is_scalar(value) {
                true => scalars.remove(value.get()).unwrap_or_default(),
                false => 1,
            };
            if times == 0 {
                continue;
            }
            if !self.goes_on(begin, r#""truncated""#) {
                break;
            }
            self.value(value, entry, depth)?;
            if times > 1 {
                self.text.push_str(&format!(r#","x{times}""#));
            }
        }
        self.text.push(']');
        Some(())
    }

    fn scalar(&mut self, scalar: &str, shown: Shown) {
        match self.of.visible(scalar, shown) {
            Some(visible) => self.text.push_str(&visible),
            None => self.hidden(scalar),
        }
    }

    fn hidden(&mut self, text: &str) {
        self.text.push('"');
        self.text.push_str(&(self.of.hide)(text));
        self.text.push('"');
    }

    /// Goes on to the next entry of the object or list whose entries begin at `begin`. False if the document ends here, for
    /// which `mark` is its last entry.
    fn goes_on(&mut self, begin: usize, mark: &str) -> bool {
        if self.is_cut {
            return false;
        }
        if self.text.len() > begin {
            self.text.push(',');
        }
        self.is_cut = self.text.len() > MAX_DOCUMENT - ENDING;
        if self.is_cut {
            self.text.push_str(mark);
        }
        !self.is_cut
    }
}

#[cfg(test)]
mod tests;
