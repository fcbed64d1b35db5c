//! Plain HTTP to this machine, for asking whether something is up.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::http::Response;
use ureq::typestate::WithBody;
use ureq::{Agent, Body, RequestBuilder};

use crate::failure::{Context, Result};
use crate::process;

const LARGEST: u64 = 256 * 1024 * 1024;

/// The status of a GET, or `None` when nothing answers.
pub fn status(url: &str) -> Option<u16> {
    status_with(url, &[])
}

/// The same, asked with these headers.
pub fn status_with(url: &str, headers: &[(&str, &str)]) -> Option<u16> {
    let agent: Agent = Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into();
    let request = headers
        .iter()
        .fold(agent.get(url), |request, (name, value)| request.header(*name, *value));
    request.call().ok().map(|answer| answer.status().as_u16())
}

/// The JSON that a GET answers.
pub fn json(url: &str) -> Result<Value> {
    get(url, &[])
}

/// The same, asked with these headers.
pub fn get(url: &str, headers: &[(&str, &str)]) -> Result<Value> {
    let request = agent(Duration::from_secs(10)).get(url);
    let request = headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value));
    read(url, request.call())
}

/// The JSON that a POST answers.
pub fn post(url: &str, headers: &[(&str, &str)], body: &Value) -> Result<Value> {
    send(url, agent(Duration::from_secs(30)).post(url), headers, body)
}

/// The JSON that a PUT answers.
pub fn put(url: &str, body: &Value) -> Result<Value> {
    send(url, agent(Duration::from_secs(30)).put(url), &[], body)
}

fn agent(patience: Duration) -> Agent {
    Agent::config_builder()
        .proxy(None)
        .timeout_global(Some(patience))
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
    // What the simulator tells of thousands of orders is large.
    let text = answer.body_mut().with_config().limit(LARGEST).read_to_string();
    serde_json::from_str(&text.context(url)?).context(url)
}

/// Asks until the answer is 200; `alive` ends the wait early.
pub fn wait_until_ok(url: &str, within: Duration, alive: impl Fn() -> Result<()>) -> Result<()> {
    let begun = Instant::now();
    loop {
        let found = status(url);
        if found == Some(200) {
            return Ok(());
        }
        process::go_on()?;
        alive()?;
        if begun.elapsed() > within {
            let found = found.map_or_else(|| "does not answer".to_owned(), |status| format!("answers {status}"));
            return Err(format!("{url} still {found} after {} s", within.as_secs()).into());
        }
        thread::sleep(Duration::from_millis(100));
    }
}
