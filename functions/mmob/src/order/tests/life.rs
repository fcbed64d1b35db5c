//! The life of one order under a seed: MMOB posts it, twice or differently or too late, workers die and stall, partners
//! fail, operators and users step in, and in the end the books have to agree.
//!
//! Time is virtual and nothing is left to the machine, so that the same plan is the same life.

mod judge;
mod plan;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use runtime::testing::Dice;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::bugs::Bug;
use super::house::{House, TOKEN};
use super::queue::Message;
use crate::Env;

use plan::Doom;
pub use plan::{Plan, Product, Report};

/// From then on everybody is well and nobody dies.
const TURBULENCE: Duration = Duration::from_secs(150);
/// What has not ended by then never does.
const END: Duration = Duration::from_secs(40 * 60);

enum Act {
    Post { body: String, tries: u32, original: bool },
    Supply,
    Resolve,
    Dashboard,
}

enum Done {
    Posted {
        body: String,
        tries: u32,
        original: bool,
        status: Option<i64>,
    },
    Worked(Message, Option<bool>),
    Resolved(Option<i64>),
    Swept,
}

pub struct Life {
    house: Arc<House>,
    plan: Plan,
    dice: Dice,
    deaths: VecDeque<u32>,
    agenda: Vec<(Instant, Act)>,
    dooms: Vec<(Arc<AtomicBool>, bool)>,
    running: FuturesUnordered<BoxFuture<'static, Done>>,
    born: Instant,
    next_sweep: Instant,
    /// Percent of invocations to which something happens, and of messages that come again for no reason.
    doomed: usize,
    repeated: usize,
    calm: bool,
    answered: Option<Instant>,
    supplied: bool,
    resolved: u32,
    dashboard: bool,
}

pub async fn live(plan: Plan) -> Result<Report, String> {
    let (seed, product, deaths) = (plan.seed, plan.product, plan.deaths.clone());
    let mut life = Life::new(plan);
    let lived = life.through().await;
    let lived = lived.and_then(|()| life.judge());
    lived.map_err(|what| format!("seed {seed}, {product:?}, deaths {deaths:?}: {what}"))
}

impl Life {
    fn new(plan: Plan) -> Self {
        let house = House::with(plan.product.fulfilment(), plan.seed, plan.bug, &[]);
        let more = json!({"status": "Need_more_info", "requiredFields": ["appointment"]});
        let last = [
            json!({"status": "Successful", "output": {"reference": "R1"}}),
            json!({"status": "Failed", "output": {"error": "PBX Over capacity"}}),
        ];
        let mut dice = Dice(plan.seed);
        let mut answers = vec![last[dice.roll(2)].clone()];
        if plan.product == Product::Asking {
            answers.insert(0, more);
        }
        house.web.books().answers = answers;
        let born = Instant::now();
        let deaths = plan.deaths.clone().unwrap_or_default().into();
        let mut life = Self {
            house: Arc::new(house),
            deaths,
            agenda: Vec::new(),
            dooms: Vec::new(),
            running: FuturesUnordered::new(),
            born,
            next_sweep: born + Duration::from_secs(30),
            doomed: 0,
            repeated: 0,
            calm: true,
            answered: None,
            supplied: false,
            resolved: 0,
            dashboard: false,
            dice,
            plan,
        };
        let body = life.order();
        let tries = if life.plan.deaths.is_some() {
            0
        } else {
            [0, 1, 6][life.dice.roll(3)]
        };
        life.agenda.push((
            born,
            Act::Post {
                body,
                tries,
                original: true,
            },
        ));
        if life.plan.deaths.is_none() {
            life.draw();
        }
        life
    }

    /// Decides what kind of life it is.
    fn draw(&mut self) {
        self.next_sweep = self.born + self.seconds(60);
        self.doomed = [0, 30, 60, 85][self.dice.roll(4)];
        self.repeated = [0, 0, 20][self.dice.roll(3)];
        let rates = [0, 0, 5, 30];
        let (market, provider) = (rates[self.dice.roll(4)], rates[self.dice.roll(4)]);
        let harsh = self.dice.roll(4) == 0;
        self.calm = market == 0 && provider == 0;
        self.house.web.turbulent(market, provider, harsh);
        let latency = [20, 300, 1000, 3000];
        let (market, provider) = (latency[self.dice.roll(2)], latency[self.dice.roll(4)]);
        self.house.web.books().latency = (Duration::from_millis(market), Duration::from_millis(provider));
        let body = self.order();
        for _ in 0..[0, 0, 1, 3][self.dice.roll(4)] {
            let most = [2, 80][self.dice.roll(2)];
            let (at, body) = (self.born + self.seconds(most), body.clone());
            self.agenda.push((
                at,
                Act::Post {
                    body,
                    tries: 0,
                    original: false,
                },
            ));
        }
        if self.dice.roll(8) == 0 {
            let at = self.born + self.seconds(90);
            self.agenda.push((at, Act::Resolve));
        }
        if self.dice.roll(12) == 0 {
            let at = self.born + self.seconds(60);
            self.agenda.push((at, Act::Dashboard));
        }
    }

    fn order(&self) -> String {
        Value::Object(self.house.web.books().order.clone()).to_string()
    }

    fn seconds(&mut self, most: usize) -> Duration {
        Duration::from_millis(u64::try_from(self.dice.roll(most * 1000)).unwrap())
    }

    fn is_turbulent(&self) -> bool {
        self.born.elapsed() < TURBULENCE
    }

    /// A sandbox, and how long it lives at most.
    fn sandbox(&mut self, limit: Duration) -> (Arc<Env>, Duration) {
        let (left, stall) = if self.plan.deaths.is_some() {
            (self.deaths.pop_front().unwrap_or(u32::MAX), None)
        } else if self.is_turbulent() && self.dice.roll(100) < self.doomed {
            let stall = (self.dice.roll(4) == 0).then(|| self.seconds(30));
            let last = [8, 20, 44][self.dice.roll(3)];
            (u32::try_from(self.dice.roll(last)).unwrap(), stall)
        } else {
            (u32::MAX, None)
        };
        let struck = Arc::new(AtomicBool::new(false));
        self.dooms.push((Arc::clone(&struck), stall.is_some()));
        let doom = Doom {
            left: AtomicU32::new(left),
            stall,
            struck,
        };
        // Who stalls is a process that was stopped, and nobody kills it.
        let limit = if stall.is_some() { limit * 10 } else { limit };
        (self.house.env(Some(Arc::new(doom))), limit)
    }

    fn struck(&self, stall: bool) -> u32 {
        let struck = self
            .dooms
            .iter()
            .filter(|(struck, stalls)| *stalls == stall && struck.load(Ordering::Relaxed));
        u32::try_from(struck.count()).unwrap()
    }

    async fn through(&mut self) -> Result<(), String> {
        loop {
            self.start();
            if self.is_quiet() {
                return Ok(());
            }
            if self.born.elapsed() > END {
                return Err("it never ends".into());
            }
            let next = self.next();
            let house = Arc::clone(&self.house);
            tokio::select! {
                biased;
                Some(done) = self.running.next(), if !self.running.is_empty() => self.finish(done),
                () = house.sqs.news.notified() => {}
                () = tokio::time::sleep_until(next) => {}
            }
            let status = self.house.web.status();
            if status == "Need_more_info" && !self.supplied {
                self.supplied = true;
                let at = Instant::now() + self.seconds(60);
                self.agenda.push((at, Act::Supply));
            }
        }
    }

    fn next(&self) -> Instant {
        let agenda = self.agenda.iter().map(|(at, _)| *at);
        agenda.chain(self.house.sqs.next()).fold(self.next_sweep, Instant::min)
    }

    fn is_quiet(&self) -> bool {
        let idle = self.agenda.is_empty() && self.running.is_empty() && self.house.sqs.next().is_none();
        idle && self.house.find().is_none_or(|row| !row.is_unfinished())
    }

    /// Starts whatever is due.
    fn start(&mut self) {
        let now = Instant::now();
        if !self.is_turbulent() {
            self.house.web.turbulent(0, 0, false);
        }
        while let Some(place) = self.agenda.iter().position(|(at, _)| *at <= now) {
            let (_, act) = self.agenda.remove(place);
            self.act(act);
        }
        while let Some(message) = self.house.sqs.receive() {
            if self.plan.bug == Some(Bug::AcknowledgesFirst) {
                self.house.sqs.delete(&message);
            }
            let (env, limit) = self.sandbox(Duration::from_secs(8));
            let house = Arc::clone(&self.house);
            self.running.push(Box::pin(async move {
                let work = house.deliver(env, &message.body);
                let done = tokio::time::timeout(limit, work).await.ok();
                Done::Worked(message, done)
            }));
        }
        if self.next_sweep <= now {
            self.next_sweep = now + Duration::from_secs(60);
            let (env, limit) = self.sandbox(Duration::from_secs(30));
            let house = Arc::clone(&self.house);
            self.running.push(Box::pin(async move {
                let _ = tokio::time::timeout(limit, house.sweep(env)).await;
                Done::Swept
            }));
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Post { body, tries, original } => {
                let (env, limit) = self.sandbox(Duration::from_secs(3));
                let house = Arc::clone(&self.house);
                self.running.push(Box::pin(async move {
                    let answer = tokio::time::timeout(limit, house.post(env, TOKEN, &body)).await;
                    let status = answer.ok().map(|(status, _)| status);
                    Done::Posted {
                        body,
                        tries,
                        original,
                        status,
                    }
                }));
            }
            Act::Supply => {
                if self.house.web.status() == "Need_more_info" {
                    {
                        let order = &mut self.house.web.books().order;
                        order.insert("status".into(), "Pending".into());
                        order["input"]["appointment"] = "2026-02-01".into();
                    }
                    let body = self.order();
                    self.act(Act::Post {
                        body,
                        tries: 100,
                        original: false,
                    });
                }
            }
            Act::Resolve => {
                let (env, limit) = self.sandbox(Duration::from_secs(30));
                let house = Arc::clone(&self.house);
                self.running.push(Box::pin(async move {
                    Done::Resolved(tokio::time::timeout(limit, house.resolve(env)).await.ok())
                }));
            }
            Act::Dashboard => {
                let status = self.house.web.status();
                if status == "Pending" {
                    self.house.web.books().order.insert("status".into(), "Failed".into());
                    self.dashboard = true;
                }
            }
        }
    }

    fn finish(&mut self, done: Done) {
        let now = Instant::now();
        match done {
            Done::Posted {
                body,
                tries,
                original,
                status,
            } => {
                if status == Some(200) {
                    self.answered.get_or_insert(now);
                }
                if original && status == Some(200) {
                    // The same id with something else in it, now and then.
                    if self.plan.deaths.is_none() && self.dice.roll(6) == 0 {
                        let (at, body) = (now + self.seconds(60), body.replace("tus_1", "tus_2"));
                        self.agenda.push((
                            at,
                            Act::Post {
                                body,
                                tries: 0,
                                original: false,
                            },
                        ));
                    }
                }
                if status != Some(200) && tries > 0 {
                    let (at, tries) = (now + Duration::from_secs(5), tries - 1);
                    self.agenda.push((at, Act::Post { body, tries, original }));
                }
            }
            Done::Worked(message, Some(true)) => {
                let again = self.plan.deaths.is_none() && self.is_turbulent() && self.dice.roll(100) < self.repeated;
                if !again {
                    self.house.sqs.delete(&message);
                }
            }
            // Somebody at MMOB loses patience.
            Done::Worked(_, None) if self.plan.deaths.is_none() && self.dice.roll(8) == 0 => self.act(Act::Dashboard),
            Done::Worked(_, _) | Done::Swept => {}
            // Where it died nobody knows whether it was written.
            Done::Resolved(Some(200) | None) => self.resolved += 1,
            Done::Resolved(Some(_)) => {}
        }
    }
}
