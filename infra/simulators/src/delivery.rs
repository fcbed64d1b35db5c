//! Posts webhooks and messages to the hub.

use std::time::Duration;

use serde::Serialize;

const RECEIVER_TIMEOUT: Duration = Duration::from_secs(35);

/// The result of one delivery.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Delivery {
    Answered { status: u16, body: String },
    Failed { error: String },
}

impl Delivery {
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Answered { status: 200..=299, .. })
    }
}

/// Posts JSON and waits for the response. Blocks the thread.
pub fn post(url: &str, headers: &[(&str, &str)], body: &str) -> Delivery {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(RECEIVER_TIMEOUT))
        .build()
        .into();
    let request = agent.post(url).content_type("application/json");
    let request = headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value));
    let answered = request.send(body).and_then(|mut response| {
        let body = response.body_mut().read_to_string()?;
        Ok((response.status().as_u16(), body))
    });
    match answered {
        Ok((status, body)) => Delivery::Answered { status, body },
        Err(error) => Delivery::Failed {
            error: error.to_string(),
        },
    }
}
