//! One process of a variant. It inherits nothing of this shell's environment.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{self, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::failure::{Context, Failure, Result};
use crate::fixture::{AUDIENCE, ISSUER, LOG_TABLE};
use crate::stub::{Answer, RuntimeApi};
use crate::variant::Variant;

const POLL: Duration = Duration::from_millis(100);

pub struct Child {
    pub api: RuntimeApi,
    /// Just before the process started.
    pub begun: Instant,
    process: process::Child,
    variant: Variant,
    log: PathBuf,
}

impl Child {
    /// Starts the process; with `first`, its first event is waiting already.
    pub async fn start(bench: &Bench, variant: &Variant, first: bool) -> Result<Self> {
        Self::start_under(bench, variant, first, &[]).await
    }

    /// The same, as the argument of another program.
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

    /// When init ended.
    pub async fn ready(&mut self) -> Result<Instant> {
        let Self { api, process, .. } = self;
        let waited = tokio::select! {
            ready = api.first_next() => ready,
            () = ended(process) => Err("the process ended".into()),
        };
        waited.map_err(|failure| self.explain(&failure.to_string()))
    }

    /// The answer to the last event, or an error unless it has the right status.
    pub async fn answer(&mut self) -> Result<Answer> {
        let Self { api, process, .. } = self;
        let waited = tokio::select! {
            answer = api.answer() => answer,
            () = ended(process) => Err("the process ended".into()),
        };
        let answer = waited.map_err(|failure| self.explain(&failure.to_string()))?;
        if answer.status() == self.variant.kind.status() {
            return Ok(answer);
        }
        let fault = format!(
            "the process answered {}: {}",
            answer.status(),
            String::from_utf8_lossy(&answer.body)
        );
        Err(self.explain(&fault))
    }

    pub async fn invoke(&mut self) -> Result<Answer> {
        self.api.offer(self.variant.event.clone());
        self.answer().await
    }

    /// The size of its log so far, in bytes.
    pub fn logged(&self) -> Result<u64> {
        Ok(fs::metadata(&self.log).context(self.log.display())?.len())
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }

    /// SIGTERM, then waits for the end: on SIGTERM valgrind writes its count.
    pub async fn terminate(&mut self) -> Result<()> {
        let id = i32::try_from(self.id())?;
        kill(Pid::from_raw(id), Signal::SIGTERM).context("SIGTERM")?;
        tokio::time::timeout(Duration::from_secs(30), ended(&mut self.process))
            .await
            .context("the process does not end")
    }

    fn explain(&self, what: &str) -> Failure {
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

/// The variables that Lambda sets and those that the template sets.
fn environment(bench: &Bench, api: &str) -> Vec<(&'static str, String)> {
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
        ("INTEGRATION_LOG_TABLE", LOG_TABLE),
        ("IDEMPOTENCY_TABLE", "idempotency"),
        (
            "QUOTE_FOLLOW_UP_QUEUE_URL",
            "https://sqs.eu-west-2.amazonaws.com/000000000000/quote-follow-up",
        ),
        ("REDACTION_KEY", "bench-redaction-key"),
        ("JWT_ISSUER", ISSUER),
        ("JWT_AUDIENCE", AUDIENCE),
    ];
    let mut all: Vec<_> = fixed.map(|(name, value)| (name, value.to_owned())).into();
    all.extend([
        ("AWS_LAMBDA_RUNTIME_API", api.to_owned()),
        ("AWS_ENDPOINT_URL", format!("https://localhost:{}", bench.stubs.aws)),
        ("FUNDERS", funders(bench.stubs.funder)),
        ("JWT_PUBLIC_KEY", bench.events.public_key.clone()),
        ("AWS_CA_BUNDLE", bench.authority.alone.to_string_lossy().into_owned()),
    ]);
    all
}

/// What infra/stacks/funders.yaml makes of its defaults, with the stub in the place of LEX and without retries. ALPHABET has no
/// address, so that a function opens one connection to a funder.
fn funders(stub: u16) -> String {
    let address = format!("https://localhost:{stub}/api/v1");
    let installation = |url: &str, secret: &str| json!({"URL": url, "SECRET": secret});
    let usual = |target: Value| json!({"RATE_LIMIT": "", "MAX_RETRIES": "", "RETRY_BASE_DELAY": "", "SANDBOX": target});
    json!({
        "API": {
            "RETRY_ENABLED": "false", "MAX_RETRIES": "3", "RETRY_BASE_DELAY": "1000", "RETRY_MAX_DELAY": "10000",
            "RETRY_BACKOFF_MULTIPLIER": "2", "RATE_LIMIT": "",
        },
        "LEX": usual(installation(&address, "bench/lex/sandbox")),
        "ALPHABET": usual(installation("", "bench/alphabet/sandbox")),
    })
    .to_string()
}
