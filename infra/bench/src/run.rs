//! The whole measurement.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::bars;
use crate::bench::Bench;
use crate::cost::{self, Dollars};
use crate::event::RequestKind;
use crate::failure::Result;
use crate::html;
use crate::measure::throttle::Throttle;
use crate::measure::{cold, instructions, round_trips, scaling, warm, zip};
use crate::progress::{line, note};
use crate::report::{BuildTime, Report, Row};
use crate::table;
use crate::variant::{self, CONTROL, EMPTY, QUOTE, Variant};

pub async fn run(bench: &Bench, blocks: usize, only: &[String], quick: bool) -> Result<()> {
    let mut variants = variant::all(bench);
    let always = |id: &str| [EMPTY, CONTROL].contains(&id);
    variants.retain(|variant| only.is_empty() || always(variant.id) || only.iter().any(|id| id == variant.id));
    let mut report = Report {
        made_at: SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
        machine: machine(),
        blocks,
        control: None,
        rows: variants.iter().map(Row::of).collect(),
        scaling: None,
        build: BuildTime::read(&bench.out("build-time.json")),
        bars: Vec::new(),
        notes: Vec::new(),
    };
    if report.build.is_none() {
        report
            .notes
            .push("build time: `cargo xtask bench --build-time` measures it".into());
    }
    line(format!(
        "==> {blocks} blocks of three cold starts of each of {} variants",
        variants.len()
    ));
    let mut colds = cold::measure(bench, &variants, blocks).await?;
    for (variant, row) in variants.iter().zip(&mut report.rows) {
        row.cold = colds.remove(variant.id);
        row.zip = Some(zip::size(&variant.program)?);
    }
    line("==> warm requests");
    for (variant, row) in variants.iter().zip(&mut report.rows) {
        warm(bench, variant, row).await?;
    }
    if quick {
        report
            .notes
            .push("--quick: no instructions, no share of a core, no scaling".into());
    } else {
        throttled(bench, &variants, &mut report).await?;
        instructions(bench, &variants, &mut report).await?;
        scale(bench, &variants, &mut report).await?;
    }
    finish(bench, report)
}

async fn warm(bench: &Bench, variant: &Variant, row: &mut Row) -> Result<()> {
    if variant.starts_only() {
        return Ok(());
    }
    note(variant.label);
    let steady = warm::steady(bench, variant).await?;
    row.steady = Some(steady);
    if variant.kind.stores() {
        let times = warm::times(bench, variant, None).await?;
        let trips = round_trips::measure(bench, variant).await?;
        let waited = if variant.kind == RequestKind::Quote {
            cost::FUNDER_MS
        } else {
            0.0
        };
        row.dollars = Some(Dollars::of(waited + times.p50, &trips, steady.log_bytes)?);
        row.round_trips = Some(trips);
        match variant.kind {
            RequestKind::Quote => row.added = Some(times),
            _ => row.request = Some(times),
        }
    }
    Ok(())
}

async fn throttled(bench: &Bench, variants: &[Variant], report: &mut Report) -> Result<()> {
    line("==> warm requests on 7.2 % of a core");
    let throttle = match Throttle::make() {
        Ok(throttle) => throttle,
        Err(failure) => {
            report
                .notes
                .push(format!("7.2 % of a core: not measured here, {failure}"));
            return Ok(());
        }
    };
    for (variant, row) in variants.iter().zip(&mut report.rows) {
        if variant.starts_only() || !variant.kind.stores() {
            continue;
        }
        note(variant.label);
        let times = warm::times(bench, variant, Some(&throttle)).await?;
        match variant.kind {
            RequestKind::Quote => row.added_throttled = Some(times),
            _ => row.request_throttled = Some(times),
        }
    }
    report.notes.push(
        "7.2 % of a core is 7.2 ms in each 100 ms: it rarely delays a quote, which takes about a millisecond after each 20 ms of \
         waiting. The p99 shows the delayed ones"
            .into(),
    );
    Ok(())
}

async fn instructions(bench: &Bench, variants: &[Variant], report: &mut Report) -> Result<()> {
    line("==> instructions");
    if !instructions::installed() {
        report.notes.push("instructions: valgrind is not installed".into());
        return Ok(());
    }
    for (variant, row) in variants.iter().zip(&mut report.rows) {
        if variant.id != CONTROL {
            note(variant.label);
            // If valgrind cannot run a variant, the others are still measured.
            match instructions::measure(bench, variant).await {
                Ok(counted) => row.instructions = Some(counted),
                Err(failure) => report
                    .notes
                    .push(format!("instructions of {}: {failure}", variant.label)),
            }
        }
    }
    Ok(())
}

async fn scale(bench: &Bench, variants: &[Variant], report: &mut Report) -> Result<()> {
    let Some(variant) = variants.iter().find(|variant| variant.id == QUOTE) else {
        return Ok(());
    };
    line(format!("==> {} processes at once", scaling::PROCESSES));
    report.scaling = Some(scaling::measure(bench, variant).await?);
    Ok(())
}

fn finish(bench: &Bench, mut report: Report) -> Result<()> {
    report.find_control();
    report.bars = bars::all(&report);
    table::print(&report);
    let (json, page) = (bench.out("report.json"), bench.out("report.html"));
    report.write(&json)?;
    fs::write(&page, html::page(&report))?;
    line(format!("\n{}\n{}", json.display(), page.display()));
    match report.control.and_then(|control| control.fault()) {
        Some(fault) => Err(format!("the run is void: {fault}").into()),
        None => Ok(()),
    }
}

fn machine() -> String {
    let described = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = described.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown processor", |model| model.trim_start_matches(['\t', ' ', ':']));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model}, {cores} cores, {}", std::env::consts::ARCH)
}
