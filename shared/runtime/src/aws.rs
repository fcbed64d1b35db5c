//! AWS clients, configured by hand: aws-config's default chain would build STS and SSO clients and load the machine's
//! root store, which costs more than everything else a function does at start.

use std::sync::OnceLock;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region, SharedHttpClient};
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::config::Config;

/// What every client shares: one HTTP stack, one pool, one set of roots.
pub struct Aws {
    config: Config,
    http: OnceLock<SharedHttpClient>,
}

/// Amazon's own roots, and Starfield's which older chains end in: all that AWS endpoints use.
const ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

impl Aws {
    pub fn new(config: Config) -> Self {
        Self {
            config,
            http: OnceLock::new(),
        }
    }

    pub fn dynamo(&self) -> aws_sdk_dynamodb::Client {
        let mut client = aws_sdk_dynamodb::Config::builder();
        client.set_endpoint_url(self.endpoint("DYNAMODB"));
        aws_sdk_dynamodb::Client::from_conf(
            client
                .behavior_version(BehaviorVersion::latest())
                .region(self.region())
                .credentials_provider(self.credentials())
                .http_client(self.http())
                .retry_config(retries())
                .timeout_config(timeouts())
                .build(),
        )
    }

    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        let mut client = aws_sdk_sqs::Config::builder();
        client.set_endpoint_url(self.endpoint("SQS"));
        aws_sdk_sqs::Client::from_conf(
            client
                .behavior_version(BehaviorVersion::latest())
                .region(self.region())
                .credentials_provider(self.credentials())
                .http_client(self.http())
                .retry_config(retries())
                .timeout_config(timeouts())
                .build(),
        )
    }

    pub fn secrets(&self) -> aws_sdk_secretsmanager::Client {
        let mut client = aws_sdk_secretsmanager::Config::builder();
        client.set_endpoint_url(self.endpoint("SECRETS_MANAGER"));
        aws_sdk_secretsmanager::Client::from_conf(
            client
                .behavior_version(BehaviorVersion::latest())
                .region(self.region())
                .credentials_provider(self.credentials())
                .http_client(self.http())
                .retry_config(retries())
                .timeout_config(timeouts())
                .build(),
        )
    }

    fn http(&self) -> SharedHttpClient {
        let build = || {
            let roots = self
                .config
                .get("AWS_CA_BUNDLE")
                .and_then(|path| std::fs::read(path).ok());
            let roots = TrustStore::empty().with_pem_certificate(roots.unwrap_or_else(|| ROOTS.to_vec()));
            let builder = aws_smithy_http_client::Builder::new()
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .pool_idle_timeout(Duration::from_secs(15));
            match TlsContext::builder().with_trust_store(roots).build() {
                Ok(context) => builder.tls_context(context).build_https(),
                Err(_) => builder.build_https(),
            }
        };
        self.http.get_or_init(build).clone()
    }

    fn endpoint(&self, service: &str) -> Option<String> {
        let own = self.config.get(&format!("AWS_ENDPOINT_URL_{service}"));
        own.or_else(|| self.config.get("AWS_ENDPOINT_URL")).map(Into::into)
    }

    fn region(&self) -> Region {
        Region::new(self.config.get("AWS_REGION").unwrap_or("eu-west-2").to_owned())
    }

    /// Lambda sets these when the sandbox starts and they outlive it.
    fn credentials(&self) -> Credentials {
        let text = |name| self.config.get(name).unwrap_or_default();
        let session = self.config.get("AWS_SESSION_TOKEN").map(Into::into);
        Credentials::new(
            text("AWS_ACCESS_KEY_ID"),
            text("AWS_SECRET_ACCESS_KEY"),
            session,
            None,
            "lambda",
        )
    }
}

fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(50))
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(5))
        .build()
}
