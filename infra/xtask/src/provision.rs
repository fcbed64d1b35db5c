//! Provisions a stack: builds, starts the services that do not run yet, and deploys the changes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::architecture::Architecture;
use crate::aws::Aws;
use crate::build::{self, Packages};
use crate::channel;
use crate::clamd;
use crate::credentials;
use crate::deploy::Deployer;
use crate::failure::{Context, Result};
use crate::files;
use crate::health::Health;
use crate::http;
use crate::process;
use crate::progress::{Progress, note};
use crate::services::{self, EMULATOR, Ports, SIMULATORS, Service};
use crate::settings::{self, Settings};
use crate::stack::{self, Addresses, Stack};
use crate::token;
use crate::venv::Venv;
use crate::workspace::Workspace;

const HEALTH_TIMEOUT: Duration = Duration::from_secs(60);

struct Provisioner<'a> {
    workspace: &'a Workspace,
    /// The stack's folder below the target directory.
    dir: &'a Path,
    ports: Ports,
    venv: &'a Venv,
    settings: &'a Settings,
    /// The simulators' binary.
    simulators: PathBuf,
}

/// After a failure the stack is taken down, unless it was running before.
pub fn provision(
    progress: &mut Progress,
    workspace: &Workspace,
    venv: &Venv,
    dir: &Path,
    ports: Ports,
) -> Result<Stack> {
    let _lock = services::lock(dir)?;
    let packages = progress.step("functions: cargo build --release", || build::functions(workspace))?;
    let simulators = progress.step("partner simulators: cargo build", || build::simulators(workspace))?;
    let settings = Settings::read(&workspace.root, settings::LOCAL)?;
    let provisioner = Provisioner {
        workspace,
        dir,
        ports,
        venv,
        settings: &settings,
        simulators,
    };
    let was_running = services::running(dir, EMULATOR).is_some();
    let outcome = provisioner.start_and_deploy(progress, &packages);
    if outcome.is_err() && !was_running {
        services::take_down(dir);
    }
    outcome
}

impl Provisioner<'_> {
    fn start_and_deploy(&self, progress: &mut Progress, packages: &Packages) -> Result<Stack> {
        let emulator = progress.step("emulator", || self.emulator()?.ensure(self.dir, self.ports))?;
        let simulators = progress.step("partner simulators", || self.simulators()?.ensure(self.dir, self.ports))?;
        let scanner = progress.step("malware scanner", || self.scanner())?;
        let endpoint = format!("http://127.0.0.1:{}", emulator.port);
        let aws = Aws::new(Some(endpoint.clone()), &self.settings.region, self.venv, self.dir);
        let addresses = Addresses {
            emulator: endpoint,
            simulators: format!("http://127.0.0.1:{}", simulators.port),
            region: self.settings.region.clone(),
            scanner: scanner.map(|port| format!("127.0.0.1:{port}")),
        };
        let deployed = progress.step("deployment", || {
            token::ensure_keys(self.workspace, self.venv, self.dir)?;
            let parameters = self.parameters(&addresses)?;
            let deployer = Deployer {
                workspace: self.workspace,
                settings: self.settings,
                aws: &aws,
                dir: self.dir,
                emulator: emulator.pid,
                parameters,
            };
            deployer.deploy(packages)
        })?;
        progress.step("health", || {
            let health = format!("{}/health", stack::base_url(&addresses.emulator, &deployed)?);
            http::wait_until_ok(&health, HEALTH_TIMEOUT, || Ok(()))
                .map_err(|failure| process::with_tail(&failure, &services::log(self.dir, EMULATOR)))?;
            let channels = deployed.outputs.get("TableChannels");
            let channels = channels.context("template.yaml has no output TableChannels")?;
            let api_keys = channel::ensure_samples(&aws, channels, self.dir)?;
            let stack = stack::write(self.dir, &addresses, &deployed, api_keys)?;
            stack::write_events(&self.workspace.root, self.dir, &stack)?;
            Ok(stack)
        })
    }

    /// The parameters that depend on this machine. The other parameters are in samconfig.toml.
    fn parameters(&self, addresses: &Addresses) -> Result<Vec<String>> {
        let mut scanner = match &addresses.scanner {
            Some(address) => vec!["DocumentScanner=clamd".to_owned(), format!("ClamdAddress={address}")],
            None => vec!["DocumentScanner=none".to_owned()],
        };
        let mut parameters = vec![
            format!("Architecture={}", Architecture::of_this_machine()?.name()),
            format!("EndpointUrl={}", addresses.emulator),
            format!("LexSandboxUrl={}/lex/api/v1", addresses.simulators),
            format!("AlphabetSandboxUrl={}/alphabet", addresses.simulators),
            format!("BqsUpstreamUrl={}/bqs/v1/bqs-case", addresses.simulators),
            format!("BqsUpstreamChannel={}", channel::UPSTREAM_CHANNEL),
            format!("MmobUrl={}/mmob", addresses.simulators),
            format!("JwtPublicKey=\"{}\"", token::public_key(self.dir)?),
        ];
        parameters.append(&mut scanner);
        Ok(parameters)
    }

    /// The port of clamd, where it is installed.
    fn scanner(&self) -> Result<Option<u16>> {
        match clamd::installed() {
            Some(program) => {
                let running = clamd::service(&program, self.dir).ensure(self.dir, self.ports)?;
                Ok(Some(running.port))
            }
            None => {
                services::stop_clamd(self.dir);
                note("clamd is not installed (Debian: clamav-daemon), so no document is scanned");
                Ok(None)
            }
        }
    }

    fn emulator(&self) -> Result<Service<'_>> {
        let root = &self.workspace.root;
        let launcher = root.join("infra/emulator/launcher.py");
        let sources = [
            files::sha256_of_file(&launcher)?,
            files::sha256_of_file(&root.join("requirements.txt"))?,
        ];
        Ok(Service {
            name: EMULATOR,
            default_port: 4666,
            health: Health::Http("/_ministack/health"),
            fingerprint: sources.concat(),
            command: Box::new(move |port| self.launch(&launcher, port)),
        })
    }

    /// Every function inherits the emulator's environment, so the emulator gets almost nothing of the shell's: its
    /// certificate and AWS settings must not change how functions behave.
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

    fn simulators(&self) -> Result<Service<'_>> {
        Ok(Service {
            name: SIMULATORS,
            default_port: 4700,
            health: Health::Http("/_health"),
            fingerprint: files::sha256_of_file(&self.simulators)?,
            command: Box::new(|port| {
                let mut command = Command::new(&self.simulators);
                command
                    .envs(credentials::variables())
                    .args(["--port", &port.to_string()]);
                Ok(command)
            }),
        })
    }
}
