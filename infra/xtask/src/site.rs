//! Brings a stack up: builds, starts what is not running, deploys what has changed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::aws::Aws;
use crate::build::{self, Packages};
use crate::channel;
use crate::credentials;
use crate::deploy::Deployment;
use crate::failure::{Context, Failure, Result};
use crate::files;
use crate::http;
use crate::process;
use crate::progress::Progress;
use crate::services::{self, EMULATOR, LOCK, Ports, SANDBOX, Service};
use crate::settings::{self, Settings};
use crate::stack::{self, Addresses, Stack};
use crate::token;
use crate::up;
use crate::venv::Venv;
use crate::workspace::Workspace;

const HEALTHY_WITHIN: Duration = Duration::from_secs(60);

/// Everything a stack is made from.
struct Site<'a> {
    workspace: &'a Workspace,
    /// Its folder below the target directory.
    dir: &'a Path,
    ports: Ports,
    venv: &'a Venv,
    settings: &'a Settings,
    sandbox: PathBuf,
}

/// Leaves nothing half started behind: a stack that was not there before is gone again after a failure.
pub fn bring_up(
    progress: &mut Progress,
    workspace: &Workspace,
    venv: &Venv,
    dir: &Path,
    ports: Ports,
) -> Result<Stack> {
    let _lock = files::lock(&dir.join(LOCK), services::BUSY)?;
    let packages = progress.step("functions: cargo build --release", || build::functions(workspace))?;
    let sandbox = progress.step("partner simulators: cargo build", || build::sandbox(workspace))?;
    let settings = Settings::read(&workspace.root, settings::LOCAL)?;
    let site = Site {
        workspace,
        dir,
        ports,
        venv,
        settings: &settings,
        sandbox,
    };
    let was_running = services::running(dir, EMULATOR).is_some();
    let outcome = site.serve(progress, &packages);
    if outcome.is_err() && !was_running {
        up::take_down(dir);
    }
    outcome
}

/// This machine's, in Lambda's words.
pub fn architecture() -> Result<&'static str> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("x86_64"),
        "aarch64" => Ok("arm64"),
        other => Err(Failure::from(format!("Lambda has no {other} machines"))),
    }
}

impl Site<'_> {
    fn serve(&self, progress: &mut Progress, packages: &Packages) -> Result<Stack> {
        let emulator = progress.step("emulator", || self.emulator()?.ensure(self.dir, self.ports))?;
        let sandbox = progress.step("sandbox", || self.sandbox()?.ensure(self.dir, self.ports))?;
        let endpoint = format!("http://127.0.0.1:{}", emulator.port);
        let aws = Aws::at(Some(endpoint.clone()), &self.settings.region, self.venv, self.dir);
        let addresses = Addresses {
            emulator: endpoint,
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
                emulator: emulator.pid,
                parameters,
            };
            deployment.deploy(packages)
        })?;
        progress.step("health", || {
            let health = format!("{}/health", stack::base_url(&addresses.emulator, &deployed)?);
            http::wait_until_ok(&health, HEALTHY_WITHIN, || Ok(()))
                .map_err(|failure| process::with_tail(&failure, &services::log(self.dir, EMULATOR)))?;
            let cases = deployed.outputs.get("TableCases");
            let cases = cases.context("template.yaml has no output TableCases")?;
            let api_keys = channel::ensure_samples(&aws, cases, self.dir)?;
            let stack = stack::write(self.dir, &addresses, &deployed, api_keys)?;
            stack::write_events(&self.workspace.root, self.dir, &stack)?;
            Ok(stack)
        })
    }

    /// What only this machine knows; samconfig.toml has the rest.
    fn parameters(&self, addresses: &Addresses) -> Result<Vec<String>> {
        Ok(vec![
            format!("Architecture={}", architecture()?),
            format!("EndpointUrl={}", addresses.emulator),
            format!("LexSandboxUrl={}/lex/api/v1", addresses.sandbox),
            format!("AlphabetSandboxUrl={}/alphabet", addresses.sandbox),
            format!("BqsUpstreamUrl={}/bqs/v1/bqs-case", addresses.sandbox),
            format!("BqsUpstreamChannel={}", channel::MESSAGES),
            format!("MmobUrl={}/mmob", addresses.sandbox),
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
