//! Kills processes of functions: children of the emulator, told by the name that it gives them.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};
use rustix::process::{Pid, Signal, kill_process};

use crate::failure::{Context, Failure, Result};
use crate::stack;

/// Those whose processes are killed, by their binaries.
const VICTIMS: [&str; 2] = ["mmob-order-webhook", "mmob-order-process"];
/// A kill comes this soon after an order, in milliseconds: the order is then anywhere between its webhook and its end.
const WITHIN: u64 = 800;

pub struct Killer {
    emulator: i32,
    victims: Vec<String>,
    random: SystemRandom,
    killed: Cell<u32>,
}

impl Killer {
    pub fn new(emulator: i32, dir: &Path) -> Result<Self> {
        let victims = VICTIMS.iter().map(|victim| stack::function(dir, victim));
        Ok(Self {
            emulator,
            victims: victims.collect::<Result<_>>()?,
            random: SystemRandom::new(),
            killed: Cell::new(0),
        })
    }

    pub fn killed(&self) -> u32 {
        self.killed.get()
    }

    /// With this chance, kills all processes of one of the functions.
    pub fn perhaps(&self, chance: f64) -> Result<()> {
        // 10,000 steps are fine enough for a chance.
        if f64::from(self.below(10_000)?) >= chance * 10_000.0 {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(u64::from(self.below(1_000)?) * WITHIN / 1_000));
        let which = usize::from(self.below(2)? == 1);
        let Some(victim) = self.victims.get(which) else {
            return Ok(());
        };
        for process in self.processes_of(victim)? {
            if kill_process(process, Signal::KILL).is_ok() {
                self.killed.set(self.killed.get() + 1);
            }
        }
        Ok(())
    }

    /// Less than `end`, which is small beside what two bytes hold.
    fn below(&self, end: u16) -> Result<u16> {
        let mut bytes = [0; 2];
        self.random
            .fill(&mut bytes)
            .map_err(|_| Failure::from("no random bytes"))?;
        Ok(u16::from_be_bytes(bytes) % end)
    }

    fn processes_of(&self, function: &str) -> Result<Vec<Pid>> {
        let named = format!("AWS_LAMBDA_FUNCTION_NAME={function}");
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc")
            .context("/proc: this works on Linux only")?
            .flatten()
        {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
                continue;
            };
            // It may be gone by now.
            let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
            let is_named = environment.split(|byte| *byte == 0).any(|one| one == named.as_bytes());
            let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            if is_named && parent(&stat) == Some(self.emulator) {
                found.extend(Pid::from_raw(pid));
            }
        }
        Ok(found)
    }
}

/// The second word after the name, which stands in brackets and may hold anything.
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
    fn children_of_that_name_are_killed_and_no_others() {
        let (mut victim, mut other) = (sleeper("soak-victim"), sleeper("soak-victim-2"));
        let killer = Killer {
            emulator: i32::try_from(std::process::id()).unwrap(),
            victims: vec!["soak-victim".to_owned(); 2],
            random: SystemRandom::new(),
            killed: Cell::new(0),
        };
        killer.perhaps(0.0).unwrap();
        assert_eq!((killer.killed(), victim.try_wait().unwrap()), (0, None));
        killer.perhaps(1.0).unwrap();
        assert!(!victim.wait().unwrap().success());
        assert_eq!((killer.killed(), other.try_wait().unwrap()), (1, None));
        other.kill().unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn a_parent_is_found_behind_any_name() {
        assert_eq!(parent("7 (boot) (strap) S 42 7 7 0"), Some(42));
        assert_eq!(parent(""), None);
    }
}
