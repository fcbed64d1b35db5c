//! Secrets: one JSON object of named values per partner and environment, fetched once per instance.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::DisplayErrorContext;
use futures_util::future::BoxFuture;
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

    pub fn need(&self, name: &str) -> Result<&str> {
        self.get(name)
            .ok_or_else(|| Error::misconfigured(format!("the credential {name} is missing from its secret")))
    }
}

/// Secrets with those fetched before.
#[derive(Clone)]
pub struct Secrets {
    vault: Arc<dyn Vault>,
    known: Arc<Mutex<HashMap<String, SecretMembers>>>,
}

impl Secrets {
    pub fn new(vault: Arc<dyn Vault>) -> Self {
        Self {
            vault,
            known: Arc::default(),
        }
    }

    pub async fn get(&self, id: &str) -> Result<SecretMembers> {
        let known = self
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .cloned();
        match known {
            Some(credentials) => Ok(credentials),
            None => self.refresh(id).await,
        }
    }

    /// Fetches again, after a partner refused the credential.
    pub async fn refresh(&self, id: &str) -> Result<SecretMembers> {
        let text = self.vault.fetch(id).await?;
        // The error would quote the secret.
        let credentials: SecretMembers = serde_json::from_str(text.expose_secret())
            .map_err(|_| Error::misconfigured(format!("the secret {id} is not a JSON object of texts")))?;
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.to_owned(), credentials.clone());
        Ok(credentials)
    }
}
