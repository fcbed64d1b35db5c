//! Child processes: run to the end, started in the background, stopped as a group; Ctrl-C reaches all of them.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, test_kill_process_group, waitpid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::failure::{Context, Failure, Result};
use crate::files;
use crate::progress::note;

const POLL: Duration = Duration::from_millis(50);
const HEARTBEAT: Duration = Duration::from_secs(15);
const PATIENCE: Duration = Duration::from_secs(5);

static INTERRUPTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// From here on Ctrl-C, SIGTERM and SIGHUP are noticed instead of ending the tool on the spot.
pub fn heed_signals() -> Result<()> {
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&INTERRUPTED)).context("signals cannot be handled")?;
    }
    Ok(())
}

pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Fails once the person has asked to stop.
pub fn go_on() -> Result<()> {
    if interrupted() {
        Err("interrupted".into())
    } else {
        Ok(())
    }
}

/// Runs a command whose output the person should see as it comes.
pub fn run(mut command: Command) -> Result<()> {
    let name = name(&command);
    let child = spawn(&mut command, &name)?;
    succeeded(finish(child, None)?, &name)
}

/// Runs a talkative command with its output in a file; the end of it is shown only when the command fails.
pub fn run_logged(mut command: Command, log: &Path) -> Result<()> {
    let name = name(&command);
    let (out, err) = files::log(log)?;
    command.stdout(out).stderr(err);
    let child = spawn(&mut command, &name)?;
    let status = finish(child, Some(Instant::now()))?;
    succeeded(status, &name).map_err(|failure| with_tail(&failure, log))
}

/// What a short command printed.
pub fn capture(mut command: Command) -> Result<String> {
    let name = name(&command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| cannot_start(&name, &error))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{name} ended with {}: {}", output.status, said.trim()).into());
    }
    String::from_utf8(output.stdout).context(name)
}

/// Starts a command that goes on when this tool ends, as the leader of a process group of its own.
pub fn start(mut command: Command, log: &Path) -> Result<Child> {
    let name = name(&command);
    let (out, err) = files::log(log)?;
    command.stdout(out).stderr(err);
    spawn(&mut command, &name)
}

pub fn id(child: &Child) -> Result<i32> {
    i32::try_from(child.id()).context("process id")
}

/// Ends a process group: politely first, then not.
pub fn stop_group(leader: i32) {
    let Some(group) = Pid::from_raw(leader) else { return };
    for signal in [Signal::TERM, Signal::KILL] {
        if kill_process_group(group, signal).is_err() {
            return;
        }
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            // A child of ours stays a member of its group until it is waited for.
            let _reaped = waitpid(Some(group), WaitOptions::NOHANG);
            if test_kill_process_group(group).is_err() {
                return;
            }
            thread::sleep(POLL);
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

/// The words of a command, as [`command_line`] will show them once it runs.
pub fn words(command: &Command) -> String {
    let words: Vec<_> = [command.get_program()].into_iter().chain(command.get_args()).collect();
    words
        .iter()
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The failure, followed by the last lines of the log that explains it.
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

/// Each child leads a group of its own and gets no input, so that stopping it stops what it started.
fn spawn(command: &mut Command, name: &str) -> Result<Child> {
    go_on()?;
    command
        .process_group(0)
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| cannot_start(name, &error))
}

fn finish(mut child: Child, heartbeat: Option<Instant>) -> Result<ExitStatus> {
    let mut beats = 1;
    loop {
        if let Some(status) = child.try_wait().context("waiting")? {
            go_on()?;
            return Ok(status);
        }
        if interrupted() {
            stop_group(id(&child)?);
            go_on()?;
        }
        if heartbeat.is_some_and(|begun| begun.elapsed() >= HEARTBEAT * beats) {
            note(format!("still at it after {} s", (HEARTBEAT * beats).as_secs()));
            beats += 1;
        }
        thread::sleep(POLL);
    }
}

fn succeeded(status: ExitStatus, name: &str) -> Result<()> {
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
