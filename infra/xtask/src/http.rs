//! Plain HTTP to this machine, for asking whether something is up.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::Agent;

use crate::failure::{Context, Result};
use crate::process;

/// The status of a GET, or `None` when nothing answers.
pub fn status(url: &str) -> Option<u16> {
    let agent: Agent = Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into();
    agent.get(url).call().ok().map(|answer| answer.status().as_u16())
}

/// The JSON that a GET answers.
pub fn json(url: &str) -> Result<Value> {
    let agent: Agent = Agent::config_builder()
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into();
    let mut answer = agent.get(url).call().context(url)?;
    let text = answer.body_mut().read_to_string().context(url)?;
    serde_json::from_str(&text).context(url)
}

/// The JSON that a POST answers.
pub fn post(url: &str, headers: &[(&str, &str)], body: &Value) -> Result<Value> {
    let agent: Agent = Agent::config_builder()
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .into();
    let mut request = agent.post(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut answer = request.send_json(body).context(url)?;
    let text = answer.body_mut().read_to_string().context(url)?;
    serde_json::from_str(&text).context(url)
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
