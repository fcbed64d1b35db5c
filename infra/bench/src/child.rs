//! One process of a variant, in an environment of its own: nothing of this shell's reaches it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{self, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::bench::Bench;
use crate::event::{AUDIENCE, ISSUER};
use crate::failure::{Context, Result};
use crate::stub::{Answer, INDEXED, RuntimeApi};
use crate::variant::Variant;

const POLL: Duration = Duration::from_millis(100);

pub struct Child {
    pub api: RuntimeApi,
    /// Just before it was started.
    pub begun: Instant,
    process: process::Child,
    variant: Variant,
    log: PathBuf,
}

impl Child {
    /// Starts it, with its first event already waiting when `first` says so.
    pub async fn start(bench: &Bench, variant: &Variant, first: bool) -> Result<Self> {
        Self::start_under(bench, variant, first, &[]).await
    }

    /// The same with another program in front.
    pub async fn start_under(bench: &Bench, variant: &Variant, first: bool, front: &[OsString]) -> Result<Self> {
        let api = RuntimeApi::start().await?;
        if first {
            api.offer(variant.event.clone());
        }
        let log = bench.out(&format!("logs/{}.log", variant.id));
        let out = File::create(&log).context(log.display())?;
        let words: Vec<OsString> = front
            .iter()
            .cloned()
            .chain([variant.program.clone().into_os_string()])
            .chain(variant.arguments.iter().map(Into::into))
            .collect();
        let (program, arguments) = words.split_first().context("nothing to start")?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(environment(bench, &api.address))
            .envs(variant.environment.iter().map(|(name, value)| (*name, value)))
            .current_dir(bench.out(""))
            .stdin(Stdio::null())
            .stdout(out.try_clone().context("a log")?)
            .stderr(out);
        let begun = Instant::now();
        let process = command.spawn().context(variant.program.display())?;
        Ok(Self {
            api,
            begun,
            process,
            variant: variant.clone(),
            log,
        })
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// When its init was over.
    pub async fn ready(&mut self) -> Result<Instant> {
        let Self { api, process, .. } = self;
        let outcome = tokio::select! {
            ready = api.first_next() => ready,
            () = ended(process) => Err("it ended".into()),
        };
        outcome.map_err(|failure| self.explain(&failure.to_string()))
    }

    /// The answer to what was offered, which must be the right one.
    pub async fn answer(&mut self) -> Result<Answer> {
        let Self { api, process, .. } = self;
        let outcome = tokio::select! {
            answer = api.answer() => answer,
            () = ended(process) => Err("it ended".into()),
        };
        let answer = outcome.map_err(|failure| self.explain(&failure.to_string()))?;
        if answer.status() == self.variant.kind.status() {
            return Ok(answer);
        }
        let said = format!(
            "it answered {}: {}",
            answer.status(),
            String::from_utf8_lossy(&answer.body)
        );
        Err(self.explain(&said))
    }

    pub async fn invoke(&mut self) -> Result<Answer> {
        self.api.offer(self.variant.event.clone());
        self.answer().await
    }

    /// Bytes in its log so far.
    pub fn logged(&self) -> Result<u64> {
        Ok(fs::metadata(&self.log).context(self.log.display())?.len())
    }

    /// Ends it on the spot.
    pub fn kill(&mut self) {
        let _gone = self.process.kill();
        let _reaped = self.process.wait();
    }

    /// Asks it to end, and waits: valgrind writes what it counted when it is ended so.
    pub async fn terminate(&mut self) -> Result<()> {
        let id = i32::try_from(self.id())?;
        kill(Pid::from_raw(id), Signal::SIGTERM).context("SIGTERM")?;
        tokio::time::timeout(Duration::from_secs(30), ended(&mut self.process))
            .await
            .context("it does not end")
    }

    fn explain(&self, what: &str) -> crate::failure::Failure {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines
            .get(lines.len().saturating_sub(12)..)
            .unwrap_or_default()
            .join("\n");
        format!("{}: {what}\n{tail}\n(from {})", self.variant.label, self.log.display()).into()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn ended(process: &mut process::Child) {
    while matches!(process.try_wait(), Ok(None)) {
        tokio::time::sleep(POLL).await;
    }
}

/// What Lambda sets, and what the template does.
fn environment(bench: &Bench, api: &str) -> Vec<(&'static str, String)> {
    let alone = bench.authority.alone.to_string_lossy();
    let fixed = [
        ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/trunkline/bench"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
        ("AWS_REGION", "eu-west-2"),
        ("AWS_DEFAULT_REGION", "eu-west-2"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_SESSION_TOKEN", "test"),
        ("LANG", "en_US.UTF-8"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("TZ", ":UTC"),
        ("_HANDLER", "bootstrap"),
        ("STAGE", "bench"),
        ("EGRESS_ALLOW", "localhost,127.0.0.1"),
        ("FUNDERS_TABLE", "quotes"),
        ("INTEGRATION_LOG_TABLE", INDEXED),
        ("IDEMPOTENCY_TABLE", "idempotency"),
        (
            "QUOTE_RETRY_QUEUE_URL",
            "https://sqs.eu-west-2.amazonaws.com/000000000000/quote-retry",
        ),
        ("LEX_SANDBOX_SECRET", "bench/lex/sandbox"),
        ("REDACTION_KEY", "bench-redaction-key"),
        ("JWT_ISSUER", ISSUER),
        ("JWT_AUDIENCE", AUDIENCE),
        ("API_RETRY_ENABLED", "false"),
        ("POWERTOOLS_SERVICE_NAME", "trunkline"),
    ];
    let mut all: Vec<_> = fixed.map(|(name, value)| (name, value.to_owned())).into();
    all.extend([
        ("AWS_LAMBDA_RUNTIME_API", api.to_owned()),
        ("AWS_ENDPOINT_URL", format!("https://localhost:{}", bench.world.aws)),
        (
            "LEX_SANDBOX_URL",
            format!("https://localhost:{}/api/v1", bench.world.funder),
        ),
        ("JWT_PUBLIC_KEY", bench.events.public_key.clone()),
    ]);
    all.extend(["AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE"].map(|name| (name, alone.to_string())));
    all
}
