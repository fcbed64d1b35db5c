//! The processes of a stack, the AWS emulator and the partner simulators: started, found again, stopped.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::failure::{Context, Result};
use crate::files;
use crate::http;
use crate::process;
use crate::progress::note;

const READY_WITHIN: Duration = Duration::from_secs(60);

pub const EMULATOR: &str = "emulator";
pub const SANDBOX: &str = "sandbox";

/// The file in a stack's folder that is locked by whoever changes the stack.
pub const LOCK: &str = "lock";
pub const BUSY: &str = "another cargo xtask works on this stack: waiting for it";

/// Whether a stack lives where people look for it or out of everybody's way.
#[derive(Clone, Copy)]
pub enum Ports {
    Usual,
    Free,
}

/// How to start one of the processes.
pub struct Service<'a> {
    pub name: &'static str,
    pub usual_port: u16,
    pub health: &'static str,
    /// Changes when a running process is no longer what would be started now.
    pub fingerprint: String,
    pub command: Box<dyn Fn(u16) -> Result<Command> + 'a>,
}

/// A live process of a stack, as its pid file tells.
pub struct Running {
    pub pid: i32,
    pub port: u16,
    fingerprint: String,
}

impl Service<'_> {
    /// The process that runs already if it is still the right one, else a new one.
    pub fn ensure(&self, dir: &Path, ports: Ports) -> Result<Running> {
        let mut before = None;
        if let Some(found) = running(dir, self.name) {
            let right = found.fingerprint == self.fingerprint;
            if right && http::status(&format!("http://127.0.0.1:{}{}", found.port, self.health)) == Some(200) {
                note(format!("the {} runs already on port {}", self.name, found.port));
                return Ok(found);
            }
            let reason = if right { "does not answer" } else { "is out of date" };
            note(format!(
                "the {} on port {} {reason} and is started again",
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
        let child = process::start(command, &log)?;
        let pid = process::id(&child)?;
        let record = json!({"pid": pid, "port": port, "command": words, "fingerprint": self.fingerprint});
        files::write(&pid_file(dir, self.name), &record.to_string())?;
        let health = format!("http://127.0.0.1:{port}{}", self.health);
        let ready = http::wait_until_ok(&health, READY_WITHIN, || match running(dir, self.name) {
            Some(_) => Ok(()),
            None => Err(format!("the {} ended at once", self.name).into()),
        });
        if let Err(failure) = ready {
            stop(dir, self.name);
            return Err(process::with_tail(&failure, &log));
        }
        note(format!("the {} listens on port {port} (process {pid})", self.name));
        Ok(Running {
            pid,
            port,
            fingerprint: self.fingerprint.clone(),
        })
    }

    fn port(&self, ports: Ports, before: Option<u16>) -> Result<u16> {
        let usual = matches!(ports, Ports::Usual).then_some(self.usual_port);
        if let Some(wanted) = before.or(usual) {
            if TcpListener::bind(("127.0.0.1", wanted)).is_ok() {
                return Ok(wanted);
            }
            note(format!("port {wanted} is taken: the {} gets another one", self.name));
        }
        let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
        Ok(free.context("no free port")?.port())
    }
}

/// The process that the pid file tells of, if it lives and is still what was started: pids are used again.
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

/// Stops a process of a stack with all it started; says whether there was one.
pub fn stop(dir: &Path, name: &str) -> bool {
    let found = running(dir, name);
    if let Some(found) = &found {
        process::stop_group(found.pid);
    }
    // Without its process the file means nothing, and it may never have been there.
    let _absent = fs::remove_file(pid_file(dir, name));
    found.is_some()
}

pub fn log(dir: &Path, name: &str) -> PathBuf {
    dir.join("log").join(format!("{name}.log"))
}

/// How a stack that somebody watches came to its end.
pub enum End {
    Interrupted,
    TakenDown,
    Died(&'static str),
}

/// Returns when the person wants to stop, when `down` has stopped it elsewhere, or when a process has ended by itself.
pub fn watch(dir: &Path) -> End {
    while !process::interrupted() {
        thread::sleep(Duration::from_millis(250));
        let gone = || {
            [EMULATOR, SANDBOX]
                .into_iter()
                .find(|name| running(dir, name).is_none())
        };
        if gone().is_none() {
            continue;
        }
        // Another `up` may be starting it again: what matters is how things are once nobody works on the stack.
        let Ok(_lock) = files::lock(&dir.join(LOCK), BUSY) else {
            break;
        };
        match gone() {
            Some(name) if pid_file(dir, name).exists() => return End::Died(name),
            Some(_) => return End::TakenDown,
            None => {}
        }
    }
    End::Interrupted
}

fn pid_file(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}.pid"))
}
