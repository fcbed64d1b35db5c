//! A share of one core, as Lambda gives to 128 MB: 7235 of 100,000 microseconds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use crate::failure::{Context, Result};

const QUOTA: &str = "7235";
const PERIOD: &str = "100000";

/// A control group, gone when this is.
pub struct Throttle(PathBuf);

impl Throttle {
    /// Of the second kind where the machine has it, else of the first; an error where neither can be made here.
    pub fn make() -> Result<Self> {
        let name = format!("trunkline-bench-{}", process::id());
        let second = Path::new("/sys/fs/cgroup");
        let controllers = fs::read_to_string(second.join("cgroup.subtree_control")).unwrap_or_default();
        if controllers.split_whitespace().any(|controller| controller == "cpu") {
            return Self::with(second.join(&name), &[("cpu.max", &format!("{QUOTA} {PERIOD}"))]);
        }
        let first = second.join("cpu");
        if first.join("cpu.cfs_quota_us").exists() {
            let limits = [("cpu.cfs_period_us", PERIOD), ("cpu.cfs_quota_us", QUOTA)];
            return Self::with(first.join(&name), &limits);
        }
        Err("this machine lends no control group with a limit on the processor".into())
    }

    fn with(group: PathBuf, limits: &[(&str, &str)]) -> Result<Self> {
        fs::create_dir(&group).context(group.display())?;
        let made = Self(group);
        for (name, limit) in limits {
            fs::write(made.0.join(name), limit).context(name)?;
        }
        Ok(made)
    }

    /// From here on the process gets no more.
    pub fn hold(&self, process: u32) -> Result<()> {
        fs::write(self.0.join("cgroup.procs"), process.to_string()).context("a process cannot be moved into its group")
    }
}

impl Drop for Throttle {
    fn drop(&mut self) {
        let _left_over = fs::remove_dir(&self.0);
    }
}
