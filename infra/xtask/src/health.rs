//! Whether a process of a stack answers on its port.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::http;

const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone, Copy)]
pub enum Health {
    /// A GET of this path is 200.
    Http(&'static str),
    /// clamd answers its command PING.
    Clamd,
}

impl Health {
    pub fn is_good(self, port: u16) -> bool {
        match self {
            Self::Http(path) => http::status(&format!("http://127.0.0.1:{port}{path}")) == Some(200),
            Self::Clamd => ping(port).is_ok_and(|answer| answer == b"PONG\0"),
        }
    }
}

fn ping(port: u16) -> std::io::Result<Vec<u8>> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut clamd = TcpStream::connect_timeout(&address, TIMEOUT)?;
    clamd.set_read_timeout(Some(TIMEOUT))?;
    clamd.write_all(b"zPING\0")?;
    let mut answer = Vec::new();
    clamd.take(16).read_to_end(&mut answer)?;
    Ok(answer)
}
