//! Child processes: run to the end, start in the background, stop as a group.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, test_kill_process_group, waitpid};

use crate::failure::{Context, Failure, Result};
use crate::files;
use crate::progress::note;
use crate::signals;

const POLL_INTERVAL: Duration = Duration::from_millis(50);
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Time for a process group to end after SIGTERM, and again after SIGKILL.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs a command and shows its output as it comes.
pub fn run(mut command: Command) -> Result<()> {
    let name = name(&command);
    let child = spawn(&mut command, &name)?;
    check_status(wait(child, None)?, &name)
}

/// Runs a command with its output in a file. Shows the end of that file only when the command fails.
pub fn run_logged(mut command: Command, log: &Path) -> Result<()> {
    let name = name(&command);
    let (out, err) = files::log(log)?;
    command.stdout(out).stderr(err);
    let child = spawn(&mut command, &name)?;
    let status = wait(child, Some(Instant::now()))?;
    check_status(status, &name).map_err(|failure| with_tail(&failure, log))
}

/// Runs a short command and returns its standard output.
pub fn capture(mut command: Command) -> Result<String> {
    let name = name(&command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| cannot_start(&name, &error))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{name} ended with {}: {}", output.status, stderr.trim()).into());
    }
    String::from_utf8(output.stdout).context(name)
}

/// Starts a command that outlives this tool, as the leader of its own process group.
pub fn start(mut command: Command, log: &Path) -> Result<Child> {
    let name = name(&command);
    let (out, err) = files::log(log)?;
    command.stdout(out).stderr(err);
    spawn(&mut command, &name)
}

pub fn id(child: &Child) -> Result<i32> {
    i32::try_from(child.id()).context("process id")
}

/// Ends a process group: SIGTERM first, SIGKILL after [`STOP_TIMEOUT`].
pub fn stop_group(leader: i32) {
    let Some(group) = Pid::from_raw(leader) else { return };
    for signal in [Signal::TERM, Signal::KILL] {
        if kill_process_group(group, signal).is_err() {
            return;
        }
        let sent = Instant::now();
        while sent.elapsed() < STOP_TIMEOUT {
            // A child of this process stays a member of its group until this process waits for it.
            let _reaped = waitpid(Some(group), WaitOptions::NOHANG);
            if test_kill_process_group(group).is_err() {
                return;
            }
            thread::sleep(POLL_INTERVAL);
        }
    }
}

/// The command line of a live process, its words joined by spaces. A zombie has none.
pub fn command_line(pid: i32) -> Option<String> {
    if let Ok(words) = std::fs::read(format!("/proc/{pid}/cmdline")) {
        let words = String::from_utf8_lossy(&words);
        return Some(words.trim_end_matches('\0').replace('\0', " ")).filter(|line| !line.is_empty());
    }
    let mut ps = Command::new("ps");
    ps.args(["-o", "args=", "-p", &pid.to_string()]);
    capture(ps)
        .ok()
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty())
}

/// The words of a command, as [`command_line`] returns them once it runs.
pub fn words(command: &Command) -> String {
    let words: Vec<_> = [command.get_program()].into_iter().chain(command.get_args()).collect();
    words
        .iter()
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The failure, followed by the last lines of a log.
pub fn with_tail(failure: &Failure, log: &Path) -> Failure {
    let written = std::fs::read(log).unwrap_or_default();
    let written = String::from_utf8_lossy(&written);
    let lines: Vec<&str> = written.lines().collect();
    let tail = lines
        .get(lines.len().saturating_sub(25)..)
        .unwrap_or_default()
        .join("\n");
    format!("{failure}\n{tail}\n(from {})", log.display()).into()
}

/// Each child leads its own process group, so that stopping the group also stops the child's own children.
fn spawn(command: &mut Command, name: &str) -> Result<Child> {
    signals::fail_if_interrupted()?;
    command
        .process_group(0)
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| cannot_start(name, &error))
}

fn wait(mut child: Child, heartbeat: Option<Instant>) -> Result<ExitStatus> {
    let mut beats = 1;
    loop {
        if let Some(status) = child.try_wait().context("waiting")? {
            signals::fail_if_interrupted()?;
            return Ok(status);
        }
        if signals::interrupted() {
            stop_group(id(&child)?);
            signals::fail_if_interrupted()?;
        }
        if heartbeat.is_some_and(|begun| begun.elapsed() >= HEARTBEAT * beats) {
            note(format!("still running after {} s", (HEARTBEAT * beats).as_secs()));
            beats += 1;
        }
        thread::sleep(POLL_INTERVAL);
    }
}

fn check_status(status: ExitStatus, name: &str) -> Result<()> {
    if status.success() {
        Ok(())
    } else {
        Err(format!("{name} ended with {status}").into())
    }
}

fn cannot_start(name: &str, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::NotFound {
        return format!("{name} is not installed, or not on the PATH").into();
    }
    format!("{name} cannot be started: {error}").into()
}

fn name(command: &Command) -> String {
    Path::new(command.get_program())
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
