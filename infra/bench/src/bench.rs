//! What every measurement needs: paths, certificates, stubs and events.

use std::fs;
use std::path::{Path, PathBuf};

use crate::event::Events;
use crate::failure::{Context, Result};
use crate::stub::Stubs;
use crate::tls::Authority;

/// Copies of the measured binaries, so that a build during the run changes nothing.
const BINARIES: &str = "bench/binaries";
/// Their originals.
const BUILT: [&str; 7] = [
    "release/bqs-case-create",
    "release/funders-quote-generate",
    "release/mmob-order-webhook",
    "release/operations-fallback",
    "release/readers",
    "bench-build/release/empty",
    "bench-build/release/stock",
];
const QUOTE_ANSWER: &str = "shared/partners/funders/fixtures/lex/quote.answer.json";

pub struct Bench {
    pub root: PathBuf,
    target: PathBuf,
    pub authority: Authority,
    pub events: Events,
    pub stubs: Stubs,
}

impl Bench {
    pub async fn set_up(root: &Path, target: &Path) -> Result<Self> {
        let authority = Authority::make(&target.join("bench/tls"))?;
        let answer = fs::read(root.join(QUOTE_ANSWER)).context(QUOTE_ANSWER)?;
        let stubs = Stubs::start(&authority, answer.into()).await?;
        for folder in ["bench/logs", BINARIES] {
            fs::create_dir_all(target.join(folder)).context(folder)?;
        }
        for built in BUILT {
            let from = target.join(built);
            let name = from.file_name().context(built)?;
            copy(&from, &target.join(BINARIES).join(name))?;
        }
        Ok(Self {
            root: root.to_owned(),
            target: target.to_owned(),
            authority,
            events: Events::read(root)?,
            stubs,
        })
    }

    /// A file below target/bench.
    pub fn out(&self, name: &str) -> PathBuf {
        self.target.join("bench").join(name)
    }

    /// A binary as it was when this run began.
    pub fn binary(&self, name: &str) -> PathBuf {
        self.target.join(BINARIES).join(name)
    }
}

/// Copies a binary. If it is no longer built, removes the copy of an earlier run.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_file(to).context(to.display())?;
    }
    if from.exists() {
        fs::copy(from, to).context(from.display())?;
    }
    Ok(())
}
