//! Scripts: what an operation answers to its next calls.
//!
//! A script is a JSON list. Each entry `{status?, headers?, body?, bodySize?, delay?, reset?, served?, times?,
//! percent?}` is used `times` times (default 1), then the next one. After the last entry the partner serves calls
//! normally again.
//!
//! - `status`, `headers`, `body` or `bodySize` make a scripted response; `status` defaults to 200. A string body is
//!   sent as its characters, any other JSON as JSON. `bodySize` sends that many bytes of `x`. `null` counts as absent.
//! - `reset` closes the connection without a response.
//! - An entry with none of these serves the call normally: `delay` alone makes a slow partner, and `{}` lets one call
//!   through before a failure.
//! - `delay` in milliseconds comes before the response, the reset or the normal service.
//! - `percent` in place of `times` uses the entry for that share of the calls and never uses it up. The random numbers
//!   are the same each time. Entries with `percent` are tried in order up to the first entry without it.
//! - `served` makes the partner perform the call first. Only its response is then late (`delay`), lost (`reset`) or
//!   replaced by the scripted one.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::answer;

const MAX_DELAY_MS: u64 = 600_000;
const MAX_BODY_SIZE: usize = 64 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Entry {
    status: Option<u16>,
    headers: Option<BTreeMap<String, String>>,
    body: Option<Box<RawValue>>,
    body_size: Option<usize>,
    delay: Option<u64>,
    reset: Option<bool>,
    served: Option<bool>,
    times: Option<u32>,
    percent: Option<u32>,
}

/// A valid entry of a script.
#[derive(Clone)]
pub struct Step {
    times: u32,
    percent: Option<u32>,
    pub served: bool,
    pub delay: Duration,
    pub action: Action,
}

#[derive(Clone)]
pub enum Action {
    Normal,
    Reset,
    Reply(ScriptedReply),
}

#[derive(Clone)]
pub struct ScriptedReply {
    status: StatusCode,
    headers: HeaderMap,
    content: Content,
}

#[derive(Clone)]
enum Content {
    Text(axum::body::Bytes),
    /// A number of bytes, made when the response is sent: a script must not hold 64 MiB per entry.
    Filler(usize),
}

/// The steps of a script that are still to come.
#[derive(Default)]
pub struct Script {
    steps: VecDeque<Step>,
    drawn: u64,
}

impl Script {
    pub fn new(steps: Vec<Step>) -> Self {
        Self {
            steps: steps.into(),
            drawn: 0,
        }
    }

    /// Takes the step for the next call. `None` if the script is used up.
    pub fn next(&mut self) -> Option<Step> {
        let mut first = 0;
        while let Some(percent) = self.steps.get(first)?.percent {
            if self.draw() < u64::from(percent) {
                return self.steps.get(first).cloned();
            }
            first += 1;
        }
        let step = self.steps.get_mut(first)?;
        if step.times > 1 {
            step.times -= 1;
            return Some(step.clone());
        }
        self.steps.remove(first)
    }

    /// Draws a number below 100 from a SplitMix64 sequence.
    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        let mut mixed = self.drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % 100
    }
}

/// Reads a script. The error explains to the test's author why the script is not valid.
pub fn read(text: &[u8]) -> Result<Vec<Step>, String> {
    let entries: Vec<Entry> = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    entries
        .into_iter()
        .enumerate()
        .map(|(index, entry)| step(entry).map_err(|reason| format!("answer {index}: {reason}")))
        .collect()
}

fn step(entry: Entry) -> Result<Step, String> {
    let times = entry.times.unwrap_or(1);
    if times == 0 {
        return Err("times must be at least 1".to_owned());
    }
    let delay = entry.delay.unwrap_or(0);
    if delay > MAX_DELAY_MS {
        return Err(format!("delay must be at most {MAX_DELAY_MS} ms"));
    }
    let percent = entry.percent;
    if percent.is_some_and(|percent| percent > 100 || entry.times.is_some()) {
        return Err("percent must be at most 100 and cannot be combined with times".to_owned());
    }
    let served = entry.served.unwrap_or(false);
    let replies =
        entry.status.is_some() || entry.headers.is_some() || entry.body.is_some() || entry.body_size.is_some();
    let action = match (entry.reset.unwrap_or(false), replies) {
        (true, true) => return Err("reset sends no response: leave out status, headers, body and bodySize".to_owned()),
        (true, false) => Action::Reset,
        (false, true) => Action::Reply(reply(entry)?),
        (false, false) => Action::Normal,
    };
    Ok(Step {
        times,
        percent,
        served,
        delay: Duration::from_millis(delay),
        action,
    })
}

fn reply(entry: Entry) -> Result<ScriptedReply, String> {
    let status = entry.status.unwrap_or(200);
    let status = StatusCode::from_u16(status)
        .ok()
        .filter(|_| (200..=599).contains(&status))
        .ok_or_else(|| format!("status {status} is not between 200 and 599"))?;
    let mut headers = HeaderMap::new();
    for (name, value) in entry.headers.unwrap_or_default() {
        let key = HeaderName::try_from(&name).map_err(|_| format!("header name {name:?} is not valid"))?;
        if [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION].contains(&key) {
            return Err(format!("header {name} describes the transfer: the server sets it"));
        }
        let value = HeaderValue::try_from(value).map_err(|_| format!("the value of header {name} is not valid"))?;
        headers.insert(key, value);
    }
    let content = match (entry.body, entry.body_size) {
        (Some(_), Some(_)) => return Err("body and bodySize exclude each other".to_owned()),
        (Some(body), None) => Content::Text(text(&body)?.into()),
        (None, Some(size)) if size > MAX_BODY_SIZE => return Err(format!("bodySize must be at most {MAX_BODY_SIZE}")),
        (None, Some(size)) => Content::Filler(size),
        (None, None) => Content::Text(axum::body::Bytes::new()),
    };
    if let Some(kind) = content.kind() {
        headers.entry(header::CONTENT_TYPE).or_insert(kind);
    }
    Ok(ScriptedReply {
        status,
        headers,
        content,
    })
}

/// Returns the characters of a JSON string. Any other JSON stays exactly as the test wrote it: 450.00 must not become
/// 450.0.
pub fn text(body: &RawValue) -> Result<String, String> {
    match body.get() {
        string if string.starts_with('"') => serde_json::from_str(string).map_err(|error| error.to_string()),
        other => Ok(other.to_owned()),
    }
}

impl Content {
    fn kind(&self) -> Option<HeaderValue> {
        match self {
            Self::Text(text) if text.is_empty() => None,
            Self::Text(text) if text.trim_ascii_start().starts_with(b"<") => {
                Some(HeaderValue::from_static("text/html"))
            }
            Self::Text(_) | Self::Filler(_) => Some(answer::JSON),
        }
    }
}

impl IntoResponse for ScriptedReply {
    fn into_response(self) -> Response {
        let body = match self.content {
            Content::Text(text) => Body::from(text),
            Content::Filler(size) => Body::from(vec![b'x'; size]),
        };
        (self.status, self.headers, body).into_response()
    }
}
