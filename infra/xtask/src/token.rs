//! RS256 tokens of the platform's auth service, signed with a local stack's own key.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use clap::ValueEnum;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use crate::failure::{Context, Failure, Result};
use crate::files;
use crate::process;
use crate::venv::Venv;
use crate::workspace::Workspace;

/// The defaults of template.yaml.
const ISSUER: &str = "self-serve-platform";
const AUDIENCE: &str = "self-serve-users";
const HOUR: Duration = Duration::from_secs(3600);

#[derive(Clone, Copy, ValueEnum)]
pub enum Role {
    Customer,
    Agent,
    Staff,
    Admin,
}

pub struct Person {
    pub roles: Vec<Role>,
    pub email: String,
    pub subject: String,
}

impl Person {
    pub fn new(roles: &[Role], email: &str, subject: &str) -> Self {
        Self {
            roles: roles.to_vec(),
            email: email.to_owned(),
            subject: subject.to_owned(),
        }
    }
}

/// Signs tokens with a stack's private key.
pub struct Signer {
    key: RsaKeyPair,
}

impl Signer {
    pub fn of_stack(dir: &Path) -> Result<Self> {
        let file = private_key(dir);
        if !file.is_file() {
            return Err(format!("{} is missing: `cargo xtask up` makes it", file.display()).into());
        }
        let der = der(&files::read(&file)?).context(file.display())?;
        let key = RsaKeyPair::from_pkcs8(&der).context(file.display())?;
        Ok(Self { key })
    }

    /// A token for this person, valid from now.
    pub fn token(&self, person: &Person, hours: u32) -> Result<String> {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .context("the system clock is before 1970")?;
        self.sign(&claims(person, now, HOUR * hours))
    }

    fn sign(&self, claims: &Value) -> Result<String> {
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let header = json!({"alg": "RS256", "typ": "JWT"}).to_string();
        let signed = format!(
            "{}.{}",
            encode(header.as_bytes()),
            encode(claims.to_string().as_bytes())
        );
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .map_err(|_| Failure::from("the token cannot be signed"))?;
        Ok(format!("{signed}.{}", encode(&signature)))
    }
}

/// Generates the stack's key pair if it has none.
pub fn ensure_keys(workspace: &Workspace, venv: &Venv, dir: &Path) -> Result<()> {
    if private_key(dir).is_file() && public_key_file(dir).is_file() {
        return Ok(());
    }
    let mut make = venv.command("python")?;
    make.arg(workspace.root.join("infra/xtask/keypair.py"))
        .arg(private_key(dir))
        .arg(public_key_file(dir));
    process::capture(make).map(|_| ())
}

/// The public key as the template's parameter: one line, with literal `\n` for line ends.
pub fn public_key(dir: &Path) -> Result<String> {
    Ok(files::read(&public_key_file(dir))?.trim_end().replace('\n', "\\n") + "\\n")
}

fn private_key(dir: &Path) -> PathBuf {
    dir.join("jwt.pem")
}

fn public_key_file(dir: &Path) -> PathBuf {
    dir.join("jwt.pub.pem")
}

fn claims(person: &Person, now: Duration, lifetime: Duration) -> Value {
    let name = |role: &Role| match role {
        Role::Customer => None,
        Role::Agent => Some("agent"),
        Role::Staff => Some("staff"),
        Role::Admin => Some("admin"),
    };
    let roles: Vec<&str> = person.roles.iter().filter_map(name).collect();
    json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": person.subject,
        "email": person.email,
        "email_verified": true,
        "roles": roles,
        "iat": now.as_secs(),
        "exp": (now + lifetime).as_secs(),
    })
}

fn der(pem: &str) -> Result<Vec<u8>> {
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .map(str::trim)
        .collect();
    BASE64_STANDARD.decode(body).context("not PEM")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lists_roles_and_a_customer_has_none() {
        let of = |roles: &[Role]| {
            let person = Person::new(roles, "a@example.com", "1");
            claims(&person, HOUR, HOUR).get("roles").unwrap().clone()
        };
        assert_eq!(of(&[Role::Customer]), json!([]));
        assert_eq!(
            of(&[Role::Staff, Role::Agent, Role::Admin]),
            json!(["staff", "agent", "admin"])
        );
    }

    #[test]
    fn a_token_expires_after_its_hours() {
        let person = Person::new(&[Role::Customer], "a@example.com", "1");
        let claims = claims(&person, Duration::from_secs(1_700_000_000), HOUR * 12);
        assert_eq!(claims.get("iat").unwrap(), 1_700_000_000_u64);
        assert_eq!(claims.get("exp").unwrap(), 1_700_043_200_u64);
    }

    #[test]
    fn der_reads_the_base64_between_the_pem_lines() {
        assert_eq!(
            der("-----BEGIN X-----\naGVs\nbG8=\n-----END X-----\n").unwrap(),
            b"hello"
        );
        assert!(der("-----BEGIN X-----\n?\n-----END X-----\n").is_err());
    }
}
