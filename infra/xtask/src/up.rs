//! `up` and `down`: the whole product on this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::aws::Aws;
use crate::build::{self, Packages};
use crate::credentials;
use crate::deploy::Deployment;
use crate::failure::{Failure, Result};
use crate::files;
use crate::http;
use crate::process;
use crate::progress::Progress;
use crate::services::{self, EMULATOR, Ports, SANDBOX, Service};
use crate::settings::Settings;
use crate::stack::{self, Addresses, Stack};
use crate::token;
use crate::venv::Venv;
use crate::workspace::Workspace;

const HEALTHY_WITHIN: Duration = Duration::from_secs(60);

/// A stack's folder below the target directory: the one people use.
pub const LOCAL: &str = "local";

pub fn up(detach: bool) -> Result<()> {
    let workspace = Workspace::load()?;
    let dir = workspace.target.join(LOCAL);
    let mut progress = Progress::begin();
    let before = services::running(&dir, EMULATOR).is_some();
    let stack = bring_up(&mut progress, &workspace, &dir, Ports::Usual)?;
    introduce(&stack, &progress);
    if detach || before {
        println!("It goes on running; `cargo xtask down` stops it.");
        return Ok(());
    }
    println!("Ctrl-C stops it. `cargo xtask up` in another terminal deploys changes onto it.");
    let ended = services::watch(&dir);
    take_down(&dir);
    match ended {
        Some(name) => Err(process::with_tail(
            &format!("the {name} has ended").into(),
            &services::log(&dir, name),
        )),
        None => {
            println!("\nstopped");
            Ok(())
        }
    }
}

pub fn down() -> Result<()> {
    let workspace = Workspace::load()?;
    let stopped = take_down(&workspace.target.join(LOCAL));
    println!("{}", if stopped { "stopped" } else { "no stack was running" });
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

/// Builds, starts what is not running, deploys what has changed. Leaves nothing half started behind.
pub fn bring_up(progress: &mut Progress, workspace: &Workspace, dir: &Path, ports: Ports) -> Result<Stack> {
    files::make_dir(dir)?;
    let _lock = files::lock(
        &dir.join("lock"),
        "another cargo xtask works on this stack: waiting for it",
    )?;
    let venv = progress.step("Python tools", || Venv::ready(workspace))?;
    let packages = progress.step("functions: cargo build --release", || build::functions(workspace))?;
    let sandbox = progress.step("partner simulators: cargo build", || build::sandbox(workspace))?;
    let settings = Settings::read(&workspace.root)?;
    let site = Site {
        workspace,
        dir,
        ports,
        venv: &venv,
        settings: &settings,
        sandbox,
    };
    let was_running = services::running(dir, EMULATOR).is_some();
    let outcome = site.serve(progress, &packages);
    if outcome.is_err() && !was_running {
        take_down(dir);
    }
    outcome
}

/// Everything a stack is made from.
struct Site<'a> {
    workspace: &'a Workspace,
    dir: &'a Path,
    ports: Ports,
    venv: &'a Venv,
    settings: &'a Settings,
    sandbox: PathBuf,
}

impl Site<'_> {
    fn serve(&self, progress: &mut Progress, packages: &Packages) -> Result<Stack> {
        let (emulator, fresh) = progress.step("emulator", || self.emulator()?.ensure(self.dir, self.ports))?;
        let (sandbox, _) = progress.step("sandbox", || self.sandbox()?.ensure(self.dir, self.ports))?;
        let aws = Aws::at(emulator.port, &self.settings.region, self.venv, self.dir);
        let addresses = Addresses {
            emulator: aws.endpoint.clone(),
            sandbox: format!("http://127.0.0.1:{}", sandbox.port),
            region: self.settings.region.clone(),
        };
        let deployed = progress.step("deployment", || {
            token::ensure_keys(self.workspace, self.venv, self.dir)?;
            let parameters = self.parameters(&addresses)?;
            let deployment = Deployment {
                workspace: self.workspace,
                settings: self.settings,
                aws: &aws,
                dir: self.dir,
                parameters,
            };
            deployment.deploy(packages, fresh)
        })?;
        progress.step("health", || {
            let health = format!("{}/health", stack::base_url(&addresses.emulator, &deployed)?);
            http::wait_until_ok(&health, HEALTHY_WITHIN, || Ok(()))
                .map_err(|failure| process::with_tail(&failure, &services::log(self.dir, EMULATOR)))?;
            stack::write(self.dir, &addresses, &deployed)
        })
    }

    fn parameters(&self, addresses: &Addresses) -> Result<Vec<String>> {
        Ok(vec![
            format!("Architecture={}", architecture()?),
            format!("EndpointUrl={}", addresses.emulator),
            format!("LexSandboxUrl={}/lex/api/v1", addresses.sandbox),
            format!("JwtPublicKey=\"{}\"", token::public_key(self.dir)?),
        ])
    }

    fn emulator(&self) -> Result<Service<'_>> {
        let root = &self.workspace.root;
        let launcher = root.join("infra/emulator/launcher.py");
        let made_of = [
            files::sha256_of_file(&launcher)?,
            files::sha256_of_file(&root.join("requirements.txt"))?,
        ];
        Ok(Service {
            name: EMULATOR,
            usual_port: 4666,
            health: "/_ministack/health",
            fingerprint: made_of.concat(),
            command: Box::new(move |port| self.launch(&launcher, port)),
        })
    }

    /// Every function inherits the emulator's environment, so it gets next to nothing of ours: certificate and AWS
    /// settings of the person's shell must not change what functions do.
    fn launch(&self, launcher: &Path, port: u16) -> Result<Command> {
        let temporary = self.dir.join("tmp");
        files::make_dir(&temporary)?;
        let mut command = Command::new(self.venv.tool("python"));
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", &temporary)
            .env("TMPDIR", &temporary);
        command
            .arg(launcher)
            .args(["--port", &port.to_string(), "--region", &self.settings.region]);
        Ok(command)
    }

    fn sandbox(&self) -> Result<Service<'_>> {
        Ok(Service {
            name: SANDBOX,
            usual_port: 4700,
            health: "/_health",
            fingerprint: files::sha256_of_file(&self.sandbox)?,
            command: Box::new(|port| {
                let mut command = Command::new(&self.sandbox);
                command
                    .envs(credentials::variables())
                    .args(["--port", &port.to_string()]);
                Ok(command)
            }),
        })
    }
}

/// This machine's, in Lambda's words.
pub fn architecture() -> Result<&'static str> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("x86_64"),
        "aarch64" => Ok("arm64"),
        other => Err(Failure::from(format!("Lambda has no {other} machines"))),
    }
}

fn introduce(stack: &Stack, progress: &Progress) {
    println!("\nTrunkline is up after {}.\n", progress.total());
    println!("    base URL     {}", stack.base_url);
    println!("    sandbox URL  {}", stack.sandbox_url);
    for (name, token) in &stack.tokens {
        println!("\n    {name} token\n{token}");
    }
    let token = stack.tokens.get("customer").map(String::as_str).unwrap_or_default();
    let quotes = format!("{}/api/integration/quotes", stack.base_url);
    println!("\nA quote, from this folder:\n");
    println!("curl -sS '{quotes}/generate' -H 'Content-Type: application/json' -H 'Authorization: Bearer {token}' \\");
    println!("    --data @events/bodies/quote.json\n");
    println!("Its status, with the id that it answered:\n");
    println!("curl -sS '{quotes}/ID/status' -H 'Authorization: Bearer {token}'\n");
}
