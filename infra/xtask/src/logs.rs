//! `logs`: the lines that the functions of the running stack have logged, those of all domains in the order of time.

mod line;
mod source;

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use crate::failure::Result;
use crate::progress::print;
use crate::signals;
use crate::stack;
use line::Formatter;
use source::Source;

const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How far back, in minutes, without `--since` and `--correlation`.
const DEFAULT_MINUTES: u32 = 10;

#[derive(Args)]
pub struct Options {
    /// Follow new lines until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    /// Only the lines of the request with this correlation id: the `x-correlation-id` of its response
    #[arg(long, value_name = "ID")]
    correlation: Option<String>,
    /// Minutes to look back; default 10, or all with --correlation
    #[arg(long, value_name = "MINUTES")]
    since: Option<u32>,
    /// Print the lines as the functions wrote them
    #[arg(long)]
    json: bool,
    /// The folder of the stack; default `target/local`
    #[arg(long)]
    stack_dir: Option<PathBuf>,
}

pub fn logs(options: &Options) -> Result<()> {
    let dir = stack::folder(options.stack_dir.clone())?;
    stack::must_run(&dir)?;
    let formatter = Formatter {
        functions: stack::functions(&dir)?,
        correlation: options.correlation.clone(),
        json: options.json,
    };
    let mut source = Source::new(&dir, options.begin(Timestamp::now()))?;
    loop {
        for event in source.poll()? {
            if let Some(line) = formatter.line(&event) {
                print(line);
            }
        }
        if !options.follow || signals::interrupted() {
            return Ok(());
        }
        thread::sleep(POLL_INTERVAL);
    }
}

impl Options {
    /// The time of the first line.
    fn begin(&self, now: Timestamp) -> Timestamp {
        let minutes = match (self.since, &self.correlation) {
            (Some(minutes), _) => minutes,
            (None, Some(_)) => return Timestamp::UNIX_EPOCH,
            (None, None) => DEFAULT_MINUTES,
        };
        let back = SignedDuration::from_mins(minutes.into());
        now.checked_sub(back).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn it_looks_back_ten_minutes_or_as_asked_or_over_everything_of_one_request() {
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        for (arguments, begin) in [
            (&["-f"][..], "2026-11-28T11:50:00Z"),
            (&["--since", "60"], "2026-11-28T11:00:00Z"),
            (&["--correlation", "a"], "1970-01-01T00:00:00Z"),
            (&["--correlation", "a", "--since", "1"], "2026-11-28T11:59:00Z"),
        ] {
            let options = Line::try_parse_from([&["logs"], arguments].concat()).unwrap().options;
            assert_eq!(options.begin(now).to_string(), begin, "{arguments:?}");
            assert_eq!(options.follow, arguments == ["-f"]);
        }
    }
}
