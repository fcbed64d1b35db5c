//! The token in the webhook's address. It stands for a signature, which MMOB does not make.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use model::{Error, Kind, Result};
use ring::digest::{SHA256, digest};
use runtime::port::metric;
use runtime::port::secret::{SecretMembers, Secrets};
use subtle::{Choice, ConstantTimeEq};

const MEMBER: &str = "MMOB_WEBHOOK_TOKEN";
/// An attacker could guess a shorter token.
const MIN_TOKEN_LENGTH: usize = 16;
/// A wrong token may be a new one, so it causes a fresh read of the secret. Requests with wrong tokens cause at most one
/// read in this time.
const REFRESH_INTERVAL: SignedDuration = SignedDuration::from_secs(60);

/// The tokens that the webhook accepts, held in a secret.
pub struct WebhookToken {
    secrets: Secrets,
    refreshed_at: Mutex<Option<Timestamp>>,
}

impl WebhookToken {
    pub fn new(secrets: Secrets) -> Self {
        Self {
            secrets,
            refreshed_at: Mutex::default(),
        }
    }

    /// Reads the secret ahead of the first request.
    pub async fn warm(&self, secret: &str) {
        let _ = self.secrets.get(secret).await;
    }

    /// Admits a caller that knows the token. Every other caller gets the 404 of an absent route.
    pub async fn check(&self, secret: Result<&str>, given: &str, now: Timestamp) -> Result<()> {
        let id = secret.map_err(unconfigured)?;
        let cached = self.secrets.get(id).await.map_err(unconfigured)?;
        if matches(&cached, given)? {
            return Ok(());
        }
        if self.may_refresh(now) {
            let fresh = self.secrets.refresh(id).await.map_err(unconfigured)?;
            if matches(&fresh, given)? {
                return Ok(());
            }
        }
        Err(Error::not_found())
    }

    fn may_refresh(&self, now: Timestamp) -> bool {
        let mut last = self.refreshed_at.lock().unwrap_or_else(PoisonError::into_inner);
        let may = last.is_none_or(|last| now.duration_since(last) >= REFRESH_INTERVAL);
        if may {
            *last = Some(now);
        }
        may
    }
}

/// Whether this is one of the tokens. During a rotation there are two, separated by a comma or white space. The comparison
/// covers all of them, as hashes, so that its duration does not depend on how much of a guess is right.
fn matches(credentials: &SecretMembers, given: &str) -> Result<bool> {
    let tokens = credentials.get(MEMBER).unwrap_or_default();
    let tokens = tokens.split([',', ' ', '\n']).filter(|token| !token.is_empty());
    let tokens: Vec<&str> = tokens.collect();
    if tokens.is_empty() || tokens.iter().any(|token| token.len() < MIN_TOKEN_LENGTH) {
        return Err(unconfigured(Error::misconfigured(format!(
            "{MEMBER} needs tokens of at least {MIN_TOKEN_LENGTH} characters"
        ))));
    }
    let given = digest(&SHA256, given.as_bytes());
    let equal = |token: &str| digest(&SHA256, token.as_bytes()).as_ref().ct_eq(given.as_ref());
    let any = tokens.iter().fold(Choice::from(0), |any, token| any | equal(token));
    Ok(any.into())
}

/// Without a token the webhook accepts nothing and loses nothing: MMOB gets a 503 and sends the order again, and the metric
/// raises an alarm.
fn unconfigured(error: Error) -> Error {
    metric::count("UnconfiguredWebhooks", 1);
    Error::new(Kind::Unavailable, "the webhook has no token").because(error)
}
