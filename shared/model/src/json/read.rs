//! Reads a body by its schema and collects its faults, in the words of System.Text.Json.

use std::cell::OnceCell;
use std::collections::HashSet;

use jiff::tz::TimeZone;
use serde_json::value::RawValue;

use super::date::instant;
use super::number;
use super::path::JsonPath;
use super::position::{Lines, Position};
use super::schema::{ListItem, MAX_NUMBER, Member, Schema, Type};
use super::strict::check;
use super::value::{Members, Object, Token, Value, fold};
use crate::email::Email;
use crate::error::{Error, Kind, Result};
use crate::text::{NOT_PLAIN, is_plain};

/// ASP.NET reports this many too.
const MAX_ERRORS: usize = 200;
/// No further fault is reported after this many bytes. A path can be as long as the body, and each fault repeats its own.
const MAX_ERROR_BYTES: usize = 256 * 1024;

pub fn document(body: &[u8], schema: &Schema) -> Result<Object> {
    let unreadable = |error: Error| error.field(schema.name, format!("The {} field is required.", schema.name));
    if body.is_empty() {
        let error = Error::invalid("$", "A non-empty request body is required.");
        return Err(unreadable(error));
    }
    check(body).map_err(|flaw| {
        let (line, byte) = (flaw.line.saturating_sub(1), flaw.column.saturating_sub(1));
        let path = flaw.path.as_str();
        let message = placed(flaw.why, path, Position { line, byte });
        unreadable(Error::new(Kind::Malformed, "The body cannot be read as JSON.").field(path, message))
    })?;
    let mut reader = Reader {
        body,
        lines: OnceCell::new(),
        path: JsonPath::default(),
        plain: false,
        unconverted: false,
        errors: Vec::new(),
        error_bytes: 0,
    };
    let object = match reader.body(schema) {
        Ok(object) => object,
        Err(Stop::Full) => Object::default(),
        Err(Stop::Defect(error)) => return Err(Error::new(Kind::Internal, "a body that was checked").because(error)),
    };
    let errors = reader.errors.into_iter();
    let refusal = errors.fold(None, |refusal: Option<Error>, (path, message)| {
        Some(match refusal {
            None => Error::invalid(path, message),
            Some(refusal) => refusal.field(path, message),
        })
    });
    match refusal {
        None => Ok(object),
        Some(refusal) if reader.unconverted => Err(unreadable(refusal)),
        Some(refusal) => Err(refusal),
    }
}

/// Why the reader does not go on to the end of the body.
enum Stop {
    /// It has reported as many faults as it may.
    Full,
    /// `check` accepted the body, so a failure of `serde` now is a defect.
    Defect(serde_json::Error),
}

impl From<serde_json::Error> for Stop {
    fn from(error: serde_json::Error) -> Self {
        Self::Defect(error)
    }
}

type Read<T> = std::result::Result<T, Stop>;

fn placed(what: &str, path: &str, at: Position) -> String {
    let Position { line, byte } = at;
    format!("{what}. Path: {path} | LineNumber: {line} | BytePositionInLine: {byte}.")
}

struct Reader<'a> {
    body: &'a [u8],
    /// Found for the first fault.
    lines: OnceCell<Lines>,
    path: JsonPath,
    /// The reader is inside a member whose texts are plain.
    plain: bool,
    /// A value could not be converted to its type.
    unconverted: bool,
    errors: Vec<(String, String)>,
    error_bytes: usize,
}

impl Reader<'_> {
    fn body(&mut self, schema: &Schema) -> Read<Object> {
        let raw = serde_json::from_slice(self.body)?;
        if let Token::Object = Token::of(raw) {
            return self.object(raw, schema.members, schema.partial);
        }
        self.misfit(raw, &Type::Object(schema.members))?;
        Ok(Object::default())
    }

    /// An object's members: known ones in their canonical form, the others as they came.
    fn object(&mut self, raw: &RawValue, known: &[Member], partial: bool) -> Read<Object> {
        let Members(given) = serde_json::from_str(raw.get())?;
        let (mut object, mut seen) = (Object::default(), HashSet::new());
        for (name, raw) in given {
            let folded = fold(&name);
            let member = known.iter().find(|member| is_named(member, &folded));
            let outer = self.path.enter_member(&name);
            if !seen.insert(member.map_or(folded, |member| member.name.to_ascii_lowercase())) {
                self.refuse(raw, "The JSON object has this member twice, in two spellings")?;
            } else if let Some(member) = member {
                if let Some(value) = self.member(raw, member, partial)? {
                    object.push(member.name.to_owned(), value);
                }
            } else {
                let value = self.unknown(raw)?;
                object.push(name, value);
            }
            self.path.leave(outer);
        }
        for member in known.iter().filter(|member| member.required && !partial) {
            if !seen.contains(&member.name.to_ascii_lowercase()) {
                let outer = self.path.enter_member(member.name);
                self.report(format!("The {} field is required.", member.name))?;
                self.path.leave(outer);
            }
        }
        Ok(object)
    }

    fn member(&mut self, raw: &RawValue, member: &Member, partial: bool) -> Read<Option<Value>> {
        if let (Token::Null, true) = (Token::of(raw), member.nullable) {
            return Ok(Some(Value::Null));
        }
        let outer = self.plain;
        self.plain |= member.plain;
        let value = self.value(raw, &member.ty, partial);
        self.plain = outer;
        value
    }

    fn value(&mut self, raw: &RawValue, ty: &Type, partial: bool) -> Read<Option<Value>> {
        let value = match (*ty, Token::of(raw)) {
            (Type::ServerSet, _) => return Ok(None),
            (Type::ListOf(each), Token::List) => Some(Value::List(self.each(raw, each)?)),
            (Type::Object(members), Token::Object) => Some(Value::Object(self.object(raw, members, partial)?)),
            (Type::List(item), Token::List) => Some(Value::List(self.items(raw, &item)?)),
            (Type::Bool, Token::Bool(value)) => Some(Value::Bool(value)),
            (Type::Text, Token::Text) => Some(Value::Text(self.text(raw)?)),
            (Type::Email, Token::Text) => {
                let text = text(raw)?;
                if text.parse::<Email>().is_err() {
                    self.refuse(raw, "The value must be an e-mail address in ASCII")?;
                    return Ok(None);
                }
                Some(Value::Text(text))
            }
            (Type::Code, Token::Text) => {
                let text = text(raw)?;
                if !is_code(&text) {
                    self.refuse(raw, "The value must be 1 to 32 letters, digits or hyphens")?;
                    return Ok(None);
                }
                Some(Value::Text(text))
            }
            (Type::Instant, Token::Text) => {
                let text = text(raw)?;
                instant(&text, &TimeZone::UTC).map(|_| Value::Text(text))
            }
            (Type::Integer | Type::Decimal, Token::Number) => number(raw.get(), ty),
            (Type::Integer | Type::Decimal, Token::Text) => number(&text(raw)?, ty),
            _ => None,
        };
        if value.is_none() {
            self.misfit(raw, ty)?;
        }
        Ok(value)
    }

    fn each(&mut self, raw: &RawValue, each: &Type) -> Read<Vec<Value>> {
        let given: Vec<&RawValue> = serde_json::from_str(raw.get())?;
        let mut values = Vec::with_capacity(given.len());
        for (index, raw) in given.into_iter().enumerate() {
            let outer = self.path.enter_item(index);
            values.extend(self.value(raw, each, false)?);
            self.path.leave(outer);
        }
        Ok(values)
    }

    fn items(&mut self, raw: &RawValue, item: &ListItem) -> Read<Vec<Value>> {
        let given: Vec<&RawValue> = serde_json::from_str(raw.get())?;
        let mut items = Vec::with_capacity(given.len());
        for (index, raw) in given.into_iter().enumerate() {
            let outer = self.path.enter_item(index);
            if let Token::Object = Token::of(raw) {
                // A list is replaced as a whole, so an update's items need all that a creation's need.
                let object = self.object(raw, item.members, false)?;
                let given = |name: &&&str| !matches!(object.get(name), None | Some(Value::Null));
                if !item.one_of.is_empty() && item.one_of.iter().filter(given).count() != 1 {
                    self.refuse(
                        raw,
                        &format!("Exactly one of {} is required", item.one_of.join(" and ")),
                    )?;
                }
                items.push(Value::Object(object));
            } else {
                self.misfit(raw, &Type::Object(item.members))?;
            }
            self.path.leave(outer);
        }
        Ok(items)
    }

    /// Keeps any value. Only its objects must not have one member in two casings.
    fn unknown(&mut self, raw: &RawValue) -> Read<Value> {
        Ok(match Token::of(raw) {
            Token::Null => Value::Null,
            Token::Bool(value) => Value::Bool(value),
            Token::Number => Value::Number(raw.get().to_owned()),
            Token::Text => Value::Text(self.text(raw)?),
            Token::Object => Value::Object(self.object(raw, &[], false)?),
            Token::List => {
                let given: Vec<&RawValue> = serde_json::from_str(raw.get())?;
                let mut items = Vec::with_capacity(given.len());
                for (index, raw) in given.into_iter().enumerate() {
                    let outer = self.path.enter_item(index);
                    items.push(self.unknown(raw)?);
                    self.path.leave(outer);
                }
                Value::List(items)
            }
        })
    }

    fn text(&mut self, raw: &RawValue) -> Read<String> {
        let text = text(raw)?;
        if self.plain && !is_plain(&text) {
            self.refuse(raw, &format!("The value {NOT_PLAIN}"))?;
        }
        Ok(text)
    }

    fn misfit(&mut self, raw: &RawValue, ty: &Type) -> Read<()> {
        self.unconverted = true;
        let what = format!("The JSON value could not be converted to {}", ty.dot_net());
        self.refuse(raw, &what)
    }

    fn refuse(&mut self, raw: &RawValue, what: &str) -> Read<()> {
        let lines = self.lines.get_or_init(|| Lines::of(self.body));
        let at = lines.behind(self.body, raw);
        self.report(placed(what, self.path.as_str(), at))
    }

    fn report(&mut self, message: String) -> Read<()> {
        let path = self.path.as_str().to_owned();
        self.error_bytes += path.len() + message.len();
        self.errors.push((path, message));
        if self.errors.len() == MAX_ERRORS || self.error_bytes > MAX_ERROR_BYTES {
            return Err(Stop::Full);
        }
        Ok(())
    }
}

fn is_named(member: &Member, folded: &str) -> bool {
    let names = std::iter::once(&member.name).chain(member.aliases);
    names.into_iter().any(|name| name.eq_ignore_ascii_case(folded))
}

fn text(raw: &RawValue) -> Read<String> {
    Ok(serde_json::from_str(raw.get())?)
}

/// Whether the text matches [`CODE_PATTERN`](super::CODE_PATTERN).
fn is_code(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The number, if the text is one of this type.
pub(super) fn number(text: &str, ty: &Type) -> Option<Value> {
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    let alone = raw.get().len() == text.len() && matches!(Token::of(raw), Token::Number);
    let number = match ty {
        Type::Integer => number::whole(text)
            .filter(|number| number.unsigned_abs() <= MAX_NUMBER.unsigned_abs().into())
            .map(|number| number.to_string()),
        _ => small(text).then(|| text.to_owned()),
    };
    number.filter(|_| alone).map(Value::Number)
}

/// Whether a number is at most [`MAX_NUMBER`]. A float decides only this: the number keeps its text.
fn small(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(|number| number.abs() <= 1e15)
}
