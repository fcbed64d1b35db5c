//! A certificate authority for this run, and a certificate for `localhost` that it signed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::failure::{Context, Result};

/// The machine's root certificates, which stock clients load at every start.
const NATIVE: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

pub struct Authority {
    pub server: Arc<ServerConfig>,
    /// A file with this authority's certificate only.
    pub alone: PathBuf,
    /// A file with the machine's own roots and this authority's certificate.
    pub with_native: PathBuf,
}

impl Authority {
    pub fn make(folder: &Path) -> Result<Self> {
        let mut root = CertificateParams::new(Vec::<String>::new())?;
        root.distinguished_name.push(DnType::CommonName, "Trunkline bench");
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let root = CertifiedIssuer::self_signed(root, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let leaf = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &root)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut server = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)?;
        // As the endpoints of AWS and of most partners.
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        fs::create_dir_all(folder).context(folder.display())?;
        let (alone, with_native) = (folder.join("ca.pem"), folder.join("roots.pem"));
        let native = NATIVE.iter().find_map(|path| fs::read_to_string(path).ok());
        let native = native.context("this machine has no root certificates that stock clients could load")?;
        fs::write(&alone, root.pem()).context(alone.display())?;
        fs::write(&with_native, format!("{native}\n{}", root.pem())).context(with_native.display())?;
        Ok(Self {
            server: Arc::new(server),
            alone,
            with_native,
        })
    }
}
