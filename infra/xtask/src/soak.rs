//! `soak`: MMOB's orders on a deployed stack, while processes of its functions are killed and MMOB is unwell.
//!
//! The simulated marketplace places the orders and posts them, some twice; a simulated provider decides them and counts what
//! it has done for each. Of a hundred calls to MMOB five fail, some of them after MMOB has done what it was asked. With the
//! chance that `--kill` says, all processes of the webhook or of the worker are killed within two seconds of an order.

mod killer;
mod report;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use crate::credentials;
use crate::failure::{Context, Result};
use crate::files;
use crate::http;
use crate::process;
use crate::progress::{Progress, note, say};
use crate::services::{self, EMULATOR};
use crate::stack::Stack;
use crate::up;
use crate::venv::Venv;
use crate::workspace::Workspace;
use killer::Killer;
use report::Report;

/// The provider takes so long, in milliseconds: a worker that is killed is then likely to have asked it.
const DECIDES_IN: u32 = 250;
/// What is not final so long after the last order was placed never will be: an operator's after 15 minutes.
const PATIENCE: Duration = Duration::from_secs(16 * 60);
const LOOK_EVERY: Duration = Duration::from_secs(5);

#[derive(Args)]
pub struct Options {
    /// How many orders are placed
    #[arg(long, default_value_t = 2_000)]
    orders: u32,
    /// The chance that an order brings a kill, between 0 and 1
    #[arg(long, default_value_t = 0.05)]
    kill: f64,
    /// Orders a second: the emulator pauses a queue for a second after each failure
    #[arg(long, default_value_t = 2.0)]
    rate: f64,
    /// The folder of a stack that is up, instead of one of its own
    #[arg(long)]
    stack_dir: Option<PathBuf>,
}

pub fn soak(options: &Options) -> Result<()> {
    if !(0.0..=1.0).contains(&options.kill) || !(0.01..=100.0).contains(&options.rate) || options.orders == 0 {
        return Err("--kill is between 0 and 1, --rate up to 100, --orders at least 1".into());
    }
    let workspace = Workspace::load()?;
    let mut progress = Progress::begin();
    let venv = progress.step("Python tools", || Venv::ready(&workspace))?;
    let folder = workspace.target.join("soak");
    files::make_dir(&folder)?;
    let name = format!("{} orders, {} of them with a kill", options.orders, options.kill);
    if let Some(dir) = &options.stack_dir {
        let run = Run::new(options, dir, &folder)?;
        progress.attempt(name, || run.all());
    } else {
        let dir = workspace.target.join("soak-stack");
        up::for_a_while(&mut progress, &workspace, &venv, &dir, |progress, _| {
            progress.attempt(name, || Run::new(options, &dir, &folder)?.all());
        })?;
    }
    process::go_on()?;
    progress.close("cargo xtask soak")
}

struct Run<'a> {
    options: &'a Options,
    folder: &'a Path,
    stack: Stack,
    killer: Killer,
    /// The provider's name.
    provider: String,
}

impl<'a> Run<'a> {
    fn new(options: &'a Options, dir: &Path, folder: &'a Path) -> Result<Self> {
        let emulator = services::running(dir, EMULATOR).context("no emulator runs")?;
        Ok(Self {
            options,
            folder,
            stack: Stack::of(dir)?,
            killer: Killer::new(emulator.pid, dir)?,
            provider: format!("soak-{}", std::process::id()),
        })
    }

    fn all(&self) -> Result<()> {
        let (product, price) = self.offer()?;
        self.make_unwell(5)?;
        let orders = self.place(&product, &price)?;
        let begun = Instant::now();
        let between = Duration::from_secs_f64(1.0 / self.options.rate);
        for number in 1..=self.options.orders {
            process::go_on()?;
            let next = between * number;
            self.killer.perhaps(self.options.kill)?;
            thread::sleep(next.saturating_sub(begun.elapsed()));
            if number % 100 == 0 {
                note(format!("{number} placed, {} processes killed", self.killer.killed()));
            }
        }
        let seen = self.settle(&orders)?;
        self.make_unwell(0)?;
        let report = Report {
            orders: seen,
            rows: orders.iter().map(|id| self.row(id)).collect::<Result<_>>()?,
            provider: self.sandbox(&format!("providers/{}", self.provider))?,
            killed: self.killer.killed(),
        };
        let figures = report.figures();
        let file = self.folder.join("report.json");
        let text = serde_json::to_string_pretty(&figures.json()).context(file.display())?;
        files::write(&file, &text)?;
        say(figures.text());
        note(format!("the report is {}", file.display()));
        figures.verdict()
    }

    fn sandbox(&self, path: &str) -> Result<Value> {
        http::json(&format!("{}/_control/{path}", self.stack.sandbox_url))
    }

    fn tell_sandbox(&self, path: &str, body: &Value) -> Result<Value> {
        http::put(&format!("{}/_control/{path}", self.stack.sandbox_url), body)
    }

    fn hub(&self, path: &str, body: &Value) -> Result<Value> {
        let bearer = self.bearer()?;
        let made = http::post(
            &format!("{}{path}", self.stack.base_url),
            &[("authorization", &bearer)],
            body,
        )?;
        made.get("data").cloned().context(format!("{path} answered no data"))
    }

    fn bearer(&self) -> Result<String> {
        let token = self.stack.tokens.get("admin").context("stack.json has no admin")?;
        Ok(format!("Bearer {token}"))
    }

    /// A product that a provider decides, with a price.
    fn offer(&self) -> Result<(String, String)> {
        let url = format!("{}/_provider/{}", self.stack.sandbox_url, self.provider);
        let product = self.hub(
            "/api/mmob/products",
            &json!({
                "name": "Soak", "description": "Ordered by cargo xtask soak.", "enabled": true,
                "productType": "utilities_broadband", "fulfilment": {"kind": "callback", "url": url},
            }),
        )?;
        let member = |document: &Value, name: &str| {
            let found = document.get(name).and_then(Value::as_str).map(str::to_owned);
            found.context(format!("no {name} in an answer"))
        };
        let id = member(&product, "id")?;
        let setup = json!({
            "secret": member(&product, "secret")?,
            "decision": {"status": "Succesful", "output": {"reference": "soak"}},
            "script": [{"percent": 100, "delay": DECIDES_IN}],
        });
        self.tell_sandbox(&format!("providers/{}", self.provider), &setup)?;
        let price = json!({"name": "Monthly payment", "currency": "GBP", "amount": 3999});
        let price = self.hub(&format!("/api/mmob/products/{id}/pricing"), &price)?;
        Ok((id, member(&price, "id")?))
    }

    /// Of a hundred calls so many fail; half of the updates that fail were done.
    fn make_unwell(&self, percent: u32) -> Result<()> {
        for operation in ["order", "product", "price", "user"] {
            let script = json!([{"status": 503, "percent": percent}]);
            self.tell_sandbox(&format!("mmob/{operation}"), &script)?;
        }
        let done = percent / 2;
        let script = json!([
            {"status": 503, "percent": percent - done}, {"served": true, "status": 502, "percent": done},
        ]);
        self.tell_sandbox("mmob/order-update", &script).map(drop)
    }

    fn place(&self, product: &str, price: &str) -> Result<Vec<String>> {
        let token = credentials::variables().find(|(name, _)| *name == "MMOB_WEBHOOK_TOKEN");
        let (_, token) = token.context("no token of MMOB's webhook")?;
        let demand = json!({
            "product": product, "price": price, "input": {"last_name": "Nichols"},
            "count": self.options.orders, "rate": self.options.rate,
            "url": format!("{}/webhooks/mmob/{token}", self.stack.base_url), "duplicates": 2, "tries": 10,
        });
        let orders = format!("{}/_control/mmob/orders", self.stack.sandbox_url);
        let placed = http::post(&orders, &[], &demand)?;
        let ids = placed.get("orders").and_then(Value::as_array).context("no orders")?;
        Ok(ids.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect())
    }

    /// What the marketplace has seen, once every order is final or will not be.
    fn settle(&self, orders: &[String]) -> Result<Vec<Value>> {
        let begun = Instant::now();
        loop {
            process::go_on()?;
            let all = self.sandbox("mmob/orders")?;
            let all = all.get("orders").and_then(Value::as_array).context("no orders")?;
            let is_ours = |order: &&Value| {
                let id = order.get("id").and_then(Value::as_str);
                id.is_some_and(|id| orders.iter().any(|ours| ours == id))
            };
            let ours: Vec<Value> = all.iter().filter(is_ours).cloned().collect();
            let is_final = |order: &&Value| order.get("final") == Some(&Value::Bool(true));
            let open = orders.len() - ours.iter().filter(is_final).count();
            if open == 0 || begun.elapsed() > PATIENCE {
                return Ok(ours);
            }
            note(format!("{open} are not final"));
            thread::sleep(LOOK_EVERY);
        }
    }

    /// An order as the hub has it. None where it has none.
    fn row(&self, id: &str) -> Result<Option<Value>> {
        process::go_on()?;
        let bearer = self.bearer()?;
        let url = format!("{}/api/mmob/orders/{id}", self.stack.base_url);
        if http::status_with(&url, &[("authorization", &bearer)]) == Some(404) {
            return Ok(None);
        }
        let row = http::get(&url, &[("authorization", &bearer)])?;
        Ok(row.get("data").cloned())
    }
}
