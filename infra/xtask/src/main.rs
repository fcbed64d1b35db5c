//! The developer's and operator's tool: `cargo xtask` runs Trunkline on this machine, tests it and checks it.

#![expect(
    clippy::disallowed_methods,
    reason = "this tool is not part of the hub, and uses the shell's environment and clock"
)]

mod architecture;
mod arm64;
mod aws;
mod bench;
mod build;
mod channel;
mod check;
mod clamd;
mod clients;
mod code;
mod copy;
mod cost;
mod credentials;
mod deploy;
mod deployable;
mod docs;
mod edit;
mod env_json;
mod erase;
mod exports;
mod failure;
mod files;
mod flood;
mod forward;
mod fuzz;
mod health;
mod http;
mod imports;
mod invoke;
mod leaks;
mod lint;
mod logs;
mod marketplace;
mod mutants;
mod names;
mod node;
mod order;
mod overrides;
mod package;
mod process;
mod progress;
mod provision;
mod recipes;
mod redrive;
mod refusals;
mod requests;
mod resources;
mod restore;
mod rights;
mod services;
mod session;
mod settings;
mod signals;
mod soak;
mod stack;
mod test;
mod token;
mod tokens;
mod translated;
mod tree;
mod up;
mod venv;
mod words;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failure::Result;
use crate::token::{Person, Role, Signer};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Runs Trunkline on this machine, tests it and checks it"
)]
struct Options {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Start a stack: build, start the emulator and the partner simulators, deploy template.yaml and seed it
    Up {
        /// Leave the stack running; `down` stops it
        #[arg(long)]
        detach: bool,
    },
    /// Stop the stack that `up --detach` started
    Down,
    /// Print the running stack's addresses, keys and new tokens for a shell: eval "$(cargo xtask env)"
    Env {
        /// The folder of the stack; default `target/local`
        #[arg(long)]
        stack_dir: Option<PathBuf>,
    },
    /// Print what the functions of the running stack have logged
    Logs(logs::Options),
    /// Place an order at the simulated marketplace and wait for the hub's decision
    Order(order::Options),
    /// Run one function in SAM's container against the running stack; needs Docker
    Invoke {
        /// The function's name, such as funders-quote-generate
        function: String,
        /// An event; default: the function's sample event with a valid token
        #[arg(long)]
        event: Option<PathBuf>,
    },
    /// Run every test, the end-to-end tests on a temporary stack
    Test {
        /// Only the tests of this domain, such as bqs, or the tests with this text in their names
        filter: Option<String>,
    },
    /// Measure the functions and compare them with an empty function and the stock SDK
    Bench(bench::Options),
    /// Try the API page in headless Chromium, generated clients and docs/requests on a temporary stack
    Docs,
    /// Make docs/requests, a collection of requests for Bruno, from the API document's examples
    Requests,
    /// Run schemathesis over the API document, on a temporary stack; the report is target/fuzz/report.json
    Fuzz(fuzz::Options),
    /// Place MMOB's orders while functions are killed, on a temporary stack; the report is target/soak/report.json
    Soak(soak::Options),
    /// Send many quotes a second as one caller beside another, on a temporary stack; the report is target/flood/report.json
    Flood(flood::Options),
    /// Print what a stage costs a month, idle and with quotes, line by line
    Cost(cost::Options),
    /// List the messages of a dead-letter queue, or move them back to their queue
    Redrive(redrive::Options),
    /// Copy the rows of a table that AWS restored under another name into the stage's table
    Restore(restore::Options),
    /// Erase the hub's data about a person or a case, or show the progress of an erasure
    Erase(erase::Options),
    /// Print a token that the local stack accepts
    Token {
        /// May be given more than once
        #[arg(long, value_enum, required = true)]
        role: Vec<Role>,
        #[arg(long)]
        email: String,
        #[arg(long)]
        sub: String,
        /// The token's lifetime; the stack refuses a longer one than a day
        #[arg(long, default_value_t = stack::TOKEN_HOURS, value_parser = clap::value_parser!(u32).range(1..=24))]
        hours: u32,
        /// The folder of the stack whose key signs the token; default `target/local`
        #[arg(long)]
        stack_dir: Option<PathBuf>,
    },
    /// Create channels of the BQS API
    #[command(subcommand)]
    Channel(ChannelTask),
    /// List the case changes that wait for an operator, and decide them
    #[command(subcommand)]
    Forward(forward::Forward),
    /// Follow the guides for a new function, funder and webhook in a copy of the tree, and test the result
    Recipes {
        /// A file under infra/recipes to leave out, to show that a check notices
        #[arg(long)]
        without: Option<PathBuf>,
    },
    /// Plant each mistake of infra/mutants in a copy of the tree: the tests of two domains must find it
    Mutants {
        /// Only the mistakes with this text in their names
        filter: Option<String>,
    },
    /// Build a stage's release as a folder that `sam deploy -t` deploys: target/package/STAGE-ARCH
    Package(package::Options),
    /// Check format, lints, words, imports, dependencies, templates and the API document
    Check {
        /// Also the slow checks: the guides' recipes, the bench's guard, `sam build`, a function for arm64, generated clients and the API page
        #[arg(long)]
        deep: bool,
    },
}

#[derive(Subcommand)]
enum ChannelTask {
    /// Create a channel directly in its table and print its API key; needed for the first admin
    Create {
        #[command(flatten)]
        channel: channel::Channel,
        /// The environment of samconfig.toml; all except `local` are on AWS and use your own credentials
        #[arg(long, default_value = settings::LOCAL)]
        stage: String,
        /// The folder of a local stack; default `target/local`
        #[arg(long)]
        stack_dir: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = signals::install_handlers().and_then(|()| perform(options.command));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("cargo xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<()> {
    match task {
        Task::Up { detach } => up::up(detach),
        Task::Down => up::down(),
        Task::Invoke { function, event } => invoke::invoke(&function, event),
        Task::Test { filter } => test::test(filter.as_deref()),
        Task::Bench(options) => bench::bench(&options),
        Task::Fuzz(options) => fuzz::fuzz(&options),
        Task::Soak(options) => soak::soak(&options),
        Task::Flood(options) => flood::flood(&options),
        Task::Docs => docs::docs(),
        Task::Requests => requests::requests(),
        Task::Cost(options) => cost::cost(&options),
        Task::Redrive(options) => redrive::redrive(&options),
        Task::Restore(options) => restore::restore(&options),
        Task::Erase(options) => erase::erase(&options),
        Task::Recipes { without } => recipes::recipes(without.as_deref()),
        Task::Mutants { filter } => mutants::mutants(filter.as_deref()),
        Task::Package(options) => package::package(&options),
        Task::Check { deep } => check::check(deep),
        Task::Forward(task) => forward::forward(&task),
        Task::Channel(ChannelTask::Create {
            channel,
            stage,
            stack_dir,
        }) => channel::create(&channel, &stage, stack_dir.as_deref()),
        Task::Env { stack_dir } => exports::env(stack_dir),
        Task::Logs(options) => logs::logs(&options),
        Task::Order(options) => order::order(&options),
        Task::Token {
            role,
            email,
            sub,
            hours,
            stack_dir,
        } => {
            let stack = stack::folder(stack_dir)?;
            let token = Signer::of_stack(&stack)?.token(&Person::new(&role, &email, &sub), hours)?;
            progress::print(token);
            Ok(())
        }
    }
}
