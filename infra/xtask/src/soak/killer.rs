//! Kills processes of functions. They are children of the emulator with the function's name in their environment.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};
use rustix::process::{Pid, Signal, kill_process};

use crate::failure::{Context, Failure, Result};
use crate::stack;

/// Binaries of the functions to kill.
const TARGETS: [&str; 2] = ["mmob-order-webhook", "mmob-order-process"];
/// Maximum delay of a kill after an order. The kill then hits the order at any point between its webhook and its end.
const MAX_DELAY_MS: u64 = 800;

pub struct Killer {
    emulator: i32,
    /// Deployed names of the functions to kill.
    functions: Vec<String>,
    random: SystemRandom,
    killed: Cell<u32>,
}

impl Killer {
    pub fn new(emulator: i32, dir: &Path) -> Result<Self> {
        let functions = TARGETS.iter().map(|binary| stack::function(dir, binary));
        Ok(Self {
            emulator,
            functions: functions.collect::<Result<_>>()?,
            random: SystemRandom::new(),
            killed: Cell::new(0),
        })
    }

    pub fn killed(&self) -> u32 {
        self.killed.get()
    }

    /// With this probability, kills all processes of one of the functions.
    pub fn kill_with_probability(&self, probability: f64) -> Result<()> {
        // A resolution of 1 in 10,000 is enough.
        if f64::from(self.random_below(10_000)?) >= probability * 10_000.0 {
            return Ok(());
        }
        let delay = u64::from(self.random_below(1_000)?) * MAX_DELAY_MS / 1_000;
        thread::sleep(Duration::from_millis(delay));
        let index = usize::from(self.random_below(2)? == 1);
        let Some(function) = self.functions.get(index) else {
            return Ok(());
        };
        for process in self.processes_of(function)? {
            if kill_process(process, Signal::KILL).is_ok() {
                self.killed.set(self.killed.get() + 1);
            }
        }
        Ok(())
    }

    /// A random number below `end`. The bias of the remainder is negligible while `end` is far below 65,536.
    fn random_below(&self, end: u16) -> Result<u16> {
        let mut bytes = [0; 2];
        self.random
            .fill(&mut bytes)
            .map_err(|_| Failure::from("the system has no random bytes"))?;
        Ok(u16::from_be_bytes(bytes) % end)
    }

    fn processes_of(&self, function: &str) -> Result<Vec<Pid>> {
        let named = format!("AWS_LAMBDA_FUNCTION_NAME={function}");
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc")
            .context("/proc is missing: this command needs Linux")?
            .flatten()
        {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
                continue;
            };
            // The process may have ended since.
            let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
            let is_named = environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == named.as_bytes());
            let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            if is_named && parent(&stat) == Some(self.emulator) {
                found.extend(Pid::from_raw(pid));
            }
        }
        Ok(found)
    }
}

/// The parent's id: the second word after the process name, which is in brackets and may contain anything.
fn parent(stat: &str) -> Option<i32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    fn sleeper(function: &str) -> Child {
        let mut command = Command::new("sleep");
        command.arg("60").env("AWS_LAMBDA_FUNCTION_NAME", function);
        command.spawn().unwrap()
    }

    #[test]
    fn only_children_with_the_functions_name_are_killed() {
        let (mut target, mut other) = (sleeper("soak-target"), sleeper("soak-target-2"));
        let killer = Killer {
            emulator: i32::try_from(std::process::id()).unwrap(),
            functions: vec!["soak-target".to_owned(); 2],
            random: SystemRandom::new(),
            killed: Cell::new(0),
        };
        killer.kill_with_probability(0.0).unwrap();
        assert_eq!((killer.killed(), target.try_wait().unwrap()), (0, None));
        killer.kill_with_probability(1.0).unwrap();
        assert!(!target.wait().unwrap().success());
        assert_eq!((killer.killed(), other.try_wait().unwrap()), (1, None));
        other.kill().unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn a_parent_is_found_after_any_process_name() {
        assert_eq!(parent("7 (boot) (strap) S 42 7 7 0"), Some(42));
        assert_eq!(parent(""), None);
    }
}
