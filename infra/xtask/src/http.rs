//! Plain HTTP to services on this machine.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::http::Response;
use ureq::typestate::WithBody;
use ureq::{Agent, Body, RequestBuilder};

use crate::failure::{Context, Result};
use crate::signals;

/// The simulators' answer about thousands of orders is large.
const MAX_BODY_BYTES: u64 = 256 * 1024 * 1024;
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The status of a GET, or `None` without an answer.
pub fn status(url: &str) -> Option<u16> {
    let agent: Agent = Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into();
    agent.get(url).call().ok().map(|answer| answer.status().as_u16())
}

/// An answer with any status.
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
    pub media: Option<String>,
}

/// Sends a POST and returns its answer, or `None` without one.
pub fn try_post(url: &str, headers: &[(&str, &str)], body: &Value) -> Option<Answer> {
    let agent: Agent = Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(35)))
        .build()
        .into();
    let request = headers
        .iter()
        .fold(agent.post(url), |request, (name, value)| request.header(*name, *value));
    let answer = request.send_json(body).ok()?;
    let header = |name: &str| Some(answer.headers().get(name)?.to_str().ok()?.to_owned());
    Some(Answer {
        status: answer.status().as_u16(),
        retry_after: header("retry-after"),
        media: header("content-type"),
    })
}

/// The JSON answer to a GET.
pub fn json(url: &str) -> Result<Value> {
    get(url, &[])
}

/// [`json`] with headers.
pub fn get(url: &str, headers: &[(&str, &str)]) -> Result<Value> {
    read(url, call(url, headers))
}

fn call(url: &str, headers: &[(&str, &str)]) -> std::result::Result<Response<Body>, ureq::Error> {
    let request = agent(Duration::from_secs(10)).get(url);
    let request = headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value));
    request.call()
}

/// The JSON answer to a GET, or `None` for a 404.
pub fn find(url: &str, headers: &[(&str, &str)]) -> Result<Option<Value>> {
    match call(url, headers) {
        Err(ureq::Error::StatusCode(404)) => Ok(None),
        answered => read(url, answered).map(Some),
    }
}

/// The JSON answer to a POST.
pub fn post(url: &str, headers: &[(&str, &str)], body: &Value) -> Result<Value> {
    send(url, agent(Duration::from_secs(30)).post(url), headers, body)
}

/// The JSON answer to a PUT.
pub fn put(url: &str, body: &Value) -> Result<Value> {
    send(url, agent(Duration::from_secs(30)).put(url), &[], body)
}

fn agent(timeout: Duration) -> Agent {
    Agent::config_builder()
        .proxy(None)
        .timeout_global(Some(timeout))
        .build()
        .into()
}

fn send(url: &str, request: RequestBuilder<WithBody>, headers: &[(&str, &str)], body: &Value) -> Result<Value> {
    let request = headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value));
    read(url, request.send_json(body))
}

fn read(url: &str, answered: std::result::Result<Response<Body>, ureq::Error>) -> Result<Value> {
    let mut answer = answered.context(url)?;
    let text = answer.body_mut().with_config().limit(MAX_BODY_BYTES).read_to_string();
    serde_json::from_str(&text.context(url)?).context(url)
}

/// Polls until the answer is 200. An error of `alive` ends the wait early.
pub fn wait_until_ok(url: &str, timeout: Duration, alive: impl Fn() -> Result<()>) -> Result<()> {
    let begun = Instant::now();
    loop {
        let found = status(url);
        if found == Some(200) {
            return Ok(());
        }
        signals::fail_if_interrupted()?;
        alive()?;
        if begun.elapsed() > timeout {
            let found = found.map_or_else(|| "no answer".to_owned(), |status| format!("status {status}"));
            return Err(format!("{url}: {found} after {} s", timeout.as_secs()).into());
        }
        thread::sleep(POLL_INTERVAL);
    }
}
