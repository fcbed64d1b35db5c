//! The token in the webhook's address. It stands for a signature, which MMOB does not make.

use jiff::Timestamp;
use model::{Error, Kind, Result};
use ring::digest::{SHA256, digest};
use runtime::port::metric;
use runtime::port::secret::{SecretMembers, Secrets};
use subtle::{Choice, ConstantTimeEq};

const MEMBER: &str = "MMOB_WEBHOOK_TOKEN";
/// An attacker could guess a shorter token.
const MIN_TOKEN_LENGTH: usize = 16;

/// Admits a caller that knows a token of this secret. Every other caller gets the 404 of an absent route.
pub async fn check(secrets: &Secrets, secret: Result<&str>, given: &str, now: Timestamp) -> Result<()> {
    let check = |all: &[Option<SecretMembers>]| match all {
        [Some(members)] => admit(members, given),
        _ => Err(Error::not_found()),
    };
    let checked = async { secrets.verify(&[secret?], now, check).await };
    checked.await.map_err(|error| match error.kind {
        Kind::NotFound => error,
        _ => unconfigured(error),
    })
}

/// Admits a caller with one of the tokens. During a rotation there are two, separated by a comma or white space. The comparison
/// covers all of them, as hashes, so that its duration does not depend on how much of a guess is right.
fn admit(members: &SecretMembers, given: &str) -> Result<()> {
    let tokens = members.get(MEMBER).unwrap_or_default();
    let tokens = tokens.split([',', ' ', '\n']).filter(|token| !token.is_empty());
    let tokens: Vec<&str> = tokens.collect();
    if tokens.is_empty() || tokens.iter().any(|token| token.len() < MIN_TOKEN_LENGTH) {
        return Err(Error::misconfigured(format!(
            "{MEMBER} needs tokens of at least {MIN_TOKEN_LENGTH} characters"
        )));
    }
    let given = digest(&SHA256, given.as_bytes());
    let equal = |token: &str| digest(&SHA256, token.as_bytes()).as_ref().ct_eq(given.as_ref());
    let any = tokens.iter().fold(Choice::from(0), |any, token| any | equal(token));
    match any.into() {
        true => Ok(()),
        false => Err(Error::not_found()),
    }
}

/// Without a token the webhook accepts nothing and loses nothing: MMOB gets a 503 and sends the order again, and the metric
/// raises an alarm.
fn unconfigured(error: Error) -> Error {
    metric::count("UnconfiguredWebhooks", 1);
    Error::new(Kind::Unavailable, "the webhook has no token").because(error)
}
