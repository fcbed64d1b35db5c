//! Simulates one order under a seed. MMOB posts it, also twice, changed, or late. Instances crash and stall, partners fail,
//! operators and users step in. In the end the invariants have to hold.
//!
//! Time is virtual and chance comes from the seed, so the same plan is the same simulation.

pub mod checked;
mod invariants;
mod plan;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use runtime::testing::{Dice, Harness};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::fake_sqs::Message;
use super::mutated_ports::Mutant;
use super::testing::{Orders, SWEEP, WORKER};
use crate::Env;
use crate::testing::WEBHOOK;

use plan::CrashOrStall;
pub use plan::{Coverage, Plan, ProductKind};

/// After this time nothing goes wrong any more.
const TURBULENCE: Duration = Duration::from_secs(150);
/// An order that is unfinished then never ends.
const END: Duration = Duration::from_secs(40 * 60);

/// A request with an order, and what happens if it fails.
struct Posting {
    body: String,
    /// How many times MMOB repeats it.
    retries: u32,
    /// Whether it is MMOB's first posting of the order.
    original: bool,
}

/// What the world outside the hub does.
enum Action {
    Post(Posting),
    /// The user gives the missing information.
    Supply,
    /// An operator decides the order in the hub.
    Resolve,
    /// An operator decides the order on MMOB's dashboard.
    Dashboard,
}

/// An invocation that has ended. `None` is a crash.
enum Invocation {
    Posted(Posting, Option<i64>),
    Worked(Message, Option<bool>),
    Resolved(Option<i64>),
    Swept,
}

pub struct Simulation {
    orders: Orders,
    plan: Plan,
    dice: Dice,
    crashes: VecDeque<u32>,
    agenda: Vec<(Instant, Action)>,
    /// For each instance, whether its fault struck, and whether the fault is a stall.
    faults: Vec<(Arc<AtomicBool>, bool)>,
    running: FuturesUnordered<BoxFuture<'static, Invocation>>,
    start: Instant,
    next_sweep: Instant,
    /// The share of instances with a fault, in percent.
    fault_percent: usize,
    /// The share of messages that SQS delivers again although they are done, in percent.
    repeat_percent: usize,
    /// Whether neither MMOB nor the provider fails.
    calm: bool,
    /// When MMOB got the first 200.
    accepted: Option<Instant>,
    supplied: bool,
    resolved: u32,
    dashboard: bool,
}

impl Simulation {
    fn new(plan: Plan) -> Self {
        let orders = Orders::with(plan.product.fulfilment(), plan.seed, plan.mutant);
        let more = json!({"status": "Need_more_info", "requiredFields": ["appointment"]});
        let last = [
            json!({"status": "Successful", "output": {"reference": "R1"}}),
            json!({"status": "Failed", "output": {"error": "PBX Over capacity"}}),
        ];
        let mut dice = Dice(plan.seed);
        let mut answers = vec![last[dice.roll(2)].clone()];
        if plan.product == ProductKind::CallbackIncomplete {
            answers.insert(0, more);
        }
        orders.mmob.books().answers = answers;
        let start = Instant::now();
        let mut simulation = Self {
            orders,
            crashes: plan.crashes.clone().unwrap_or_default().into(),
            agenda: Vec::new(),
            faults: Vec::new(),
            running: FuturesUnordered::new(),
            start,
            next_sweep: start + Duration::from_secs(30),
            fault_percent: 0,
            repeat_percent: 0,
            calm: true,
            accepted: None,
            supplied: false,
            resolved: 0,
            dashboard: false,
            dice,
            plan,
        };
        let by_chance = simulation.plan.crashes.is_none();
        let retries = if by_chance {
            [0, 1, 6][simulation.dice.roll(3)]
        } else {
            0
        };
        simulation.post_at(start, simulation.order(), retries, true);
        if by_chance {
            simulation.draw();
        }
        simulation
    }

    /// Draws what will go wrong.
    fn draw(&mut self) {
        self.next_sweep = self.start + self.seconds(60);
        self.fault_percent = [0, 30, 60, 85][self.dice.roll(4)];
        self.repeat_percent = [0, 0, 20][self.dice.roll(3)];
        let rates = [0, 0, 5, 30];
        let (mmob, provider) = (rates[self.dice.roll(4)], rates[self.dice.roll(4)]);
        let harsh = self.dice.roll(4) == 0;
        self.calm = mmob == 0 && provider == 0;
        self.orders.mmob.set_failures(mmob, provider, harsh);
        let latency = [20, 300, 1000, 3000];
        let (mmob, provider) = (latency[self.dice.roll(2)], latency[self.dice.roll(4)]);
        self.orders.mmob.books().latency = (Duration::from_millis(mmob), Duration::from_millis(provider));
        for _ in 0..[0, 0, 1, 3][self.dice.roll(4)] {
            let most = [2, 80][self.dice.roll(2)];
            let at = self.start + self.seconds(most);
            self.post_at(at, self.order(), 0, false);
        }
        if self.dice.roll(8) == 0 {
            let at = self.start + self.seconds(90);
            self.agenda.push((at, Action::Resolve));
        }
        if self.dice.roll(12) == 0 {
            let at = self.start + self.seconds(60);
            self.agenda.push((at, Action::Dashboard));
        }
    }

    fn order(&self) -> String {
        Value::Object(self.orders.mmob.books().order.clone()).to_string()
    }

    fn post_at(&mut self, at: Instant, body: String, retries: u32, original: bool) {
        let posting = Posting {
            body,
            retries,
            original,
        };
        self.agenda.push((at, Action::Post(posting)));
    }

    fn seconds(&mut self, most: usize) -> Duration {
        Duration::from_millis(u64::try_from(self.dice.roll(most * 1000)).unwrap())
    }

    fn is_turbulent(&self) -> bool {
        self.start.elapsed() < TURBULENCE
    }

    /// A new instance, which may have a fault.
    fn instance(&mut self) -> Harness<Env> {
        let (steps, stall) = if self.plan.crashes.is_some() {
            (self.crashes.pop_front().unwrap_or(u32::MAX), None)
        } else if self.is_turbulent() && self.dice.roll(100) < self.fault_percent {
            let stall = (self.dice.roll(4) == 0).then(|| self.seconds(30));
            let last = [8, 20, 44][self.dice.roll(3)];
            (u32::try_from(self.dice.roll(last)).unwrap(), stall)
        } else {
            (u32::MAX, None)
        };
        let struck = Arc::new(AtomicBool::new(false));
        self.faults.push((Arc::clone(&struck), stall.is_some()));
        let fault = CrashOrStall {
            steps_left: AtomicU32::new(steps),
            stall,
            struck,
        };
        let instance = self.orders.harness.faulty(Arc::new(fault));
        // A stalled process is suspended, and Lambda cannot kill it.
        if stall.is_some() {
            return instance.kill_after(Duration::from_secs(300));
        }
        instance
    }

    /// The number of crashes, or of stalls.
    fn struck(&self, stall: bool) -> u32 {
        let struck = self
            .faults
            .iter()
            .filter(|(struck, stalls)| *stalls == stall && struck.load(Ordering::Relaxed));
        u32::try_from(struck.count()).unwrap()
    }

    async fn run(&mut self) -> Result<(), String> {
        loop {
            self.start_due();
            if self.is_quiet() {
                return Ok(());
            }
            if self.start.elapsed() > END {
                return Err("it never ends".into());
            }
            let next = self.next();
            let sqs = Arc::clone(&self.orders.sqs);
            tokio::select! {
                biased;
                Some(ended) = self.running.next(), if !self.running.is_empty() => self.finish(ended),
                () = sqs.arrived.notified() => {}
                () = tokio::time::sleep_until(next) => {}
            }
            if self.orders.mmob.status() == "Need_more_info" && !self.supplied {
                self.supplied = true;
                let at = Instant::now() + self.seconds(60);
                self.agenda.push((at, Action::Supply));
            }
        }
    }

    fn next(&self) -> Instant {
        let agenda = self.agenda.iter().map(|(at, _)| *at);
        agenda.chain(self.orders.sqs.next()).fold(self.next_sweep, Instant::min)
    }

    fn is_quiet(&self) -> bool {
        let idle = self.agenda.is_empty() && self.running.is_empty() && self.orders.sqs.next().is_none();
        idle && self.orders.find().is_none_or(|row| !row.is_unfinished())
    }

    fn start_due(&mut self) {
        let now = Instant::now();
        if !self.is_turbulent() {
            self.orders.mmob.set_failures(0, 0, false);
        }
        while let Some(place) = self.agenda.iter().position(|(at, _)| *at <= now) {
            let (_, action) = self.agenda.remove(place);
            self.act(action);
        }
        while let Some(message) = self.orders.sqs.receive() {
            if self.plan.mutant == Some(Mutant::AcknowledgesFirst) {
                self.orders.sqs.delete(&message);
            }
            let worker = self.instance();
            self.running.push(Box::pin(async move {
                let done = worker.deliver(WORKER, &message.body).await;
                Invocation::Worked(message, done)
            }));
        }
        if self.next_sweep <= now {
            self.next_sweep = now + Duration::from_secs(60);
            let sweep = self.instance();
            self.running.push(Box::pin(async move {
                let _ = sweep.tick(SWEEP).await;
                Invocation::Swept
            }));
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Post(posting) => {
                let hub = self.instance();
                self.running.push(Box::pin(async move {
                    let response = hub.post(WEBHOOK, &posting.body).attempt().await;
                    Invocation::Posted(posting, response.map(|response| response.status))
                }));
            }
            Action::Supply => {
                if self.orders.mmob.status() == "Need_more_info" {
                    {
                        let order = &mut self.orders.mmob.books().order;
                        order.insert("status".into(), "Pending".into());
                        order["input"]["appointment"] = "2026-02-01".into();
                    }
                    self.act(Action::Post(Posting {
                        body: self.order(),
                        retries: 100,
                        original: false,
                    }));
                }
            }
            Action::Resolve => {
                let hub = self.instance();
                self.running.push(Box::pin(async move {
                    let decision = r#"{"status":"Failed","error":"by hand"}"#;
                    let response = hub.post("/api/mmob/orders/po_1", decision).attempt().await;
                    Invocation::Resolved(response.map(|response| response.status))
                }));
            }
            Action::Dashboard => {
                if self.orders.mmob.status() == "Pending" {
                    let order = &mut self.orders.mmob.books().order;
                    order.insert("status".into(), "Failed".into());
                    self.dashboard = true;
                }
            }
        }
    }

    fn finish(&mut self, ended: Invocation) {
        let by_chance = self.plan.crashes.is_none();
        match ended {
            Invocation::Posted(posting, status) => self.posted(posting, status),
            Invocation::Worked(message, Some(true)) => {
                let again = by_chance && self.is_turbulent() && self.dice.roll(100) < self.repeat_percent;
                if !again {
                    self.orders.sqs.delete(&message);
                }
            }
            // After a crash, an operator at MMOB may decide the order there.
            Invocation::Worked(_, None) if by_chance && self.dice.roll(8) == 0 => self.act(Action::Dashboard),
            Invocation::Worked(_, _) | Invocation::Swept => {}
            // A crash leaves open whether the decision is stored.
            Invocation::Resolved(Some(200) | None) => self.resolved += 1,
            Invocation::Resolved(Some(_)) => {}
        }
    }

    fn posted(&mut self, posting: Posting, status: Option<i64>) {
        let now = Instant::now();
        if status == Some(200) {
            self.accepted.get_or_insert(now);
            // MMOB posts the same id with another user, now and then.
            if posting.original && self.plan.crashes.is_none() && self.dice.roll(6) == 0 {
                let at = now + self.seconds(60);
                self.post_at(at, posting.body.replace("tus_1", "tus_2"), 0, false);
            }
        } else if posting.retries > 0 {
            let at = now + Duration::from_secs(5);
            self.post_at(at, posting.body, posting.retries - 1, posting.original);
        }
    }
}
