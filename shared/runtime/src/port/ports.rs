//! The ports to the outside that a domain is given: AWS and the web, or their stand-ins.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use model::{Error, Result};

use super::aws::Aws;
use super::blob::{Blobs, File, Presigned, S3};
use super::bus::{Bus, Event, EventBridge};
use super::config::Config;
use super::queue::{Queue, Sender, Sqs};
use super::secret::{SecretsManager, Vault};
use super::store::{Dynamo, Store};
use super::transport::Transport;
use crate::transport::Wire;

#[derive(Clone)]
pub struct Ports {
    pub store: Arc<dyn Store>,
    pub sender: Arc<dyn Sender>,
    pub bus: Arc<dyn Bus>,
    pub vault: Arc<dyn Vault>,
    pub transport: Arc<dyn Transport>,
    pub blobs: Arc<dyn Blobs>,
}

impl Ports {
    /// The ports that nearly every function has. Handles only: a connection is opened at its first use.
    pub fn aws(config: &Config) -> Self {
        Self::base(config).1
    }

    /// With the event bus. Each client is a megabyte, and one that no entry names is not linked.
    pub fn with_bus(config: &Config) -> Self {
        let (aws, ports) = Self::base(config);
        ports.and_bus(&aws, config)
    }

    /// With files.
    pub fn with_files(config: &Config) -> Self {
        let (aws, ports) = Self::base(config);
        ports.and_files(&aws)
    }

    /// With both.
    pub fn with_bus_and_files(config: &Config) -> Self {
        let (aws, ports) = Self::base(config);
        ports.and_bus(&aws, config).and_files(&aws)
    }

    fn base(config: &Config) -> (Arc<Aws>, Self) {
        let aws = Arc::new(Aws::new(config.clone()));
        let [tables, queues, secrets] = [(); 3].map(|()| Arc::clone(&aws));
        let ports = Self {
            store: Arc::new(Dynamo::new(move || aws_sdk_dynamodb::Client::new(&tables.settings()))),
            sender: Arc::new(Sqs::new(move || aws_sdk_sqs::Client::new(&queues.settings()))),
            bus: Arc::new(Unnamed),
            vault: Arc::new(SecretsManager::new(move || {
                aws_sdk_secretsmanager::Client::new(&secrets.settings())
            })),
            transport: Arc::new(Wire::new(config.clone())),
            blobs: Arc::new(Unnamed),
        };
        (aws, ports)
    }

    fn and_bus(self, aws: &Arc<Aws>, config: &Config) -> Self {
        let aws = Arc::clone(aws);
        let client = move || aws_sdk_eventbridge::Client::new(&aws.settings());
        Self {
            bus: Arc::new(EventBridge::new(config.clone(), client)),
            ..self
        }
    }

    fn and_files(self, aws: &Arc<Aws>) -> Self {
        let aws = Arc::clone(aws);
        Self {
            blobs: Arc::new(S3::new(move || aws_sdk_s3::Client::new(&aws.settings()))),
            ..self
        }
    }

    pub fn queue(&self, url: impl Into<String>) -> Queue {
        Queue {
            sender: Arc::clone(&self.sender),
            url: url.into(),
        }
    }
}

/// A port that this function's entry does not name.
pub struct Unnamed;

impl Unnamed {
    fn error<T>(port: &str) -> BoxFuture<'_, Result<T>> {
        let error = Error::misconfigured(format!("this function's entry names no {port}"));
        Box::pin(async { Err(error) })
    }
}

impl Bus for Unnamed {
    fn publish(&self, _: Vec<Event>) -> BoxFuture<'_, Result<()>> {
        Self::error("bus")
    }
}

impl Blobs for Unnamed {
    fn put<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str, _: Bytes) -> BoxFuture<'a, Result<()>> {
        Self::error("files")
    }

    fn get<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Option<Bytes>>> {
        Self::error("files")
    }

    fn presign<'a>(&'a self, _: File<'a>, _: Timestamp) -> BoxFuture<'a, Result<Presigned>> {
        Self::error("files")
    }
}
