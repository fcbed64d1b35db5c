//! The token in the webhook's address, which stands for the signature that MMOB does not make.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use model::{Error, Kind, Result};
use ring::digest::{SHA256, digest};
use runtime::secret::Credentials;
use runtime::{Cx, metric};
use subtle::{Choice, ConstantTimeEq};

use crate::Env;

const MEMBER: &str = "MMOB_WEBHOOK_TOKEN";
/// A shorter one could be guessed.
const SHORTEST: usize = 16;
/// A wrong token makes the secret be fetched again, because the token may be new; but only so often.
const OLD: SignedDuration = SignedDuration::from_secs(60);

/// When the secret was last fetched again.
#[derive(Default)]
pub struct Freshness(Mutex<Option<Timestamp>>);

impl Freshness {
    fn ends(&self, now: Timestamp) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let old = last.is_none_or(|last| now.duration_since(last) >= OLD);
        if old {
            *last = Some(now);
        }
        old
    }
}

/// Lets pass who knows the token. For everybody else there is nothing here.
pub async fn check(cx: &Cx<Env>, given: &str) -> Result<()> {
    let id = cx.env.secret().map_err(unconfigured)?;
    let known = cx.env.secrets.get(id).await.map_err(unconfigured)?;
    if matches(&known, given)? {
        return Ok(());
    }
    if cx.env.freshness.ends(cx.now()) {
        let fresh = cx.env.secrets.refresh(id).await.map_err(unconfigured)?;
        if matches(&fresh, given)? {
            return Ok(());
        }
    }
    Err(Error::not_found())
}

/// Whether it is one of the tokens, of which there are two while they are rotated, with a comma or white space between.
/// All are compared, and as hashes: how long that takes says nothing of how much is right.
fn matches(credentials: &Credentials, given: &str) -> Result<bool> {
    let tokens = credentials.get(MEMBER).unwrap_or_default();
    let tokens = tokens.split([',', ' ', '\n']).filter(|token| !token.is_empty());
    let tokens: Vec<&str> = tokens.collect();
    if tokens.is_empty() || tokens.iter().any(|token| token.len() < SHORTEST) {
        return Err(unconfigured(Error::misconfigured(format!(
            "{MEMBER} needs tokens of at least {SHORTEST} characters"
        ))));
    }
    let given = digest(&SHA256, given.as_bytes());
    let equal = |token: &str| digest(&SHA256, token.as_bytes()).as_ref().ct_eq(given.as_ref());
    let any = tokens.iter().fold(Choice::from(0), |any, token| any | equal(token));
    Ok(any.into())
}

/// Without a token nothing is accepted and nothing is lost: 503, loud, and MMOB tries again.
fn unconfigured(error: Error) -> Error {
    metric::count("UnconfiguredWebhooks", 1);
    Error::new(Kind::Unavailable, "no token of the webhook is set up").because(error)
}
