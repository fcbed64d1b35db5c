//! The share of a core that Lambda gives to 128 MB: 7235 of 100,000 microseconds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use crate::failure::{Context, Result};

const QUOTA: &str = "7235";
const PERIOD: &str = "100000";

/// A control group. Drop removes it.
pub struct Throttle(PathBuf);

impl Throttle {
    /// Makes a group of cgroup v2, or of v1 where v2 has no cpu controller. An error if this machine allows neither.
    pub fn make() -> Result<Self> {
        let name = format!("trunkline-bench-{}", process::id());
        let root = Path::new("/sys/fs/cgroup");
        let controllers = fs::read_to_string(root.join("cgroup.subtree_control")).unwrap_or_default();
        if controllers.split_whitespace().any(|controller| controller == "cpu") {
            return Self::with(root.join(&name), &[("cpu.max", &format!("{QUOTA} {PERIOD}"))]);
        }
        let cpu = root.join("cpu");
        if cpu.join("cpu.cfs_quota_us").exists() {
            let limits = [("cpu.cfs_period_us", PERIOD), ("cpu.cfs_quota_us", QUOTA)];
            return Self::with(cpu.join(&name), &limits);
        }
        Err("this machine allows no control group with a processor limit".into())
    }

    fn with(group: PathBuf, limits: &[(&str, &str)]) -> Result<Self> {
        fs::create_dir(&group).context(group.display())?;
        let made = Self(group);
        for (name, limit) in limits {
            fs::write(made.0.join(name), limit).context(name)?;
        }
        Ok(made)
    }

    /// Moves a process into the group.
    pub fn hold(&self, process: u32) -> Result<()> {
        fs::write(self.0.join("cgroup.procs"), process.to_string()).context("a process cannot be moved into its group")
    }
}

impl Drop for Throttle {
    fn drop(&mut self) {
        let _left_over = fs::remove_dir(&self.0);
    }
}
