//! Readers of bodies: JSON by a schema, JSON by a type, forms, partners' answers, and what the log shows of a body.

use std::collections::BTreeMap;

use bqs::case::schema::{CREATE, UPDATE};
use call::Loggable;
use call::Shown::{List, Message};
use model::json::Document;
use model::{Error, Kind, Result};
use runtime::http::document::read_json;
use runtime::http::list::NoFilter;
use runtime::transport::redact::Redactor;
use runtime::{Form, Input, Parts};
use serde::de::IgnoredAny;

use crate::reader::Reader;

/// Twice this is the limit of a case.
const CASE: usize = 128 * 1024;
/// Twice this is the limit of a partner's answer and of most bodies.
const BODY: usize = 512 * 1024;

/// JSON nests at most 32 deep.
const DEPTH: usize = 28;

pub fn readers() -> Vec<Reader> {
    let taken = |name, size, make, read| Reader {
        name,
        size,
        make,
        read,
        refused: false,
    };
    let refused = |name, size, make, read| Reader {
        refused: true,
        ..taken(name, size, make, read)
    };
    vec![
        refused("case-faults", CASE, |size| list(size, "0,\n", "{}"), create),
        refused("case-missing", CASE, |size| list(size, "{},\n", "{}"), create),
        refused("case-casings", CASE, casings, update),
        refused("case-broken", CASE, |size| list(size, "\n0,", "oops"), update),
        taken("case-members", CASE, members, update),
        taken("case-nested", CASE, nested, update),
        taken("case-merge", CASE, members, merge),
        taken("case-codes", CASE, codes, update),
        taken("body-members", BODY, members, |body| {
            read_json::<NoFilter>(body).map(drop)
        }),
        taken("answer-members", BODY, members, answer),
        taken("redact-scalars", CASE, numbers, redact),
        taken("redact-members", CASE, members, redact),
        taken("redact-nested", CASE, nested, redact),
        taken("redact-messages", CASE, messages, redact_answer),
        taken("form-file", BODY, |size| form("", "\r\n--X", size), read_form),
        refused("form-head", BODY, |size| form("x-a: b\r\n", "", size), read_form),
    ]
}

/// A list in a member of a case: as many of `item` as fit, and `last`.
fn list(size: usize, item: &str, last: &str) -> Vec<u8> {
    let items = item.repeat(size / item.len());
    format!("{{\"caseVariables\":[{items}{last}]}}").into_bytes()
}

/// Members that the schema does not know.
fn members(size: usize) -> Vec<u8> {
    let each: Vec<_> = (0..size / 12).map(|n| format!("\"{n:06x}\":1")).collect();
    format!("{{{}}}", each.join(",\n")).into_bytes()
}

/// The same member again and again, each in another casing. A case stops at the 200th.
fn casings(size: usize) -> Vec<u8> {
    let casing = |n: usize| -> String {
        let letter = |bit: usize| if n >> bit & 1 == 0 { 'a' } else { 'A' };
        (0..17).map(letter).collect()
    };
    let each: Vec<_> = (0..size / 23).map(|n| format!("\"{}\":1", casing(n))).collect();
    format!("{{{}}}", each.join(",\n")).into_bytes()
}

fn nested(size: usize) -> Vec<u8> {
    let items = "[],".repeat(size / 3);
    format!("{{\"x\":{}{items}0{}}}", "[".repeat(DEPTH), "]".repeat(DEPTH)).into_bytes()
}

/// A list of different numbers: equal ones are counted together.
fn numbers(size: usize) -> Vec<u8> {
    let each: Vec<_> = (0..size / 6).map(|n| n.to_string()).collect();
    format!("{{\"x\":[{}]}}", each.join(",")).into_bytes()
}

/// Different messages of a hundred words, each of which is compared with the words of all.
fn messages(size: usize) -> Vec<u8> {
    let letter = |n: usize| char::from(b"abcdefghij".get(n % 10).copied().unwrap_or_default());
    let word = |n: usize| -> String { [n / 10, n].map(letter).into_iter().chain("word".chars()).collect() };
    let message = |n: usize| -> String { (n..n + 20).map(|n| word(n) + " ").collect() };
    let each: Vec<_> = (0..size / 180).map(|n| format!("\"{n} {}\"", message(n))).collect();
    format!("{{\"x\":[{}]}}", each.join(",")).into_bytes()
}

/// A known list whose items are all well formed.
fn codes(size: usize) -> Vec<u8> {
    list(size, "{\"typeCode\":\"1\"},\n", "{\"typeCode\":1}")
}

fn create(body: &[u8]) -> Result<()> {
    Document::read(body, &CREATE).map(drop)
}

fn update(body: &[u8]) -> Result<()> {
    Document::read(body, &UPDATE).map(drop)
}

/// What an update of a case does.
fn merge(body: &[u8]) -> Result<()> {
    let changes = Document::read(body, &UPDATE)?;
    let mut case = Document::stored(&changes.render()?)?;
    case.merge(&changes);
    case.render().map(drop)
}

fn answer(body: &[u8]) -> Result<()> {
    call::read::<BTreeMap<String, IgnoredAny>>(body).map(drop)
}

fn redact(body: &[u8]) -> Result<()> {
    let seen = Redactor::new("key").request(&Loggable::NOTHING, body);
    let is_whole = seen.starts_with('{');
    is_whole
        .then_some(())
        .ok_or_else(|| Error::new(Kind::Internal, "the body was redacted whole"))
}

/// An answer whose messages repeat the request.
fn redact_answer(body: &[u8]) -> Result<()> {
    const MESSAGES: Loggable = Loggable {
        answer: &[("x", List(&Message))],
        ..Loggable::NOTHING
    };
    let seen = Redactor::new("key").answer(&MESSAGES, body, body);
    let is_masked = seen.starts_with("{\"x\":[\"#") && !seen.contains("word");
    is_masked
        .then_some(())
        .ok_or_else(|| Error::new(Kind::Internal, "a message was not compared"))
}

/// A form whose one field has the head `head` repeated, or the bytes `bytes`.
fn form(head: &str, bytes: &str, size: usize) -> Vec<u8> {
    let fill = |text: &str| text.repeat(size.checked_div(text.len()).unwrap_or_default());
    let (head, bytes) = (fill(head), fill(bytes));
    let disposition = "Content-Disposition: form-data; name=\"file\"\r\n";
    format!("--XX\r\n{disposition}{head}\r\n{bytes}\r\n--XX--").into_bytes()
}

fn read_form(body: &[u8]) -> Result<()> {
    let parts = Parts {
        content_type: Some("multipart/form-data; boundary=XX"),
        body: body.into(),
        limit: body.len(),
        ..Parts::default()
    };
    Form::read(&parts).map(drop)
}
