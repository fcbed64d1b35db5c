//! `up` and `down`: the whole product on this machine. Other commands run it as a temporary stack.

use std::path::Path;

use crate::failure::Result;
use crate::files;
use crate::process;
use crate::progress::{Progress, print};
use crate::provision;
use crate::services::{self, EMULATOR, Ports, StopReason};
use crate::stack::Stack;
use crate::venv::Venv;
use crate::workspace::Workspace;

pub fn up(detach: bool) -> Result<()> {
    let workspace = Workspace::load()?;
    let dir = workspace.local_stack();
    let mut progress = Progress::begin();
    let venv = progress.step("Python tools", || Venv::ready(&workspace))?;
    let ran_before = services::running(&dir, EMULATOR).is_some();
    let stack = provision::provision(&mut progress, &workspace, &venv, &dir, Ports::Default)?;
    print_usage(&stack, &progress);
    if detach || ran_before {
        print("The stack keeps running; `cargo xtask down` stops it.");
        return Ok(());
    }
    print("Ctrl-C stops it. `cargo xtask up` in another terminal deploys changes to it.");
    let reason = services::watch(&dir);
    if !matches!(reason, StopReason::TakenDown) {
        services::take_down(&dir);
    }
    if let StopReason::Exited(name) = reason {
        let failure = format!("{name}: the process has ended").into();
        return Err(process::with_tail(&failure, &services::log(&dir, name)));
    }
    print("\nstopped");
    Ok(())
}

pub fn down() -> Result<()> {
    let dir = Workspace::load()?.local_stack();
    let _lock = services::lock(&dir)?;
    let stopped = services::take_down(&dir);
    print(if stopped { "stopped" } else { "no stack was running" });
    Ok(())
}

/// Starts a stack, runs `work` on it and stops it. Its folder and ports differ from those of `up`.
pub fn with_temporary_stack(
    progress: &mut Progress,
    workspace: &Workspace,
    venv: &Venv,
    dir: &Path,
    work: impl FnOnce(&mut Progress, &Stack),
) -> Result<()> {
    let _run = files::lock(&dir.join("run"), "another cargo xtask uses this stack: waiting for it")?;
    // A run that was killed may have left its stack running.
    services::take_down(dir);
    match provision::provision(progress, workspace, venv, dir, Ports::Free) {
        Ok(stack) => work(progress, &stack),
        Err(failure) => eprintln!("    {failure}"),
    }
    services::take_down(dir);
    Ok(())
}

fn print_usage(stack: &Stack, progress: &Progress) {
    print(format!("\nTrunkline is up after {}.\n", progress.total()));
    print(format!("    base URL        {}", stack.base_url));
    print(format!("    simulators URL  {}", stack.simulators_url));
    print(format!("    API page        {}/api-docs", stack.base_url));
    print("\nThis gives a shell the addresses, the keys of channels, and a token of each role for 12 hours:\n");
    print("eval \"$(cargo xtask env)\"\n");
    print("A quote, from the root of the work tree:\n");
    print("curl -i -H \"$CUSTOMER\" -H 'Content-Type: application/json' \\");
    print("    \"$HUB/api/integration/quotes/generate\" --data @events/bodies/quote.json\n");
    print("README.md has more to try. `cargo xtask logs -f` shows what the functions log.\n");
}
