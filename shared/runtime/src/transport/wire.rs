//! The transport on reqwest: HTTP/1.1, web roots from the binary, no redirects, no proxy, answers up to a size, and public
//! addresses only.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, StatusCode};
use model::{Error, Kind, Result};
use reqwest::redirect::Policy;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::egress::Egress;
use crate::port::config::Config;
use crate::port::transport::{Callback, Transport};

const CONNECT: Duration = Duration::from_secs(2);
/// Shorter than servers keep idle connections: a request on a connection that is just being closed has no known outcome.
const IDLE: Duration = Duration::from_secs(15);

pub struct Wire {
    config: Config,
    partners: OnceLock<Peers>,
    callbacks: OnceLock<Peers>,
}

/// Those that are called under one rule, and their connections.
struct Peers {
    egress: Egress,
    client: OnceLock<reqwest::Client>,
}

impl Peers {
    fn new(egress: Egress) -> Self {
        Self {
            egress,
            client: OnceLock::new(),
        }
    }
}

impl Wire {
    pub fn new(config: Config) -> Self {
        Self {
            config,
            partners: OnceLock::new(),
            callbacks: OnceLock::new(),
        }
    }

    fn partners(&self) -> &Peers {
        self.partners.get_or_init(|| Peers::new(Egress::partners(&self.config)))
    }

    fn callbacks(&self) -> &Peers {
        self.callbacks
            .get_or_init(|| Peers::new(Egress::callbacks(&self.config)))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the transport")]
    fn client<'a>(&self, peers: &'a Peers) -> Result<&'a reqwest::Client> {
        if let Some(client) = peers.client.get() {
            return Ok(client);
        }
        let broken = |error: &dyn std::fmt::Display| Error::misconfigured(format!("no TLS client: {error}"));
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| broken(&error))?
            .with_root_certificates(self.roots())
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(Policy::none())
            // A proxy would look names up by itself.
            .no_proxy()
            .dns_resolver(peers.egress.clone())
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true)
            .user_agent("trunkline")
            .build()
            .map_err(|error| broken(&error))?;
        Ok(peers.client.get_or_init(|| client))
    }

    /// The response up to its body.
    async fn head(&self, request: Request<Bytes>) -> Result<reqwest::Response> {
        let is_callback = request.extensions().get::<Callback>().is_some();
        let peers = if is_callback { self.callbacks() } else { self.partners() };
        let request = reqwest::Request::try_from(request)
            .map_err(|_| Error::misconfigured("the address of a partner cannot be called"))?;
        peers.egress.admits(request.url())?;
        self.client(peers)?.execute(request).await.map_err(failure)
    }

    /// The web's roots, or those that `AWS_CA_BUNDLE` puts in their place.
    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        match self
            .config
            .get("AWS_CA_BUNDLE")
            .and_then(|path| CertificateDer::pem_file_iter(path).ok())
        {
            Some(bundle) => {
                roots.add_parsable_certificates(bundle.flatten());
            }
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        }
        roots
    }
}

impl Transport for Wire {
    fn send(&self, request: Request<Bytes>, max_bytes: usize) -> BoxFuture<'_, Result<(StatusCode, HeaderMap, Bytes)>> {
        Box::pin(async move {
            let mut response = self.head(request).await?;
            let mut body = BytesMut::new();
            while let Some(chunk) = response.chunk().await.map_err(failure)? {
                if body.len() + chunk.len() > max_bytes {
                    return Err(Error::new(
                        Kind::PartnerBadResponse,
                        format!("the partner's answer has more than {max_bytes} bytes"),
                    ));
                }
                body.extend_from_slice(&chunk);
            }
            Ok((response.status(), std::mem::take(response.headers_mut()), body.freeze()))
        })
    }

    fn notify(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<(StatusCode, HeaderMap)>> {
        Box::pin(async move {
            let mut response = self.head(request).await?;
            Ok((response.status(), std::mem::take(response.headers_mut())))
        })
    }

    fn warm<'a>(&'a self, url: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let Ok(url) = reqwest::Url::parse(url) else { return };
            let partners = self.partners();
            if let (Ok(client), Ok(())) = (self.client(partners), partners.egress.admits(&url)) {
                let _ = client.head(url).send().await;
            }
        })
    }
}

/// A request that never reached the partner had no effect. After any other failure the outcome is unknown. Callers set the time
/// for an answer, so that a failure after the connection is mostly one of the connection.
fn failure(error: reqwest::Error) -> Error {
    let error = error.without_url();
    let (kind, message) = if error.is_connect() {
        (Kind::PartnerUnreachable, "the partner cannot be reached")
    } else if error.is_timeout() {
        (Kind::PartnerTimeout, "the partner did not answer")
    } else {
        (Kind::PartnerReset, "the connection to the partner broke")
    };
    Error::new(kind, message).because(error)
}
