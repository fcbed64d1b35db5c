//! `up` and `down`: the whole product on this machine.

use std::fs;
use std::path::Path;

use crate::failure::Result;
use crate::files;
use crate::process;
use crate::progress::{Progress, say};
use crate::services::{self, EMULATOR, End, LOCK, Ports, SANDBOX};
use crate::site;
use crate::stack::Stack;
use crate::venv::Venv;
use crate::workspace::Workspace;

/// The folder, below the target directory, of the stack that people use.
pub const LOCAL: &str = "local";

pub fn up(detach: bool) -> Result<()> {
    let workspace = Workspace::load()?;
    let dir = workspace.target.join(LOCAL);
    let mut progress = Progress::begin();
    let venv = progress.step("Python tools", || Venv::ready(&workspace))?;
    let ran_before = services::running(&dir, EMULATOR).is_some();
    let stack = site::bring_up(&mut progress, &workspace, &venv, &dir, Ports::Usual)?;
    introduce(&stack, &progress);
    if detach || ran_before {
        say("It goes on running; `cargo xtask down` stops it.");
        return Ok(());
    }
    say("Ctrl-C stops it. `cargo xtask up` in another terminal deploys changes onto it.");
    let end = services::watch(&dir);
    if !matches!(end, End::TakenDown) {
        take_down(&dir);
    }
    if let End::Died(name) = end {
        let failure = format!("the {name} has ended").into();
        return Err(process::with_tail(&failure, &services::log(&dir, name)));
    }
    say("\nstopped");
    Ok(())
}

pub fn down() -> Result<()> {
    let dir = Workspace::load()?.target.join(LOCAL);
    let _lock = files::lock(&dir.join(LOCK), services::BUSY)?;
    let stopped = take_down(&dir);
    say(if stopped { "stopped" } else { "no stack was running" });
    Ok(())
}

/// Does something with a stack that exists only for it, out of the way of the one that people use.
pub fn for_a_while(
    progress: &mut Progress,
    workspace: &Workspace,
    venv: &Venv,
    dir: &Path,
    work: impl FnOnce(&mut Progress, &Stack),
) -> Result<()> {
    let _run = files::lock(&dir.join("run"), "another cargo xtask has this stack: waiting for it")?;
    // A run that was killed may have left one.
    take_down(dir);
    match site::bring_up(progress, workspace, venv, dir, Ports::Free) {
        Ok(stack) => work(progress, &stack),
        Err(failure) => eprintln!("    {failure}"),
    }
    take_down(dir);
    Ok(())
}

/// Stops a stack; says whether there was one.
pub fn take_down(dir: &Path) -> bool {
    let stopped = [SANDBOX, EMULATOR]
        .map(|name| services::stop(dir, name))
        .contains(&true);
    // What the emulator and its functions left there is of no use to the next one.
    let _absent = fs::remove_dir_all(dir.join("tmp"));
    let _absent = fs::remove_file(dir.join("stack.json"));
    stopped
}

fn introduce(stack: &Stack, progress: &Progress) {
    say(format!("\nTrunkline is up after {}.\n", progress.total()));
    say(format!("    base URL     {}", stack.base_url));
    say(format!("    sandbox URL  {}", stack.sandbox_url));
    for (name, token) in &stack.tokens {
        say(format!("\n    {name} token\n{token}"));
    }
    for key in stack.api_keys.values() {
        say(format!("\n    api key      {key}"));
    }
    let token = stack.tokens.get("customer").map(String::as_str).unwrap_or_default();
    let bearer = format!("-H 'Authorization: Bearer {token}'");
    let quotes = format!("{}/api/integration/quotes", stack.base_url);
    say("\nA quote, from the root of the work tree:\n");
    say(format!(
        "curl -sS '{quotes}/generate' -H 'Content-Type: application/json' {bearer} \\"
    ));
    say("    --data @events/bodies/quote.json\n");
    say("Its status, with the id that it answered in place of ID:\n");
    say(format!("curl -sS '{quotes}/ID/status' {bearer}\n"));
}
