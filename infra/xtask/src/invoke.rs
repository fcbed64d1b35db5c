//! `invoke`: runs one function in SAM's container against the running stack.
//!
//! SAM puts a function on Docker's bridge even with `--docker-network host`. From there it cannot reach this machine's
//! loopback, where the stack listens. So while the function runs, this command relays the ports of the emulator and the
//! simulators from the bridge's address.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use crate::architecture::Architecture;
use crate::aws::{ACCESS_KEY, SECRET_KEY};
use crate::failure::{Context, Failure, Result};
use crate::files;
use crate::names;
use crate::process;
use crate::progress::note;
use crate::services::{self, EMULATOR, SIMULATORS};
use crate::settings::{self, Settings};
use crate::venv::Venv;
use crate::workspace::Workspace;

const LOOPBACK: &str = "127.0.0.1";

pub fn invoke(binary: &str, event: Option<PathBuf>) -> Result<()> {
    let workspace = Workspace::load()?;
    let dir = workspace.local_stack();
    let venv = Venv::ready(&workspace)?;
    if !workspace.binaries().any(|each| each == binary) {
        return Err(Failure::from(format!("there is no function {binary}")));
    }
    let bridge = bridge()?;
    for name in [EMULATOR, SIMULATORS] {
        let service = services::running(&dir, name).context("no stack is up: `cargo xtask up` starts one")?;
        relay(&bridge, service.port)?;
    }
    let variables = files::read(&dir.join("env.json"))?.replace(LOOPBACK, &bridge);
    let reachable = dir.join("tmp/container-env.json");
    files::write_private(&reachable, &serde_json::from_str(&variables).context("env.json")?)?;
    let event = event.unwrap_or_else(|| dir.join(format!("events/{binary}.json")));
    process::run(sam(&workspace, &venv, &dir, binary, &reachable, &event)?)
}

fn sam(
    workspace: &Workspace,
    venv: &Venv,
    dir: &Path,
    binary: &str,
    variables: &Path,
    event: &Path,
) -> Result<Command> {
    let settings = Settings::read(&workspace.root, settings::LOCAL)?;
    let mut command = venv.command("sam")?;
    command
        .current_dir(&workspace.root)
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .args(["local", "invoke", &names::pascal(binary), "--skip-pull-image"])
        .args(["--region", &settings.region])
        .args([
            "--parameter-overrides",
            &format!("Architecture={}", Architecture::of_this_machine()?.name()),
        ])
        .arg("--template-file")
        .arg(dir.join("template.json"))
        .arg("--env-vars")
        .arg(variables)
        .arg("--event")
        .arg(event);
    Ok(command)
}

/// This machine's address on Docker's default network.
fn bridge() -> Result<String> {
    let mut inspect = Command::new("docker");
    let form = "{{range .IPAM.Config}}{{.Gateway}} {{.Subnet}}{{end}}";
    inspect.args(["network", "inspect", "bridge", "--format", form]);
    let answer = process::capture(inspect).context("Docker does not answer, and SAM needs it to run functions")?;
    // Without a configured gateway the engine uses the subnet's first address and reports none.
    let (gateway, subnet) = answer.trim_end().split_once(' ').unwrap_or_default();
    let first = || {
        let network: Ipv4Addr = subnet.split('/').next()?.parse().ok()?;
        Some(Ipv4Addr::from(u32::from(network).checked_add(1)?).to_string())
    };
    let configured = Some(gateway.to_owned()).filter(|gateway| !gateway.is_empty());
    configured
        .or_else(first)
        .context("Docker's default network has no address")
}

/// Relays connections from `port` of the bridge's address to the same port of the loopback, until this process ends.
fn relay(bridge: &str, port: u16) -> Result<()> {
    let listener = TcpListener::bind((bridge, port)).context(format!("cannot listen on {bridge}:{port}"))?;
    note(format!("containers reach {LOOPBACK}:{port} at {bridge}:{port}"));
    thread::spawn(move || {
        for outer in listener.incoming().flatten() {
            thread::spawn(move || relay_connection(outer, port));
        }
    });
    Ok(())
}

fn relay_connection(outer: TcpStream, port: u16) -> io::Result<()> {
    let inner = TcpStream::connect((LOOPBACK, port))?;
    let (back_from, back_to) = (inner.try_clone()?, outer.try_clone()?);
    let back = thread::spawn(move || copy_stream(back_from, back_to));
    let _ended = copy_stream(outer, inner);
    let _ended = back.join();
    Ok(())
}

/// Copies one direction until its end, then closes that direction.
fn copy_stream(mut from: impl Read, mut to: TcpStream) -> io::Result<()> {
    let copied = io::copy(&mut from, &mut to);
    to.flush()?;
    to.shutdown(Shutdown::Write)?;
    copied.map(drop)
}
