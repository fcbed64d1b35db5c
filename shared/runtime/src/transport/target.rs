//! Where a call goes, and under which circumstances.

use std::time::Duration;

use call::{Auth, Loggable};
use model::id::CorrelationId;
use model::{Error, Result};
use tokio::time::Instant;

use crate::port::clock::Clock;
use crate::port::transport::MAX_ANSWER_BYTES;

/// No single attempt takes longer, unless its target allows more.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(8);

/// One installation of a partner, or one account there, as configured.
#[derive(Clone, Debug)]
pub struct Target {
    pub partner: &'static str,
    pub environment: String,
    /// Whose credential the calls carry, where a partner has one for each of our organisations.
    pub account: Option<AccountId>,
    pub base_url: String,
    pub secret: String,
    pub auth: Auth,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// The most bytes that an answer may have.
    pub max_answer_bytes: usize,
    /// What may be logged of requests and answers.
    pub loggable: &'static Loggable,
}

impl Target {
    /// An installation without accounts, with the usual limits, of whose bodies nothing is logged.
    pub fn new(
        partner: &'static str,
        environment: impl Into<String>,
        base_url: impl Into<String>,
        secret: impl Into<String>,
        auth: Auth,
    ) -> Self {
        Self {
            partner,
            environment: environment.into(),
            account: None,
            base_url: base_url.into(),
            secret: secret.into(),
            auth,
            timeout: ATTEMPT_TIMEOUT,
            max_answer_bytes: MAX_ANSWER_BYTES,
            loggable: &Loggable::NOTHING,
        }
    }

    /// The key of everything that is kept for a target: credentials, gate, limit and share.
    pub fn id(&self) -> String {
        let account = self.account.as_ref().map(|account| format!("#{}", account.0));
        format!("{}#{}{}", self.partner, self.environment, account.unwrap_or_default())
    }
}

/// The account of one of our organisations at a partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountId(String);

impl AccountId {
    /// One to 64 letters, digits, `-` and `_`: an id is a part of row keys.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if (1..=64).contains(&text.len()) && text.bytes().all(plain) {
            return Ok(Self(text));
        }
        Err(Error::misconfigured(
            "an account's id must have 1 to 64 letters, digits, `-` or `_`",
        ))
    }
}

/// The circumstances of one exchange.
#[derive(Clone, Copy)]
pub struct CallContext {
    pub correlation: CorrelationId,
    pub clock: Clock,
    pub deadline: Instant,
    /// Reads the gate before the call instead of beside it: no caller waits for this exchange.
    pub background: bool,
    /// Attempts of the same work that failed in earlier messages of its queue. The log counts on from here.
    pub failed_before: u32,
}
