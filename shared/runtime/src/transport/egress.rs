//! Which addresses the hub connects to: public ones over TLS, and hosts that a list of the deployment names.
//!
//! Addresses that the deployment configures and addresses that admins choose have a list each, so that an admin reaches no
//! host that was opened for a partner.
//!
//! A URL that an admin chose is checked twice: its text when it is saved, and the addresses of its name when the hub connects.
//! Only the second check sees a name whose addresses change.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use model::{Error, Result};
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::port::config::Config;

const MAX_URL_LENGTH: usize = 2048;
const MAX_HOST_LENGTH: usize = 253;
const PORTS: [u16; 2] = [443, 8443];
/// Names that differ between networks, or exist in none.
const SPECIAL: [&str; 16] = [
    "alt",
    "arpa",
    "corp",
    "example",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "mail",
    "onion",
    "private",
    "test",
];

/// Decides which addresses the hub may call. Cheap to clone.
#[derive(Clone)]
pub struct Egress {
    /// The setting that names the hosts.
    setting: &'static str,
    /// Hosts, as URLs spell them, that are called whatever their addresses are, and without TLS too.
    allowed: Arc<[String]>,
}

impl Egress {
    /// For the addresses of partners, which the deployment configures.
    pub fn partners(config: &Config) -> Self {
        Self::of("EGRESS_ALLOW", config.get("EGRESS_ALLOW"))
    }

    /// For the addresses that admins choose: subscribers' and providers'.
    pub fn callbacks(config: &Config) -> Self {
        Self::of("CALLBACK_ALLOW", config.get("CALLBACK_ALLOW"))
    }

    fn of(setting: &'static str, hosts: Option<&str>) -> Self {
        let hosts = hosts.unwrap_or_default().split(',');
        let hosts = hosts.map(|host| host.trim().to_ascii_lowercase());
        Self {
            setting,
            allowed: hosts.filter(|host| !host.is_empty()).collect(),
        }
    }

    fn allows(&self, host: &str) -> bool {
        self.allowed.iter().any(|allowed| allowed == host)
    }

    /// Checks a URL that an admin gives for callbacks. The refusal names `field` and never repeats the URL.
    pub fn endpoint(&self, field: &str, text: &str) -> Result<()> {
        let refuse = |why: &str| Err(Error::invalid(field, why));
        if text.len() > MAX_URL_LENGTH || !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return refuse("must be at most 2048 printable ASCII characters");
        }
        let Ok(url) = Url::parse(text) else {
            return refuse("must be a URL");
        };
        let Some(host) = url.host_str() else {
            return refuse("must name a host");
        };
        // What is read differently by two parsers is refused: a host must be written as it is understood. This leaves no
        // room for credentials, escapes, numbers that are addresses, ports with leading zeros, or missing slashes.
        let written = authority(text).to_ascii_lowercase();
        let understood = url.port().map_or(host.to_owned(), |port| format!("{host}:{port}"));
        let default = url.port_or_known_default().map(|port| format!("{host}:{port}"));
        if written != understood && Some(&written) != default.as_ref() {
            return refuse("must name its host plainly, without credentials");
        }
        if url.fragment().is_some() {
            return refuse("must have no fragment");
        }
        if self.allows(host) && ["http", "https"].contains(&url.scheme()) {
            return Ok(());
        }
        if url.scheme() != "https" {
            return refuse("must begin with https://");
        }
        if !url.port_or_known_default().is_some_and(|port| PORTS.contains(&port)) {
            return refuse("must use port 443 or 8443");
        }
        if !is_public_name(host) {
            return refuse("must name a host on the public internet, in ASCII");
        }
        Ok(())
    }

    /// The part of the check that holds for configured addresses too: names are left to the resolver, which literal
    /// addresses never see.
    pub fn admits(&self, url: &Url) -> Result<()> {
        let host = url.host_str().unwrap_or_default();
        if self.allows(host) {
            return Ok(());
        }
        let refused = |what: &str| {
            let setting = self.setting;
            Err(Error::misconfigured(format!(
                "{what} is to be called, and {setting} does not name its host"
            )))
        };
        if url.scheme() != "https" {
            return refused("an address without https");
        }
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) if !is_public(address) => refused("an address that is not public"),
            _ => Ok(()),
        }
    }
}

/// The text between the scheme and the path.
fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Two or more plain labels under a top level that the public root could have. Punycode is left out: a name that looks like
/// another can wait until a partner needs one.
fn is_public_name(host: &str) -> bool {
    let labels: Vec<_> = host.split('.').collect();
    let plain = |label: &&str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
            && !label.starts_with("xn--")
    };
    let top = labels.last().copied().unwrap_or_default();
    host.len() <= MAX_HOST_LENGTH
        && labels.len() > 1
        && labels.iter().all(plain)
        && top.bytes().all(|byte| byte.is_ascii_alphabetic())
        && !SPECIAL.contains(&top)
}

/// Whether an address belongs to the public internet, by IANA's registries of special-purpose addresses.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special
}

/// Only 2000::/3 is in public use. In it, protocol assignments and Teredo (2001::/23), 6to4 (2002::/16) and documentation
/// (2001:db8::/32, 3fff::/20) lead elsewhere.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let elsewhere = matches!(
        (first, second),
        (0x2001, 0..=0x1ff | 0xdb8) | (0x2002, _) | (0x3fff, 0..=0xfff)
    );
    (0x2000..=0x3fff).contains(&first) && !elsewhere
}

impl Resolve for Egress {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One private address among public ones is an attack.
            if !guard.allows(name.as_str()) && !found.iter().all(|address| is_public(address.ip())) {
                return Err("the name leads to an address that is not public".into());
            }
            let found: Addrs = Box::new(found.into_iter());
            Ok(found)
        })
    }
}

#[cfg(test)]
mod tests;
