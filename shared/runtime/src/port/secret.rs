//! Secrets: one JSON object of named values per partner and environment.
//!
//! An instance keeps what it has read. It reads a secret again if the secret verifies callers and is a minute old, and if a
//! member is missing or does not fit.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::DisplayErrorContext;
use futures_util::future::{BoxFuture, join_all};
use jiff::{SignedDuration, Timestamp};
use model::{Error, Kind, Result};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// Reads secrets.
pub trait Vault: Send + Sync {
    fn fetch<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<SecretString>>;
}

pub struct SecretsManager(LazyLock<Client, Box<dyn FnOnce() -> Client + Send>>);

impl SecretsManager {
    pub fn new(client: impl FnOnce() -> Client + Send + 'static) -> Self {
        Self(LazyLock::new(Box::new(client)))
    }
}

impl Vault for SecretsManager {
    fn fetch<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<SecretString>> {
        Box::pin(async move {
            let found = self.0.get_secret_value().secret_id(id).send().await.map_err(|error| {
                let kind = match error.as_service_error() {
                    Some(_) => Kind::Misconfigured,
                    None => Kind::Unavailable,
                };
                Error::new(kind, format!("the secret {id} cannot be read"))
                    .because(DisplayErrorContext(error).to_string())
            })?;
            let text = found
                .secret_string
                .ok_or_else(|| Error::misconfigured(format!("the secret {id} has no text")))?;
            Ok(text.into())
        })
    }
}

/// The named values of one secret.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct SecretMembers(BTreeMap<String, SecretString>);

impl SecretMembers {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(ExposeSecret::expose_secret)
            .filter(|value| !value.is_empty())
    }

    /// The member whose name is the last in the order of text.
    pub fn last(&self) -> Option<(&str, &str)> {
        let (name, value) = self.0.last_key_value()?;
        Some((name.as_str(), value.expose_secret()))
    }

    pub fn need(&self, name: &str) -> Result<&str> {
        self.get(name)
            .ok_or_else(|| Error::misconfigured(format!("the credential {name} is missing from its secret")))
    }
}

/// What verifies callers is read again at this age, so that a removed secret is accepted for no longer.
const MAX_AGE: SignedDuration = SignedDuration::from_secs(60);
/// A secret whose check fails may have been changed, so it is read again. Callers with bad signatures cause at most one read in
/// this time, and one a request while the secret cannot be read.
const REREAD_INTERVAL: SignedDuration = SignedDuration::from_secs(30);

/// Secrets with those that this instance has read.
#[derive(Clone)]
pub struct Secrets {
    vault: Arc<dyn Vault>,
    held: Arc<Mutex<HashMap<String, HeldSecret>>>,
}

struct HeldSecret {
    members: SecretMembers,
    read_at: Timestamp,
    /// When its check failed and it was read again.
    reread_at: Option<Timestamp>,
}

impl Secrets {
    pub fn new(vault: Arc<dyn Vault>) -> Self {
        Self {
            vault,
            held: Arc::default(),
        }
    }

    /// What `make` makes of the secret, for a call to a partner. The partner refuses an old credential, and the caller then
    /// calls `refresh`, so the secret may have any age. If `make` fails, the secret may have been filled in since.
    pub async fn credential<T>(
        &self,
        id: &str,
        now: Timestamp,
        make: impl Fn(&SecretMembers) -> Result<T>,
    ) -> Result<T> {
        let Some(held) = self.held(id, SignedDuration::MAX, now) else {
            return make(&self.refresh(id, now).await?);
        };
        match make(&held) {
            Err(_) if self.may_reread(id, now) => make(&self.refresh(id, now).await?),
            made => made,
        }
    }

    /// What `check` makes of these secrets, which verify a caller. None stands for a secret that cannot be read: it is the
    /// failure, unless another secret passes the check. If `check` fails, a secret may have been changed since.
    pub async fn verify<T>(
        &self,
        ids: &[&str],
        now: Timestamp,
        check: impl Fn(&[Option<SecretMembers>]) -> Result<T>,
    ) -> Result<T> {
        let checked = self.check_recent(ids, now, &check).await;
        if checked.is_ok() {
            return checked;
        }
        let again: Vec<_> = ids.iter().filter(|id| self.may_reread(id, now)).collect();
        if again.is_empty() {
            return checked;
        }
        join_all(again.into_iter().map(|id| self.refresh(id, now))).await;
        self.check_recent(ids, now, &check).await
    }

    async fn check_recent<T>(
        &self,
        ids: &[&str],
        now: Timestamp,
        check: impl Fn(&[Option<SecretMembers>]) -> Result<T>,
    ) -> Result<T> {
        let read = join_all(ids.iter().map(|id| self.recent(id, now))).await;
        let mut failure = None;
        let read = read
            .into_iter()
            .map(|one| one.map_err(|error| failure = Some(error)).ok());
        let read: Vec<_> = read.collect();
        match (check(&read), failure) {
            (Err(_), Some(failure)) => Err(failure),
            (checked, _) => checked,
        }
    }

    /// Reads the secret, for the first time or again.
    pub async fn refresh(&self, id: &str, now: Timestamp) -> Result<SecretMembers> {
        let text = self.vault.fetch(id).await?;
        // The error would quote the secret.
        let members: SecretMembers = serde_json::from_str(text.expose_secret())
            .map_err(|_| Error::misconfigured(format!("the secret {id} is not a JSON object of texts")))?;
        let mut held = self.lock();
        let reread_at = held.get(id).and_then(|held| held.reread_at);
        let secret = HeldSecret {
            members: members.clone(),
            read_at: now,
            reread_at,
        };
        held.insert(id.to_owned(), secret);
        Ok(members)
    }

    async fn recent(&self, id: &str, now: Timestamp) -> Result<SecretMembers> {
        match self.held(id, MAX_AGE, now) {
            Some(members) => Ok(members),
            None => self.refresh(id, now).await,
        }
    }

    /// The secret, if this instance has read it and it is younger than `age`.
    fn held(&self, id: &str, age: SignedDuration, now: Timestamp) -> Option<SecretMembers> {
        let held = self.lock();
        let secret = held.get(id)?;
        (now.duration_since(secret.read_at).abs() < age).then(|| secret.members.clone())
    }

    fn may_reread(&self, id: &str, now: Timestamp) -> bool {
        let mut held = self.lock();
        let Some(secret) = held.get_mut(id) else { return false };
        let last = secret.reread_at;
        let may = last.is_none_or(|last| now.duration_since(last).abs() >= REREAD_INTERVAL);
        if may {
            secret.reread_at = Some(now);
        }
        may
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, HeldSecret>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
