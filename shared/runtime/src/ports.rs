//! The ports to the outside that a domain is given: AWS and the web, or their stand-ins.

use std::sync::Arc;

use crate::aws::Aws;
use crate::blob::{Blobs, S3};
use crate::bus::{Bus, EventBridge};
use crate::config::Config;
use crate::queue::{Queue, Sender, Sqs};
use crate::secret::{Secrets, SecretsManager, Vault};
use crate::store::{Dynamo, Store};
use crate::transport::{Outbound, Transport, Wire};

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
    /// Handles only: nothing is opened before its first use.
    pub fn aws(config: &Config) -> Self {
        let aws = Arc::new(Aws::new(config.clone()));
        let [tables, queues, events, files, secrets] = [(); 5].map(|()| Arc::clone(&aws));
        Self {
            store: Arc::new(Dynamo::new(move || aws_sdk_dynamodb::Client::new(&tables.settings()))),
            sender: Arc::new(Sqs::new(move || aws_sdk_sqs::Client::new(&queues.settings()))),
            bus: Arc::new(EventBridge::new(config.clone(), move || {
                aws_sdk_eventbridge::Client::new(&events.settings())
            })),
            vault: Arc::new(SecretsManager::new(move || {
                aws_sdk_secretsmanager::Client::new(&secrets.settings())
            })),
            transport: Arc::new(Wire::new(config.clone())),
            blobs: Arc::new(S3::new(move || aws_sdk_s3::Client::new(&files.settings()))),
        }
    }

    pub fn outbound(&self, config: &Config) -> Outbound {
        let secrets = Secrets::new(Arc::clone(&self.vault));
        Outbound::new(Arc::clone(&self.transport), Arc::clone(&self.store), secrets, config)
    }

    pub fn queue(&self, url: impl Into<String>) -> Queue {
        Queue {
            sender: Arc::clone(&self.sender),
            url: url.into(),
        }
    }
}
