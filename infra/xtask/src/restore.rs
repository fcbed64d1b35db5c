//! `restore`: copies the rows of a table that AWS restored under another name into the stage's table.
//!
//! A row that is missing is put if it is still absent. A row that differs stays as it is, unless `--replace` is given; then it is
//! replaced if nothing has changed it since it was compared. So a run can be interrupted and repeated. At its end it reopens the
//! erasures of the table's domain, whose rows may be back.

mod plan;
mod tables;

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::erase;
use crate::failure::{Context, Result};
use crate::progress::{note, print};
use crate::session::Session;
use crate::settings;
use crate::signals;
use crate::stack;
use plan::{Comparison, Counts, RowWrite, chunks, compare};
use tables::{DynamoTables, Tables};

/// Rows after which the command prints its progress.
const REPORT_EVERY: usize = 10_000;

#[derive(Args)]
pub struct Options {
    /// The table's name in stack.json, such as cases
    #[arg(long)]
    table: String,
    /// The name of the table that AWS restored
    #[arg(long)]
    from: String,
    /// Count the rows and write none
    #[arg(long, conflicts_with_all = ["replace", "max_rate"])]
    dry_run: bool,
    /// Also replace the rows that differ, which undoes what the hub has done since
    #[arg(long)]
    replace: bool,
    /// Maximum rows a second
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    max_rate: u32,
    /// The environment of samconfig.toml; all except `local` are on AWS and use your own credentials
    #[arg(long, default_value = settings::LOCAL)]
    stage: String,
    /// The folder of the local stack; default `target/local`
    #[arg(long)]
    stack_dir: Option<PathBuf>,
}

pub fn restore(options: &Options) -> Result<()> {
    let session = Session::open(&options.stage, options.stack_dir.as_deref())?;
    let known = stack::outputs_with_prefix(&session.outputs, "Table");
    let table = find(&known, &options.table)?;
    let tables = DynamoTables::open(&session, &options.table, table, &options.from)?;
    let counts = count(&tables)?;
    print(counts.line());
    if options.dry_run {
        return Ok(());
    }
    tables.record(&counts, options.replace)?;
    let written = copy(&tables, options.replace, options.max_rate)?;
    print(format!(
        "{} put, {} replaced, {} left because they changed meanwhile",
        written.put, written.replaced, written.raced
    ));
    match domain(&options.table) {
        // The rows of people who were erased may be back.
        Some(domain) => erase::replay(&session.aws, session.output("TableErasures")?, Some(domain)),
        None => Ok(()),
    }
}

/// The deployed name of a table.
fn find<'a>(known: &'a Map<String, Value>, name: &str) -> Result<&'a str> {
    let found = known.get(name).and_then(Value::as_str);
    let names = || known.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    found.context(format!("no table {name}; there are {}", names()))
}

/// The domain whose table has personal data.
fn domain(table: &str) -> Option<&'static str> {
    match table {
        "funders" => Some("funders"),
        "cases" => Some("bqs"),
        "mmob" => Some("mmob"),
        _ => None,
    }
}

/// Compares all rows, page by page.
fn each_page(tables: &impl Tables, mut use_page: impl FnMut(Vec<Comparison>) -> Result<()>) -> Result<()> {
    let (mut last, mut seen) = (None, 0);
    loop {
        signals::fail_if_interrupted()?;
        let page = tables.page(last.as_ref())?;
        let current = tables.current(&page.rows)?;
        let now = Timestamp::now().as_second();
        let before = seen / REPORT_EVERY;
        seen += page.rows.len();
        let rows = page.rows.into_iter().zip(current);
        use_page(rows.map(|(row, current)| compare(row, current, now)).collect())?;
        if seen / REPORT_EVERY > before {
            note(format!("{seen} rows so far"));
        }
        if page.last.is_none() {
            return Ok(());
        }
        last = page.last;
    }
}

fn count(tables: &impl Tables) -> Result<Counts> {
    let mut counts = Counts::default();
    each_page(tables, |page| {
        page.iter().for_each(|row| counts.add(row));
        Ok(())
    })?;
    Ok(counts)
}

/// What a copy has written.
#[derive(Debug, Default, PartialEq)]
struct Written {
    put: usize,
    replaced: usize,
    /// Rows that the hub wrote between the comparison and the write. They stay as they are.
    raced: usize,
}

fn copy(tables: &impl Tables, replace: bool, rate: u32) -> Result<Written> {
    let mut written = Written::default();
    each_page(tables, |page| {
        let writes: Vec<RowWrite> = page.into_iter().filter_map(|row| row.into_write(replace)).collect();
        for some in chunks(&writes, rate) {
            signals::fail_if_interrupted()?;
            let started = Instant::now();
            if tables.write(some)? {
                some.iter().for_each(|write| written.add(write));
            } else {
                // One of them refused all.
                for write in some {
                    match tables.write(std::slice::from_ref(write))? {
                        true => written.add(write),
                        false => written.raced += 1,
                    }
                }
            }
            let due = Duration::from_secs(1) * u32::try_from(some.len()).unwrap_or(rate) / rate;
            thread::sleep(due.saturating_sub(started.elapsed()));
        }
        Ok(())
    })?;
    Ok(written)
}

impl Written {
    fn add(&mut self, write: &RowWrite) {
        match write.before {
            None => self.put += 1,
            Some(_) => self.replaced += 1,
        }
    }
}

#[cfg(test)]
mod tests;
