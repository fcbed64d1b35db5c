//! The developer's tool: `cargo xtask` runs Trunkline on this machine, tests it and checks it.

#![expect(
    clippy::disallowed_methods,
    reason = "no part of the hub: it has the shell's environment and clock"
)]

mod aws;
mod bench;
mod build;
mod channel;
mod check;
mod code;
mod container;
mod credentials;
mod deploy;
mod docs;
mod edit;
mod failure;
mod files;
mod forward;
mod fuzz;
mod http;
mod invoke;
mod leaks;
mod names;
mod process;
mod progress;
mod recipes;
mod redrive;
mod scripts;
mod services;
mod settings;
mod site;
mod soak;
mod stack;
mod template;
mod test;
mod token;
mod up;
mod venv;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failure::Result;
use crate::token::{Person, Role, Signer};
use crate::workspace::Workspace;

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
    /// Build, start the emulator and the partner simulators, deploy template.yaml, seed it, and say how to use it
    Up {
        /// Leave it running; `down` stops it
        #[arg(long)]
        detach: bool,
    },
    /// Stop what `up --detach` left running
    Down,
    /// Run one function in SAM's container against the stack that is up; needs Docker
    Invoke {
        /// The function's name, such as funders-quote-generate
        function: String,
        /// An event; the function's sample, with a good token, unless given
        #[arg(long)]
        event: Option<PathBuf>,
    },
    /// Run every test, the end-to-end ones on a stack of their own
    Test,
    /// Measure the functions beside an empty one, the stock SDK, Node and Python
    Bench(bench::Options),
    /// Try the API page in headless Chromium, on a stack of its own; the picture is target/docs/api-docs.png
    Docs,
    /// Put schemathesis to the API document on a stack of its own; the report is target/fuzz/report.json
    Fuzz(fuzz::Options),
    /// Put MMOB's orders to a stack whose functions are killed; the report is target/soak/report.json
    Soak(soak::Options),
    /// Show what a queue's workers gave up on, or bring it back before them
    Redrive(redrive::Options),
    /// Print a token that the local stack accepts
    Token {
        #[arg(long, value_enum)]
        role: Role,
        #[arg(long)]
        email: String,
        #[arg(long)]
        sub: String,
        /// How long it lasts
        #[arg(long, default_value_t = stack::TOKEN_HOURS)]
        hours: u32,
        /// The stack whose key signs it; `target/local` unless given
        #[arg(long)]
        stack_dir: Option<PathBuf>,
    },
    /// Channels of the BQS API
    #[command(subcommand)]
    Channel(ChannelTask),
    /// Changes of cases that were not sent on to BQS and wait for an operator
    #[command(subcommand)]
    Forward(forward::Forward),
    /// Follow README's recipes for a new function and a new funder in a copy of the tree, and test what comes of it
    Recipes {
        /// A file under infra/recipes to leave out, to see that it is missed
        #[arg(long)]
        without: Option<PathBuf>,
    },
    /// Format, lints, dependencies and templates
    Check {
        /// Also what is slow: README's recipes, the bench's guard, `sam build` of the template, the API page in a browser
        #[arg(long)]
        deep: bool,
    },
}

#[derive(Subcommand)]
enum ChannelTask {
    /// Make a channel in the table itself and print its api key: how the first admin comes about
    Create {
        #[command(flatten)]
        channel: channel::Channel,
        /// An environment of samconfig.toml: the local stack, or AWS with the shell's own credentials
        #[arg(long, default_value = settings::LOCAL)]
        stage: String,
    },
}

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = process::heed_signals().and_then(|()| perform(options.command));
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
        Task::Invoke { function, event } => container::invoke(&function, event),
        Task::Test => test::test(),
        Task::Bench(options) => bench::bench(&options),
        Task::Fuzz(options) => fuzz::fuzz(&options),
        Task::Soak(options) => soak::soak(&options),
        Task::Docs => docs::docs(),
        Task::Redrive(options) => redrive::redrive(&options),
        Task::Recipes { without } => recipes::recipes(without.as_deref()),
        Task::Check { deep } => check::check(deep),
        Task::Forward(task) => forward::forward(&task),
        Task::Channel(ChannelTask::Create { channel, stage }) => channel::create(&channel, &stage),
        Task::Token {
            role,
            email,
            sub,
            hours,
            stack_dir,
        } => {
            let stack = match stack_dir {
                Some(given) => given,
                None => Workspace::load()?.target.join(up::LOCAL),
            };
            let token = Signer::of_stack(&stack)?.token(&Person::new(role, &email, &sub), hours)?;
            progress::say(token);
            Ok(())
        }
    }
}
