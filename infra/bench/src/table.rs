//! The report as text: a column for each variant, a line for each figure, then the bars.

use crate::progress::line;
use crate::report::{Report, Row};
use crate::stats::Estimate;

/// A figure: its name, and its text for a row.
pub type Figure = (&'static str, fn(&Row) -> Option<String>);

pub const FIGURES: &[Figure] = &[
    ("init ms", |row| row.cold.as_ref().map(|cold| millis(cold.init))),
    ("init / empty", |row| {
        row.cold.as_ref().map(|cold| ratio(cold.init_ratio))
    }),
    ("cold total ms", |row| row.cold.as_ref().map(|cold| millis(cold.total))),
    ("cold total / empty", |row| {
        row.cold.as_ref().map(|cold| ratio(cold.total_ratio))
    }),
    ("cold CPU ms", |row| {
        row.cold.as_ref().map(|cold| format!("{:.1}", cold.cpu))
    }),
    ("init instructions", |row| {
        row.instructions.map(|counted| thousands(counted.init))
    }),
    ("cold total instructions", |row| {
        row.instructions.map(|counted| thousands(counted.total))
    }),
    ("warm instructions", |row| {
        row.instructions.map(|counted| thousands(counted.warm))
    }),
    ("warm CPU ms", |row| {
        row.steady.map(|steady| format!("{:.2}", steady.cpu))
    }),
    ("added ms p50 / p99", |row| {
        row.added.map(|added| format!("{:.2} / {:.2}", added.p50, added.p99))
    }),
    ("added ms, 7.2 % core", |row| {
        row.added_throttled
            .map(|added| format!("{:.2} / {:.2}", added.p50, added.p99))
    }),
    // The delay in the name is `warm::AWS_MS`; a test compares them.
    ("request ms p50 / p99, AWS 5 ms", |row| {
        row.request.map(|times| format!("{:.2} / {:.2}", times.p50, times.p99))
    }),
    ("request ms, AWS 5 ms, 7.2 % core", |row| {
        row.request_throttled
            .map(|times| format!("{:.2} / {:.2}", times.p50, times.p99))
    }),
    ("RSS / peak MB", |row| {
        let megabytes = |bytes| bytes as f64 / 1e6;
        let steady = row.steady?;
        Some(format!(
            "{:.1} / {:.1}",
            megabytes(steady.resident),
            megabytes(steady.peak)
        ))
    }),
    ("zip MB", |row| row.zip.map(|zip| format!("{:.2}", zip as f64 / 1e6))),
    ("cold TCP / TLS", |row| {
        row.cold
            .as_ref()
            .map(|cold| format!("{} / {}", cold.traffic.connections, cold.traffic.handshakes))
    }),
    ("cold requests", |row| {
        let requests = &row.cold.as_ref()?.traffic.requests;
        Some(requests.iter().map(|(_, count)| count).sum::<u32>().to_string())
    }),
    ("DynamoDB trips / serial", |row| {
        row.round_trips
            .as_ref()
            .map(|trips| format!("{} / {}", trips.dynamo, trips.serial))
    }),
    ("write units", |row| {
        row.round_trips.as_ref().map(|trips| trips.write_units.to_string())
    }),
    ("log bytes per request", |row| {
        row.steady.map(|steady| steady.log_bytes.to_string())
    }),
    ("$ per million requests", |row| {
        row.dollars.map(|dollars| format!("{:.2}", dollars.total))
    }),
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
    line("");
    columns(&lines);
    operations(report);
    if let Some(control) = report.control {
        line(format!(
            "\nA/A control: init {}, cold total {}",
            ratio(control.init),
            ratio(control.total)
        ));
    }
    if let Some(scaling) = report.scaling {
        line(format!(
            "scaling: {:.1} rps alone, {:.0} rps by 64 processes",
            scaling.one, scaling.many
        ));
    }
    line("");
    let heading = ["figure", "measured", "bar", "moonshot", ""]
        .map(str::to_owned)
        .to_vec();
    let bars = report.bars.iter().map(|bar| bar.cells().to_vec());
    columns(&std::iter::once(heading).chain(bars).collect::<Vec<_>>());
    for note in &report.notes {
        line(format!("note: {note}"));
    }
}

/// The requests to the stubs of a cold start and of a warm request.
fn operations(report: &Report) {
    let list = |counts: &[(String, u32)]| {
        let words: Vec<_> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
        words.join(", ")
    };
    for row in &report.rows {
        if let (Some(cold), Some(trips)) = (&row.cold, &row.round_trips) {
            let (cold, warm) = (list(&cold.traffic.requests), list(&trips.operations));
            line(format!("{}: cold {cold}; warm {warm}", row.label));
        }
    }
}

fn columns(lines: &[Vec<String>]) {
    let widths: Vec<usize> = (0..lines.iter().map(Vec::len).max().unwrap_or_default())
        .map(|column| {
            lines
                .iter()
                .filter_map(|line| Some(line.get(column)?.chars().count()))
                .max()
                .unwrap_or_default()
        })
        .collect();
    for row in lines {
        let cells: Vec<_> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        line(cells.join("  ").trim_end());
    }
}

fn millis(estimate: Estimate) -> String {
    format!("{:.2} ({:.2}-{:.2})", estimate.median, estimate.low, estimate.high)
}

fn ratio(estimate: Estimate) -> String {
    format!("{:.3} ({:.3}-{:.3})", estimate.median, estimate.low, estimate.high)
}

pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::warm;

    #[test]
    fn the_names_of_the_request_times_have_the_delay_of_aws() {
        let delay = format!("AWS {} ms", warm::AWS_MS);
        let figures = FIGURES.iter().filter(|(name, _)| name.starts_with("request ms"));
        assert_eq!(figures.filter(|(name, _)| name.contains(&delay)).count(), 2);
    }
}
