//! A column for each build, a line for each figure: medians, times with their 95 % intervals.

use super::{Report, Row};
use crate::progress::say;
use crate::stats::Estimate;
use crate::table::{columns, millis, thousands};

type Figure = (&'static str, fn(&Row) -> Option<String>);

const FIGURES: &[Figure] = &[
    ("start instructions", |row| {
        row.instructions.map(|counts| whole(counts.start))
    }),
    ("init instructions", |row| {
        row.instructions.map(|counts| whole(counts.init))
    }),
    ("first handshake instructions", |row| {
        row.instructions.map(|counts| whole(counts.first))
    }),
    ("second handshake instructions", |row| {
        row.instructions.map(|counts| whole(counts.second))
    }),
    ("init + first handshake ms", |row| {
        row.times.map(|times| millis(times.first))
    }),
    ("whole process ms", |row| row.times.map(|times| millis(times.life))),
    ("second handshake ms", |row| row.times.map(|times| millis(times.second))),
    ("RS256 verifications per s", |row| {
        let Estimate { median, low, high } = row.times?.verifications;
        Some(format!("{median:.0} ({low:.0}-{high:.0})"))
    }),
    ("stripped binary bytes", |row| Some(thousands(row.bytes))),
];

pub fn print(report: &Report) {
    let header = std::iter::once(String::new()).chain(report.rows.iter().map(|row| row.label.to_owned()));
    let mut lines: Vec<Vec<String>> = vec![header.collect()];
    for (name, show) in FIGURES {
        let cells = report
            .rows
            .iter()
            .map(|row| show(row).unwrap_or_else(|| "-".to_owned()));
        lines.push(std::iter::once((*name).to_owned()).chain(cells).collect());
    }
    say(format!("\n{}", report.machine));
    columns(&lines);
    for note in &report.notes {
        say(format!("note: {note}"));
    }
}

fn whole(estimate: Estimate) -> String {
    thousands(estimate.median as u64)
}
