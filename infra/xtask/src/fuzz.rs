//! `fuzz`: runs schemathesis with all checks over the API document, on a temporary stack. infra/fuzz configures it.

mod report;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use crate::failure::{Context, Result};
use crate::files;
use crate::http;
use crate::process;
use crate::progress::{Progress, note, print};
use crate::signals;
use crate::stack::{self, Stack};
use crate::token::{Person, Role, Signer};
use crate::up;
use crate::venv::Venv;
use crate::workspace::Workspace;
use report::{Cases, Report};

const QUOTE_OPERATION: &str = "funders-quote-generate";
/// The sample channel that can create channels.
const ADMIN_CHANNEL: &str = "vwfs-dk-integrationportal-admin-example";
/// Time for workers to call the funders for quotes that were accepted with 202.
const WORKER_DELAY: Duration = Duration::from_secs(10);

#[derive(Args)]
pub struct Options {
    /// Minimum number of requests
    #[arg(long, default_value_t = 10_000)]
    cases: u64,
    /// Only the operations of this domain, such as bqs
    #[arg(long)]
    domain: Option<String>,
    /// The folder of a running stack, instead of a temporary stack
    #[arg(long)]
    stack_dir: Option<PathBuf>,
}

pub fn fuzz(options: &Options) -> Result<()> {
    let workspace = Workspace::load()?;
    let mut progress = Progress::begin();
    let venv = progress.step("Python tools", || Venv::ready(&workspace))?;
    let folder = workspace.target.join("fuzz");
    files::make_dir(&folder)?;
    let tool = progress.step("schemathesis", || {
        let pins = workspace.root.join("infra/fuzz/requirements.txt");
        Venv::made_from(&pins, folder.join("venv"), &folder.join("pip.log"))
    })?;
    let run = Run {
        workspace: &workspace,
        tool: &tool,
        folder: &folder,
        cases: options.cases,
        domain: options.domain.as_deref(),
    };
    if let Some(dir) = &options.stack_dir {
        let stack = Stack::read(dir)?;
        progress.attempt("schemathesis over the API document", || run.all(dir, &stack));
    } else {
        let dir = workspace.target.join("fuzz-stack");
        up::with_temporary_stack(&mut progress, &workspace, &venv, &dir, |progress, stack| {
            progress.attempt("schemathesis over the API document", || run.all(&dir, stack));
        })?;
    }
    signals::fail_if_interrupted()?;
    progress.close("cargo xtask fuzz")
}

struct Run<'a> {
    workspace: &'a Workspace,
    tool: &'a Venv,
    folder: &'a Path,
    cases: u64,
    domain: Option<&'a str>,
}

impl Run<'_> {
    /// One pass over every operation, then one with valid quotes only: the first pass sends more invalid quotes than valid
    /// ones.
    fn all(&self, dir: &Path, stack: &Stack) -> Result<()> {
        // An admin that may also quote for the customers that schemathesis invents.
        let person = Person::new(&[Role::Admin, Role::Agent], "fuzz@example.com", "fuzz");
        let token = &Signer::of_stack(dir)?.token(&person, stack::TOKEN_HOURS)?;
        let calls = format!("{}/_control/calls", stack.simulators_url);
        let before = report::funder_quotes(&http::json(&calls)?);
        let mut cases = Cases::default();
        if let Some(domain) = self.domain {
            let operations = format!("^{domain}-");
            let each = (self.cases / 10).max(1).to_string();
            let arguments = ["--include-operation-id-regex", &operations, "--max-examples", &each];
            self.pass(stack, token, domain, &arguments, &mut cases)?;
        } else {
            // A third of the operations takes no parameters and gets few cases.
            let each = (self.cases / 40).max(1).to_string();
            self.pass(stack, token, "all", &["--max-examples", &each], &mut cases)?;
            let quotes = (self.cases / 6).max(1).to_string();
            let valid = ["--phases", "fuzzing", "--mode", "positive", "--max-examples", &quotes];
            let arguments = [&["--include-operation-id", QUOTE_OPERATION], &valid[..]].concat();
            self.pass(stack, token, "quotes", &arguments, &mut cases)?;
        }
        thread::sleep(WORKER_DELAY);
        let reached = report::funder_quotes(&http::json(&calls)?).saturating_sub(before);
        let report = Report::new(cases, reached, self.cases);
        let file = self.folder.join("report.json");
        files::write(
            &file,
            &serde_json::to_string_pretty(&report.json()).context(file.display())?,
        )?;
        print(report.text());
        note(format!("report: {}", file.display()));
        report.verdict()
    }

    /// schemathesis exits with 1 when it finds failures, so a complete event log counts as success here. The report judges
    /// the findings.
    fn pass(&self, stack: &Stack, token: &str, name: &str, arguments: &[&str], cases: &mut Cases) -> Result<()> {
        let events = self.folder.join(format!("{name}.ndjson"));
        let _absent = fs::remove_file(&events);
        let mut run = Command::new(self.tool.tool("schemathesis"));
        run.current_dir(&self.workspace.root)
            .args(["--config-file", "infra/fuzz/schemathesis.toml", "run"])
            .arg("functions/operations/openapi.json")
            .args(["--url", &stack.base_url, "--checks", "all", "--report", "ndjson"])
            .arg("--report-ndjson-path")
            .arg(&events)
            .args(arguments)
            .env("TRUNKLINE_TOKEN", token)
            .env("TRUNKLINE_API_KEY", api_key(stack)?)
            .env("TRUNKLINE_SIMULATORS", &stack.simulators_url);
        let log = self.folder.join(format!("{name}.log"));
        let ended = process::run_logged(run, &log);
        signals::fail_if_interrupted()?;
        note(format!("{name}: log: {}", log.display()));
        let finished = cases.read(&events)?;
        if finished { Ok(()) } else { ended }
    }
}

/// The API key of a channel with every role for a few dealers, brands and agreements. Creates the channel, or rotates its
/// key.
fn api_key(stack: &Stack) -> Result<String> {
    let channel = json!({
        "channelName": "fuzz",
        "roles": ["case.write", "case.read", "message.read", "message.write", "document.write", "admin"],
        "allowedDealerCodes": [730, 808, 976], "allowedBrandCodes": [4, 10], "allowedAgreements": [3600, 3700],
    });
    let admin = stack
        .api_keys
        .get(ADMIN_CHANNEL)
        .context("stack.json has no admin channel")?;
    let headers = [("x-api-key", admin.as_str())];
    let management = format!("{}/v1/bqs-case/management", stack.base_url);
    let rotate = format!("{management}/fuzz/key");
    let made = http::post(&management, &headers, &channel).or_else(|_| http::post(&rotate, &headers, &json!({})))?;
    let key = made.get("apiKey").and_then(serde_json::Value::as_str);
    key.map(str::to_owned).context("the new channel has no API key")
}
