//! One process of a build, in an empty environment.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::failure::{Context, Result};

pub struct Program {
    pub id: &'static str,
    pub label: &'static str,
    pub path: PathBuf,
    /// A public key, a message and its signature.
    pub signed: [PathBuf; 3],
}

/// What it said, and how long it lived.
pub struct Life {
    pub said: String,
    pub lasted: Duration,
}

impl Program {
    /// A life that does nothing.
    pub fn idle(&self) -> Vec<OsString> {
        vec![self.path.clone().into()]
    }

    /// A life of so many handshakes.
    pub fn handshakes(&self, bench: &Bench, count: u32) -> Vec<OsString> {
        let mut words = self.idle();
        words.extend(["handshake".into(), count.to_string().into()]);
        words.extend([bench.authority.alone.clone().into(), bench.world.aws.to_string().into()]);
        words
    }

    /// A life of verifying.
    pub fn verifications(&self, time: Duration) -> Vec<OsString> {
        let mut words = self.idle();
        words.extend(["verify".into(), time.as_millis().to_string().into()]);
        words.extend(self.signed.iter().map(OsString::from));
        words
    }
}

/// Runs it to its end, on another thread: this one has the stubs to serve.
pub async fn live(words: Vec<OsString>) -> Result<Life> {
    tokio::task::spawn_blocking(move || {
        let (program, arguments) = words.split_first().context("nothing to start")?;
        let mut command = Command::new(program);
        command.args(arguments).env_clear().stdin(Stdio::null());
        // valgrind is found on it.
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
        let begun = Instant::now();
        let output = command.output().context(program.display())?;
        let lasted = begun.elapsed();
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{} ended with {}: {}", program.display(), output.status, said.trim()).into());
        }
        let said = String::from_utf8(output.stdout)?;
        Ok(Life { said, lasted })
    })
    .await?
}
