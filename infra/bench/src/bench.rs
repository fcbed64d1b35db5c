//! What every measurement needs: where things are, the stubs, the events.

use std::fs;
use std::path::{Path, PathBuf};

use crate::event::Events;
use crate::failure::{Context, Result};
use crate::stub::World;
use crate::tls::Authority;

/// What is measured lies here, so that a build meanwhile changes nothing.
const BINARIES: &str = "bench/binaries";
/// Where they come from.
const BUILT: [&str; 6] = [
    "release/bqs-case-create",
    "release/funders-quote-generate",
    "release/mmob-order-webhook",
    "release/operations-fallback",
    "bench-build/release/empty",
    "bench-build/release/stock",
];

pub struct Bench {
    pub root: PathBuf,
    pub target: PathBuf,
    pub authority: Authority,
    pub events: Events,
    pub world: World,
}

impl Bench {
    pub async fn set_up(root: &Path, target: &Path) -> Result<Self> {
        let authority = Authority::make(&target.join("bench/tls"))?;
        let answer = root.join("shared/partners/fixtures/lex/quote.answer.json");
        let answer = fs::read(&answer).context(answer.display())?;
        let world = World::start(&authority, answer.into()).await?;
        for folder in ["bench/logs", BINARIES] {
            fs::create_dir_all(target.join(folder)).context(folder)?;
        }
        for built in BUILT {
            let from = target.join(built);
            let name = from.file_name().context(built)?;
            keep(&from, &target.join(BINARIES).join(name))?;
        }
        Ok(Self {
            root: root.to_owned(),
            target: target.to_owned(),
            authority,
            events: Events::read(root)?,
            world,
        })
    }

    /// Where xtask has put a script with what it needs.
    pub fn parts(&self, name: &str) -> PathBuf {
        self.target.join("bench").join(name)
    }

    pub fn out(&self, name: &str) -> PathBuf {
        self.target.join("bench").join(name)
    }

    /// A binary that was built before this run began.
    pub fn binary(&self, name: &str) -> PathBuf {
        self.target.join(BINARIES).join(name)
    }
}

/// Copies a binary, or removes an earlier copy of one that is not built any more.
pub fn keep(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_file(to).context(to.display())?;
    }
    if from.exists() {
        fs::copy(from, to).context(from.display())?;
    }
    Ok(())
}
