//! The processes of a stack (the AWS emulator, the partner simulators, a malware scanner): start, find, watch and stop them.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::failure::{Context, Result};
use crate::files;
use crate::health::Health;
use crate::process;
use crate::progress::note;
use crate::signals;

const START_TIMEOUT: Duration = Duration::from_secs(60);
const WATCH_INTERVAL: Duration = Duration::from_millis(250);

pub const EMULATOR: &str = "emulator";
pub const SIMULATORS: &str = "simulators";
/// Only where it is installed.
pub const CLAMD: &str = "clamd";

#[derive(Clone, Copy)]
pub enum Ports {
    /// Each service's default port, if it is free.
    Default,
    /// Any free port, so that two stacks can run at the same time.
    Free,
}

/// How to start one of the processes.
pub struct Service<'a> {
    pub name: &'static str,
    pub default_port: u16,
    pub health: Health,
    /// Hash of the service's sources. A running process with another fingerprint is out of date.
    pub fingerprint: String,
    pub command: Box<dyn Fn(u16) -> Result<Command> + 'a>,
}

/// A live process of a stack, as recorded in its pid file.
pub struct Running {
    pub pid: i32,
    pub port: u16,
    fingerprint: String,
}

impl Service<'_> {
    /// Returns the running process if it is healthy and up to date, and otherwise starts a new one.
    pub fn ensure(&self, dir: &Path, ports: Ports) -> Result<Running> {
        let mut before = None;
        if let Some(found) = running(dir, self.name) {
            let up_to_date = found.fingerprint == self.fingerprint;
            if up_to_date && self.health.is_good(found.port) {
                note(format!("{}: already running on port {}", self.name, found.port));
                return Ok(found);
            }
            let reason = if up_to_date { "no answer" } else { "out of date" };
            note(format!(
                "{}: {reason} on port {}, starting it again",
                self.name, found.port
            ));
            stop(dir, self.name);
            before = Some(found.port);
        }
        let port = self.port(ports, before)?;
        self.start(dir, port)
    }

    fn start(&self, dir: &Path, port: u16) -> Result<Running> {
        let command = (self.command)(port)?;
        let words = process::words(&command);
        let log = log(dir, self.name);
        let mut child = process::start(command, &log)?;
        let pid = process::id(&child)?;
        let record = json!({"pid": pid, "port": port, "command": words, "fingerprint": self.fingerprint});
        files::write(&pid_file(dir, self.name), &record.to_string())?;
        if let Err(failure) = self.wait(&mut child, port) {
            stop(dir, self.name);
            return Err(process::with_tail(&failure, &log));
        }
        note(format!("{}: listening on port {port} (process {pid})", self.name));
        Ok(Running {
            pid,
            port,
            fingerprint: self.fingerprint.clone(),
        })
    }

    /// Waits until the process answers on its port. Just after its start it has no command line yet.
    fn wait(&self, child: &mut Child, port: u16) -> Result<()> {
        let begun = Instant::now();
        while !self.health.is_good(port) {
            signals::fail_if_interrupted()?;
            if child.try_wait().context(self.name)?.is_some() {
                return Err(format!("{}: ended during its start", self.name).into());
            }
            if begun.elapsed() > START_TIMEOUT {
                let time = START_TIMEOUT.as_secs();
                return Err(format!("{}: no answer on port {port} after {time} s", self.name).into());
            }
            thread::sleep(WATCH_INTERVAL);
        }
        Ok(())
    }

    fn port(&self, ports: Ports, before: Option<u16>) -> Result<u16> {
        let default = matches!(ports, Ports::Default).then_some(self.default_port);
        if let Some(wanted) = before.or(default) {
            if TcpListener::bind(("127.0.0.1", wanted)).is_ok() {
                return Ok(wanted);
            }
            note(format!("{}: port {wanted} is taken, using another one", self.name));
        }
        let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
        Ok(free.context("no free port")?.port())
    }
}

/// The process in the pid file, if it is alive and has the recorded command line: systems reuse pids.
pub fn running(dir: &Path, name: &str) -> Option<Running> {
    let record = files::read_json(&pid_file(dir, name))?;
    let text = |member: &str| record.get(member).and_then(Value::as_str);
    let number = |member: &str| record.get(member).and_then(Value::as_i64);
    let pid = i32::try_from(number("pid")?).ok()?;
    if process::command_line(pid)? != text("command")? {
        return None;
    }
    let port = u16::try_from(number("port")?).ok()?;
    Some(Running {
        pid,
        port,
        fingerprint: text("fingerprint")?.to_owned(),
    })
}

/// Stops every process of a stack and removes its temporary files. Returns whether a process was running.
pub fn take_down(dir: &Path) -> bool {
    let stopped = [SIMULATORS, EMULATOR, CLAMD]
        .map(|name| stop(dir, name))
        .contains(&true);
    // Files of the emulator and its functions, which the next emulator does not read.
    let _absent = fs::remove_dir_all(dir.join("tmp"));
    let _absent = fs::remove_file(dir.join("stack.json"));
    stopped
}

/// Stops the scanner of a stack, which has none any more.
pub fn stop_clamd(dir: &Path) {
    stop(dir, CLAMD);
}

/// Stops a process of a stack and its children. Returns whether it was running.
fn stop(dir: &Path, name: &str) -> bool {
    let found = running(dir, name);
    if let Some(found) = &found {
        process::stop_group(found.pid);
    }
    // The file is absent if the service never started.
    let _absent = fs::remove_file(pid_file(dir, name));
    found.is_some()
}

pub fn log(dir: &Path, name: &str) -> PathBuf {
    dir.join("log").join(format!("{name}.log"))
}

/// Locks a stack against changes by other cargo xtask processes.
pub fn lock(dir: &Path) -> Result<File> {
    files::lock(
        &dir.join("lock"),
        "another cargo xtask works on this stack: waiting for it",
    )
}

/// Why [`watch`] returned.
pub enum StopReason {
    /// Ctrl-C.
    Interrupted,
    /// `cargo xtask down` in another terminal.
    TakenDown,
    /// This process ended by itself.
    Exited(&'static str),
}

/// Waits until the stack stops.
pub fn watch(dir: &Path) -> StopReason {
    while !signals::interrupted() {
        thread::sleep(WATCH_INTERVAL);
        let stopped = || {
            let is_expected = |name: &&str| *name != CLAMD || pid_file(dir, CLAMD).exists();
            let expected = [EMULATOR, SIMULATORS, CLAMD].into_iter().filter(is_expected);
            expected.into_iter().find(|name| running(dir, name).is_none())
        };
        if stopped().is_none() {
            continue;
        }
        // Another `up` may be restarting the process. It holds the lock until it has finished, so check again then.
        let Ok(_lock) = lock(dir) else {
            break;
        };
        match stopped() {
            Some(name) if pid_file(dir, name).exists() => return StopReason::Exited(name),
            Some(_) => return StopReason::TakenDown,
            None => {}
        }
    }
    StopReason::Interrupted
}

fn pid_file(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}.pid"))
}
