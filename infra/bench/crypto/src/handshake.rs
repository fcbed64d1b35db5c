//! A TLS client that shakes hands and hangs up.

use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::{Result, library};

/// How long init took, then each handshake.
pub fn run(count: usize, ca: &Path, port: u16) -> Result<Vec<Duration>> {
    let begun = Instant::now();
    let client = Arc::new(client(ca)?);
    let mut times = vec![begun.elapsed()];
    for _ in 0..count {
        let begun = Instant::now();
        shake_hands(&client, port)?;
        times.push(begun.elapsed());
    }
    Ok(times)
}

fn client(ca: &Path) -> Result<ClientConfig> {
    library::default_provider()
        .install_default()
        .map_err(|_| "there is a provider already")?;
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    roots.add(CertificateDer::from_pem_file(ca)?)?;
    let mut client = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    // Each handshake is a full one.
    client.resumption = Resumption::disabled();
    Ok(client)
}

fn shake_hands(client: &Arc<ClientConfig>, port: u16) -> Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_nodelay(true)?;
    let mut connection = ClientConnection::new(Arc::clone(client), ServerName::try_from("localhost")?)?;
    while connection.is_handshaking() || connection.wants_write() {
        connection.complete_io(&mut stream)?;
    }
    Ok(())
}
