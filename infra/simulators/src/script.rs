//! Scripts: what an operation answers to its next calls.
//!
//! A script is a JSON list. Each entry `{status?, headers?, body?, bodySize?, delay?, reset?, served?, times?,
//! percent?, perMinute?}` is used `times` times (default 1), then the next one. After the last entry the partner serves calls
//! normally again.
//!
//! - `status`, `headers`, `body` or `bodySize` make a scripted response; `status` defaults to 200. A string body is
//!   sent as its characters, any other JSON as JSON. `bodySize` sends that many bytes of `x`. `null` counts as absent.
//! - `reset` closes the connection without a response.
//! - An entry with none of these serves the call normally: `delay` alone makes a slow partner, and `{}` lets one call
//!   through before a failure.
//! - `delay` in milliseconds comes before the response, the reset or the normal service.
//! - `percent` in place of `times` uses the entry for that share of the calls and never uses it up. The random numbers
//!   are the same each time.
//! - `perMinute` in place of `times` uses the entry for the calls beyond so many within a minute and never uses it up: a
//!   partner's rate limit.
//! - Entries with `percent` or `perMinute` are tried in order up to the first entry with neither.
//! - `served` makes the partner perform the call first. Only its response is then late (`delay`), lost (`reset`) or
//!   replaced by the scripted one.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{answer, clock};

const MINUTE: SignedDuration = SignedDuration::from_secs(60);
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
    per_minute: Option<usize>,
}

/// A valid entry of a script.
#[derive(Clone)]
pub struct Step {
    share: Share,
    pub served: bool,
    pub delay: Duration,
    pub action: Action,
}

/// The calls that a step is for.
#[derive(Clone, Copy)]
enum Share {
    Next(u32),
    Percent(u32),
    Beyond(usize),
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
    /// The last minute's calls that no step with `perMinute` took.
    served: VecDeque<Timestamp>,
}

impl Script {
    pub fn new(steps: Vec<Step>) -> Self {
        Self {
            steps: steps.into(),
            ..Self::default()
        }
    }

    /// Takes the step for the next call. `None` if the script is used up.
    pub fn next(&mut self) -> Option<Step> {
        let mut first = 0;
        loop {
            let step = self.steps.get(first)?;
            let (share, taken) = (step.share, step.clone());
            let applies = match share {
                Share::Next(times) => {
                    if times > 1 {
                        self.steps.get_mut(first)?.share = Share::Next(times - 1);
                    } else {
                        self.steps.remove(first);
                    }
                    true
                }
                Share::Percent(percent) => self.draw() < u64::from(percent),
                Share::Beyond(limit) => self.is_beyond(limit, clock::now()),
            };
            if applies {
                return Some(taken);
            }
            first += 1;
        }
    }

    /// Whether the last minute had so many calls. If not, it counts this one.
    fn is_beyond(&mut self, limit: usize, now: Timestamp) -> bool {
        let is_past = |call: &Timestamp| now.duration_since(*call) >= MINUTE;
        while self.served.front().is_some_and(is_past) {
            self.served.pop_front();
        }
        let beyond = self.served.len() >= limit;
        if !beyond {
            self.served.push_back(now);
        }
        beyond
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
    let share = share(&entry)?;
    let delay = entry.delay.unwrap_or(0);
    if delay > MAX_DELAY_MS {
        return Err(format!("delay must be at most {MAX_DELAY_MS} ms"));
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
        share,
        served,
        delay: Duration::from_millis(delay),
        action,
    })
}

fn share(entry: &Entry) -> Result<Share, String> {
    match (entry.times, entry.percent, entry.per_minute) {
        (Some(0), ..) => Err("times must be at least 1".to_owned()),
        (times, None, None) => Ok(Share::Next(times.unwrap_or(1))),
        (None, Some(percent), None) if percent <= 100 => Ok(Share::Percent(percent)),
        (None, None, Some(limit)) => Ok(Share::Beyond(limit)),
        _ => Err("percent must be at most 100, and only one of times, percent and perMinute can be given".to_owned()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_limit_counts_the_calls_of_the_last_minute() {
        let mut script = Script::default();
        let mut beyond = |second: i64| script.is_beyond(2, Timestamp::from_second(1_767_608_400 + second).unwrap());
        assert_eq!([beyond(0), beyond(30), beyond(59)], [false, false, true]);
        assert_eq!([beyond(60), beyond(61), beyond(90)], [false, true, false]);
    }
}
