//! The bars and moonshots of the bench, with this run's figures.

use crate::bar::{Bar, Unit};
use crate::measure::warm;
use crate::report::Report;
use crate::variant::{CASE, CASE_COLD_IO, EMPTY, QUOTE, QUOTE_COLD_IO, STOCK, WEBHOOK, WEBHOOK_COLD_IO};

pub fn all(report: &Report) -> Vec<Bar> {
    [starts(report), requests(report), sizes(report), other_domains(report)].concat()
}

fn starts(report: &Report) -> Vec<Bar> {
    let total = |id| report.instructions(id).map(|counted| counted.total);
    let [init, init_instructions] = inits(report, "heaviest", QUOTE_COLD_IO);
    vec![
        init,
        init_instructions,
        Bar::at_most(
            "cold total instructions, against the stock SDK",
            Unit::Fraction,
            quotient(total(QUOTE), total(STOCK)),
            1.0 / 20.0,
            1.0 / 60.0,
        ),
    ]
}

/// `id` names a variant that opens no connections during init.
fn inits(report: &Report, name: &str, id: &str) -> [Bar; 2] {
    let instructions = |id| report.instructions(id).map(|counted| counted.init);
    let ratio = report.cold(id).map(|cold| cold.init_ratio);
    [
        Bar {
            interval: ratio.map(|ratio| (ratio.low, ratio.high)),
            ..Bar::at_most(
                format!("init, {name} / empty, warm-up I/O off"),
                Unit::Ratio,
                ratio.map(|ratio| ratio.median),
                1.5,
                1.3,
            )
        },
        Bar::at_most(
            format!("init instructions, {name} / empty, warm-up I/O off"),
            Unit::Ratio,
            quotient(instructions(id), instructions(EMPTY)),
            5.0,
            2.5,
        ),
    ]
}

fn quotient(above: Option<u64>, below: Option<u64>) -> Option<f64> {
    Some(above? as f64 / below? as f64)
}

fn resident(report: &Report, name: &str, id: &str) -> Bar {
    let steady = report.row(id).and_then(|row| row.steady);
    Bar::at_most(
        format!("RSS after 1,000 requests, {name}"),
        Unit::Megabytes,
        steady.map(|steady| steady.resident as f64 / 1e6),
        20.0,
        12.0,
    )
}

/// The bars for every function, applied to those of the other domains.
fn other_domains(report: &Report) -> Vec<Bar> {
    let each = [(CASE, CASE_COLD_IO), (WEBHOOK, WEBHOOK_COLD_IO)];
    let mut bars: Vec<Bar> = each
        .into_iter()
        .flat_map(|(id, starting)| {
            let [init, instructions] = inits(report, id, starting);
            [init, instructions, resident(report, id, id)]
        })
        .collect();
    let request = report.row(WEBHOOK).and_then(|row| row.request);
    bars.push(Bar {
        moonshot: None,
        ..Bar::at_most(
            format!("webhook, p99, AWS {} ms", warm::AWS_MS),
            Unit::Millis,
            request.map(|request| request.p99),
            300.0,
            300.0,
        )
    });
    bars
}

fn requests(report: &Report) -> Vec<Bar> {
    let quote = report.row(QUOTE);
    let trips = quote.and_then(|row| row.round_trips.as_ref());
    vec![
        Bar::at_most(
            "warm instructions per quote",
            Unit::Millions,
            report.instructions(QUOTE).map(|counted| counted.warm as f64 / 1e6),
            1.5,
            0.8,
        ),
        Bar::at_most(
            "added over the funder, p50, full core",
            Unit::Millis,
            quote.and_then(|row| Some(row.added?.p50)),
            3.0,
            1.5,
        ),
        Bar::at_most(
            "added over the funder, p50, 7.2 % of a core",
            Unit::Millis,
            quote.and_then(|row| Some(row.added_throttled?.p50)),
            15.0,
            6.0,
        ),
        Bar::at_most(
            "DynamoDB serial trips per quote",
            Unit::Count,
            trips.map(|trips| trips.serial as f64),
            1.0,
            1.0,
        ),
        Bar::at_most(
            "DynamoDB write units per quote",
            Unit::Count,
            trips.map(|trips| f64::from(trips.write_units)),
            6.0,
            4.0,
        ),
    ]
}

fn sizes(report: &Report) -> Vec<Bar> {
    let quote = report.row(QUOTE);
    let zip = quote.and_then(|row| row.zip).map(|zip| zip as f64 / 1e6);
    let minutes = report.build.as_ref().map(|build| build.seconds / 60.0);
    vec![
        resident(report, "heaviest", QUOTE),
        Bar::at_most("zip, heaviest", Unit::Megabytes, zip, 5.0, 2.5),
        Bar {
            rising: true,
            ..Bar::at_most(
                "rps(64 processes) / (64 x rps(1)), 200 ms funder",
                Unit::Ratio,
                report.scaling.map(|scaling| scaling.share),
                0.9,
                0.97,
            )
        },
        Bar::at_most(
            "clean release build of every function",
            Unit::Minutes,
            minutes,
            20.0,
            10.0,
        ),
    ]
}
