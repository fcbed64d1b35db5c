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
use super::eraser::{AwsEraser, Eraser, ScanPage};
use super::queue::{Queue, Sender, Sqs};
use super::scanner::{ConfiguredScanner, ScanVerdict, Scanner};
use super::secret::{SecretsManager, Vault};
use super::store::{Dynamo, Key, Store};
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
    pub scanner: Arc<dyn Scanner>,
    pub eraser: Arc<dyn Eraser>,
}

impl Ports {
    pub fn queue(&self, url: impl Into<String>) -> Queue {
        Queue {
            sender: Arc::clone(&self.sender),
            url: url.into(),
        }
    }
}

type Connect<T> = fn(&Arc<Aws>, &Config) -> Arc<T>;

/// The clients that only some functions have. Each is a megabyte, and the linker leaves out one that no entry names.
#[derive(Clone, Copy, Default)]
pub struct Clients {
    bus: Option<Connect<dyn Bus>>,
    files: Option<Connect<dyn Blobs>>,
    scanner: Option<Connect<dyn Scanner>>,
    eraser: Option<Connect<dyn Eraser>>,
}

impl Clients {
    #[must_use]
    pub fn with_bus(self) -> Self {
        Self {
            bus: Some(event_bridge),
            ..self
        }
    }

    #[must_use]
    pub fn with_files(self) -> Self {
        Self {
            files: Some(s3),
            ..self
        }
    }

    #[must_use]
    pub fn with_scanner(self) -> Self {
        Self {
            scanner: Some(configured_scanner),
            ..self
        }
    }

    #[must_use]
    pub fn with_eraser(self) -> Self {
        Self {
            eraser: Some(aws_eraser),
            ..self
        }
    }

    pub fn has_bus(self) -> bool {
        self.bus.is_some()
    }

    pub fn has_files(self) -> bool {
        self.files.is_some()
    }

    pub fn has_scanner(self) -> bool {
        self.scanner.is_some()
    }

    pub fn has_eraser(self) -> bool {
        self.eraser.is_some()
    }

    /// These clients and those that every function has. Handles only: a connection is opened at its first use.
    pub fn connect(self, config: &Config) -> Ports {
        let aws = Arc::new(Aws::new(config.clone()));
        let [tables, queues, secrets] = [(); 3].map(|()| Arc::clone(&aws));
        Ports {
            store: Arc::new(Dynamo::new(move || aws_sdk_dynamodb::Client::new(&tables.settings()))),
            sender: Arc::new(Sqs::new(move || aws_sdk_sqs::Client::new(&queues.settings()))),
            bus: self.bus.map_or_else(undeclared_bus, |bus| bus(&aws, config)),
            vault: Arc::new(SecretsManager::new(move || {
                aws_sdk_secretsmanager::Client::new(&secrets.settings())
            })),
            transport: Arc::new(Wire::new(config.clone())),
            blobs: self.files.map_or_else(undeclared_files, |files| files(&aws, config)),
            scanner: self
                .scanner
                .map_or_else(undeclared_scanner, |scanner| scanner(&aws, config)),
            eraser: self
                .eraser
                .map_or_else(undeclared_eraser, |eraser| eraser(&aws, config)),
        }
    }

    /// `ports` without those that these clients lack, for a function on stand-ins.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn restrict(self, ports: Ports) -> Ports {
        Ports {
            bus: self.bus.map_or_else(undeclared_bus, |_| ports.bus),
            blobs: self.files.map_or_else(undeclared_files, |_| ports.blobs),
            scanner: self.scanner.map_or_else(undeclared_scanner, |_| ports.scanner),
            eraser: self.eraser.map_or_else(undeclared_eraser, |_| ports.eraser),
            ..ports
        }
    }
}

fn event_bridge(aws: &Arc<Aws>, config: &Config) -> Arc<dyn Bus> {
    let aws = Arc::clone(aws);
    let client = move || aws_sdk_eventbridge::Client::new(&aws.settings());
    Arc::new(EventBridge::new(config.clone(), client))
}

fn s3(aws: &Arc<Aws>, _: &Config) -> Arc<dyn Blobs> {
    let aws = Arc::clone(aws);
    Arc::new(S3::new(move || aws_sdk_s3::Client::new(&aws.settings())))
}

fn configured_scanner(aws: &Arc<Aws>, config: &Config) -> Arc<dyn Scanner> {
    let files = s3(aws, config);
    let aws = Arc::clone(aws);
    let client = move || aws_sdk_s3::Client::new(&aws.settings());
    Arc::new(ConfiguredScanner::new(config.clone(), files, client))
}

fn aws_eraser(aws: &Arc<Aws>, _: &Config) -> Arc<dyn Eraser> {
    let (tables, files) = (Arc::clone(aws), Arc::clone(aws));
    Arc::new(AwsEraser::new(
        move || aws_sdk_dynamodb::Client::new(&tables.settings()),
        move || aws_sdk_s3::Client::new(&files.settings()),
    ))
}

fn undeclared_bus() -> Arc<dyn Bus> {
    Arc::new(UndeclaredClient)
}

fn undeclared_files() -> Arc<dyn Blobs> {
    Arc::new(UndeclaredClient)
}

fn undeclared_scanner() -> Arc<dyn Scanner> {
    Arc::new(UndeclaredClient)
}

fn undeclared_eraser() -> Arc<dyn Eraser> {
    Arc::new(UndeclaredClient)
}

/// A client that this function's entry does not declare.
pub struct UndeclaredClient;

impl UndeclaredClient {
    fn error<T>(port: &str) -> BoxFuture<'_, Result<T>> {
        let error = Error::misconfigured(format!("this function's entry declares no {port}"));
        Box::pin(async { Err(error) })
    }
}

impl Bus for UndeclaredClient {
    fn publish(&self, _: Vec<Event>) -> BoxFuture<'_, Result<()>> {
        Self::error("bus")
    }
}

impl Blobs for UndeclaredClient {
    fn put<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str, _: Bytes) -> BoxFuture<'a, Result<()>> {
        Self::error("files")
    }

    fn get<'a>(&'a self, _: &'a str, _: &'a str, _: u64) -> BoxFuture<'a, Result<Option<Bytes>>> {
        Self::error("files")
    }

    fn delete<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<()>> {
        Self::error("files")
    }

    fn presign<'a>(&'a self, _: File<'a>, _: Timestamp) -> BoxFuture<'a, Result<Presigned>> {
        Self::error("files")
    }
}

impl Scanner for UndeclaredClient {
    fn verdict<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<ScanVerdict>> {
        Self::error("scanner")
    }
}

impl Eraser for UndeclaredClient {
    fn scan<'a>(&'a self, _: &'a str, _: Option<&'a Key>) -> BoxFuture<'a, Result<ScanPage>> {
        Self::error("eraser")
    }

    fn delete<'a>(&'a self, _: &'a Key) -> BoxFuture<'a, Result<bool>> {
        Self::error("eraser")
    }

    fn delete_files<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<u64>> {
        Self::error("eraser")
    }
}
