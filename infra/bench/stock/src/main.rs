//! The same quote handler on defaults only: the SDK's configuration chain and HTTP client with the machine's root
//! certificates, and a default `reqwest::Client`.

#![expect(clippy::disallowed_methods, reason = "the defaults are the point")]

use std::sync::Arc;

use aws_config::{BehaviorVersion, SdkConfig};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, StatusCode};
use runtime::port::config::Config;
use runtime::port::queue::Sqs;
use runtime::port::secret::SecretsManager;
use runtime::port::store::Dynamo;
use runtime::port::transport::Transport;
use runtime::port::{Ports, UndeclaredClient};
use runtime::{Error, Exit, Kind, Result};

fn main() -> Exit {
    funders::entry::quote_generate().run_on(stock)
}

fn stock(_: &Config) -> Ports {
    let config = defaults();
    let (tables, queues) = (config.clone(), config.clone());
    Ports {
        store: Arc::new(Dynamo::new(move || aws_sdk_dynamodb::Client::new(&tables))),
        sender: Arc::new(Sqs::new(move || aws_sdk_sqs::Client::new(&queues))),
        bus: Arc::new(UndeclaredClient),
        vault: Arc::new(SecretsManager::new(move || {
            aws_sdk_secretsmanager::Client::new(&config)
        })),
        transport: Arc::new(Stock(reqwest::Client::new())),
        blobs: Arc::new(UndeclaredClient),
        scanner: Arc::new(UndeclaredClient),
    }
}

fn defaults() -> SdkConfig {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(aws_config::load_defaults(BehaviorVersion::latest())),
        Err(_) => SdkConfig::builder().build(),
    }
}

struct Stock(reqwest::Client);

impl Transport for Stock {
    fn send(&self, request: Request<Bytes>, _: usize) -> BoxFuture<'_, Result<(StatusCode, HeaderMap, Bytes)>> {
        Box::pin(async move {
            let request = reqwest::Request::try_from(request).map_err(failure)?;
            let mut response = self.0.execute(request).await.map_err(failure)?;
            let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
            Ok((status, headers, response.bytes().await.map_err(failure)?))
        })
    }

    fn warm<'a>(&'a self, _: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}

fn failure(error: reqwest::Error) -> Error {
    Error::new(Kind::PartnerTimeout, "the partner did not answer").because(error)
}
