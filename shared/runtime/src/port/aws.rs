//! AWS clients, configured by hand: aws-config's default chain would build STS and SSO clients and load the machine's
//! root store, which costs more than everything else a function does at start.

use std::sync::OnceLock;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::{BehaviorVersion, StalledStreamProtectionConfig};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::sdk_config::SharedHttpClient;

use crate::port::config::Config;

/// Shared by every client: one HTTP stack, one pool, one set of roots.
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

    /// The settings that a client is made from.
    pub fn settings(&self) -> SdkConfig {
        let mut settings = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(self.region())
            .credentials_provider(SharedCredentialsProvider::new(self.credentials()))
            .http_client(self.http())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .retry_config(retries())
            // For bodies of gigabytes; ours are small, and every attempt has a time limit.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .timeout_config(timeouts());
        settings.set_endpoint_url(self.config.get("AWS_ENDPOINT_URL").map(Into::into));
        settings.build()
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

    fn region(&self) -> Region {
        Region::new(self.config.get("AWS_REGION").unwrap_or("eu-west-2").to_owned())
    }

    /// Lambda sets these when the instance starts, and they outlive it.
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
