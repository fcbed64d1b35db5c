//! `soak`: MMOB's orders on a deployed stack, while the test kills processes of its functions and MMOB fails.
//!
//! The simulated marketplace places the orders and posts them, some twice. A simulated provider decides them and counts its
//! effects for each order. 5 % of the calls to MMOB fail, some of them after MMOB has processed the request. With the
//! probability of `--kill`, the test kills all processes of the webhook or of the worker soon after an order.

mod killer;
mod report;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use crate::failure::{Context, Result};
use crate::files;
use crate::http;
use crate::marketplace::{self, Marketplace};
use crate::progress::{Progress, note, print};
use crate::services::{self, EMULATOR};
use crate::signals;
use crate::stack::Stack;
use crate::up;
use crate::venv::Venv;
use crate::workspace::Workspace;
use killer::Killer;
use report::Report;

/// The provider's delay. It makes a kill likely to hit a worker that waits for the provider.
const PROVIDER_DELAY_MS: u32 = 250;
/// Percentage of calls to MMOB that fail.
const FAILURE_PERCENT: u32 = 5;
/// Time for every order to become final. After 15 minutes the hub passes an order to an operator.
const FINAL_TIMEOUT: Duration = Duration::from_secs(16 * 60);
const POLL_INTERVAL: Duration = Duration::from_secs(5);

#[derive(Args)]
pub struct Options {
    /// Number of orders
    #[arg(long, default_value_t = 2_000)]
    orders: u32,
    /// The probability of a kill after an order, between 0 and 1
    #[arg(long, default_value_t = 0.05)]
    kill: f64,
    /// Orders a second: the emulator pauses a queue for a second after each failure
    #[arg(long, default_value_t = 2.0)]
    rate: f64,
    /// The folder of a running stack, instead of a temporary stack
    #[arg(long)]
    stack_dir: Option<PathBuf>,
}

pub fn soak(options: &Options) -> Result<()> {
    if !(0.0..=1.0).contains(&options.kill) || !(0.01..=100.0).contains(&options.rate) || options.orders == 0 {
        return Err("--kill must be between 0 and 1, --rate between 0.01 and 100, --orders at least 1".into());
    }
    let workspace = Workspace::load()?;
    let mut progress = Progress::begin();
    let venv = progress.step("Python tools", || Venv::ready(&workspace))?;
    let folder = workspace.target.join("soak");
    files::make_dir(&folder)?;
    let name = format!("{} orders, kill probability {}", options.orders, options.kill);
    if let Some(dir) = &options.stack_dir {
        let run = Run::new(options, dir, &folder)?;
        progress.attempt(name, || run.all());
    } else {
        let dir = workspace.target.join("soak-stack");
        up::with_temporary_stack(&mut progress, &workspace, &venv, &dir, |progress, _| {
            progress.attempt(name, || Run::new(options, &dir, &folder)?.all());
        })?;
    }
    signals::fail_if_interrupted()?;
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
        let emulator = services::running(dir, EMULATOR).context("the emulator is not running")?;
        Ok(Self {
            options,
            folder,
            stack: Stack::read(dir)?,
            killer: Killer::new(emulator.pid, dir)?,
            provider: format!("soak-{}", std::process::id()),
        })
    }

    fn all(&self) -> Result<()> {
        let (product, price) = self.create_product()?;
        self.set_failure_rate(FAILURE_PERCENT)?;
        let orders = self.place_orders(&product, &price)?;
        let begun = Instant::now();
        let between = Duration::from_secs_f64(1.0 / self.options.rate);
        for number in 1..=self.options.orders {
            signals::fail_if_interrupted()?;
            let next = between * number;
            self.killer.kill_with_probability(self.options.kill)?;
            thread::sleep(next.saturating_sub(begun.elapsed()));
            if number % 100 == 0 {
                note(format!("{number} placed, {} processes killed", self.killer.killed()));
            }
        }
        let seen = self.wait_until_final(&orders)?;
        self.set_failure_rate(0)?;
        let report = Report {
            orders: seen,
            rows: self.rows(&orders)?,
            provider: self.simulators(&format!("providers/{}", self.provider))?,
            killed: self.killer.killed(),
        };
        let figures = report.figures();
        let file = self.folder.join("report.json");
        let text = serde_json::to_string_pretty(&figures.json()).context(file.display())?;
        files::write(&file, &text)?;
        print(figures.text());
        note(format!("report: {}", file.display()));
        figures.verdict()
    }

    /// Reads the state of the simulators.
    fn simulators(&self, path: &str) -> Result<Value> {
        http::json(&format!("{}/_control/{path}", self.stack.simulators_url))
    }

    fn configure_simulators(&self, path: &str, body: &Value) -> Result<Value> {
        http::put(&format!("{}/_control/{path}", self.stack.simulators_url), body)
    }

    /// Creates a product with a price, whose orders the simulated provider decides. Returns both ids.
    fn create_product(&self) -> Result<(String, String)> {
        let url = format!("{}/_provider/{}", self.stack.simulators_url, self.provider);
        let product = self.market().create_product(&json!({
            "name": "Soak", "description": "Ordered by cargo xtask soak.", "enabled": true,
            "productType": "utilities_broadband", "fulfilment": {"kind": "callback", "url": url},
        }))?;
        let id = marketplace::text(&product, "id")?;
        let setup = json!({
            "secret": marketplace::text(&product, "secret")?,
            "decision": {"status": "Succesful", "output": {"reference": "soak"}},
            "script": [{"percent": 100, "delay": PROVIDER_DELAY_MS}],
        });
        self.configure_simulators(&format!("providers/{}", self.provider), &setup)?;
        let price = self.market().create_price(&id, 3999)?;
        Ok((id, price))
    }

    /// Makes this percentage of calls to MMOB fail. MMOB has processed half of the updates that fail.
    fn set_failure_rate(&self, percent: u32) -> Result<()> {
        for operation in ["order", "product", "price", "user"] {
            let script = json!([{"status": 503, "percent": percent}]);
            self.configure_simulators(&format!("mmob/{operation}"), &script)?;
        }
        let processed = percent / 2;
        let script = json!([
            {"status": 503, "percent": percent - processed}, {"served": true, "status": 502, "percent": processed},
        ]);
        self.configure_simulators("mmob/order-update", &script).map(drop)
    }

    fn place_orders(&self, product: &str, price: &str) -> Result<Vec<String>> {
        let request = json!({
            "product": product, "price": price, "input": {"last_name": "Nichols"},
            "count": self.options.orders, "rate": self.options.rate,
            "url": format!("{}{}", self.stack.base_url, marketplace::webhook_path()?), "duplicates": 2, "tries": 10,
        });
        self.market().place(&request)
    }

    /// Waits until every order is final, at most [`FINAL_TIMEOUT`]. Returns the orders as the marketplace has them.
    fn wait_until_final(&self, orders: &[String]) -> Result<Vec<Value>> {
        let begun = Instant::now();
        loop {
            signals::fail_if_interrupted()?;
            let all = self.simulators("mmob/orders")?;
            let all = all.get("orders").and_then(Value::as_array);
            let all = all.context("the simulators returned no orders")?;
            // A stack given with --stack-dir may have orders of earlier runs.
            let of_this_run = |order: &&Value| {
                let id = order.get("id").and_then(Value::as_str);
                id.is_some_and(|id| orders.iter().any(|placed| placed == id))
            };
            let placed: Vec<Value> = all.iter().filter(of_this_run).cloned().collect();
            let is_final = |order: &&Value| order.get("final") == Some(&Value::Bool(true));
            let open = orders.len() - placed.iter().filter(is_final).count();
            if open == 0 || begun.elapsed() > FINAL_TIMEOUT {
                return Ok(placed);
            }
            note(format!("{open} not final"));
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// The hub's row of each order, if it has one.
    fn rows(&self, orders: &[String]) -> Result<Vec<Option<Value>>> {
        let all = self.market().orders()?;
        let row = |id: &String| {
            all.iter()
                .find(|row| row.get("id") == Some(&id.as_str().into()))
                .cloned()
        };
        Ok(orders.iter().map(row).collect())
    }

    fn market(&self) -> Marketplace<'_> {
        Marketplace { stack: &self.stack }
    }
}
