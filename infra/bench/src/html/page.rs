//! The sections of the page.

use super::chart::{Chart, Line};
use super::escape::escape;
use crate::bar::{Bar, Verdict};
use crate::cost::FUNDER_MS;
use crate::measure::warm;
use crate::report::Report;
use crate::table::{FIGURES, Figure};

const STYLE: &str = include_str!("style.css");

/// Published figures for arm64 at 128 MB, from performance.md: cold start and warm p50 in milliseconds.
const ANCHORS: [(&str, f64, f64); 5] = [
    ("empty Rust", 13.8, 1.4),
    ("LLRT, DynamoDB put", 64.0, 14.9),
    ("stock Rust + SDK, batch", 892.0, 15.3),
    ("Python 3.13, same", 785.0, 75.0),
    ("Node 20, same", 1460.0, 95.0),
];

pub fn page(report: &Report) -> String {
    let parts = [
        heading(report),
        cold(report).svg(),
        warm(report).svg(),
        bars(report),
        figures(report),
        details(report),
    ];
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>Trunkline: how fast</title><style>{STYLE}</style></head><body>{}</body></html>\n",
        parts.join("\n")
    )
}

fn heading(report: &Report) -> String {
    let control = report.control.map_or_else(String::new, |control| {
        let verdict = match control.fault() {
            Some(_) => "<strong class=\"miss\">void: the control lies outside 0.95 to 1.05</strong>",
            None => "within 0.95 to 1.05",
        };
        format!(
            " The empty function against itself: init {:.3}, cold total {:.3}; {verdict}.",
            control.init.median, control.total.median
        )
    });
    format!(
        "<h1>How fast Trunkline is</h1><p>One quote with one funder, the same work on the same stubs over TLS, on {}; beside it, the functions \
         that create a case and take a marketplace's webhook. {} blocks of three cold starts of each variant, interleaved; medians with \
         95 % intervals.{control}</p>",
        escape(&report.machine),
        report.blocks
    )
}

fn cold(report: &Report) -> Chart {
    let measured = report.rows.iter().filter_map(|row| {
        let total = row.cold.as_ref()?.total;
        Some(Line {
            label: row.label.to_owned(),
            value: total.median,
            interval: Some((total.low, total.high)),
            published: false,
        })
    });
    let published = ANCHORS.iter().map(|(label, cold, _)| Line::published(label, *cold));
    Chart {
        title: "Cold start: from exec to the first answer, milliseconds",
        note: "Measured here without Lambda's own overhead. Published figures are Lambda's, on arm64 with 128 MB; the empty function's \
               excludes its first request. Logarithmic.",
        lines: measured.chain(published).collect(),
    }
}

fn warm(report: &Report) -> Chart {
    let added = report.rows.iter().flat_map(|row| {
        let line = |label: String, value: f64| Line {
            label,
            value,
            interval: None,
            published: false,
        };
        let whole = row.added.map(|added| line(row.label.to_owned(), added.p50));
        let share = row
            .added_throttled
            .map(|added| line(format!("{}, 7.2 % of a core", row.label), added.p50));
        whole.into_iter().chain(share)
    });
    let published = ANCHORS.iter().map(|(label, _, warm)| Line::published(label, *warm));
    Chart {
        title: "Warm quote: time added over the funder's own, p50, milliseconds",
        note: "Published figures are whole warm invocations of a DynamoDB function, without a funder. Logarithmic.",
        lines: added.chain(published).collect(),
    }
}

fn bars(report: &Report) -> String {
    let line = |bar: &Bar| {
        let class = match bar.verdict() {
            Verdict::Moonshot => "moonshot",
            Verdict::Pass => "pass",
            Verdict::Miss => "miss",
            Verdict::NotMeasured => "unknown",
        };
        let cells = bar.cells().map(|cell| format!("<td>{}</td>", escape(&cell)));
        format!("<tr class=\"{class}\">{}</tr>", cells.join(""))
    };
    format!(
        "<h2>Bars and moonshots</h2><table class=\"bars\"><tr><th>figure</th><th>measured</th><th>bar</th><th>moonshot</th>\
         <th></th></tr>{}</table>",
        report.bars.iter().map(line).collect::<String>()
    )
}

fn figures(report: &Report) -> String {
    let header: String = report
        .rows
        .iter()
        .map(|row| format!("<th>{}</th>", escape(row.label)))
        .collect();
    let line = |(name, show): &Figure| {
        let cells: String = report
            .rows
            .iter()
            .map(|row| format!("<td>{}</td>", escape(&show(row).unwrap_or_else(|| "-".to_owned()))))
            .collect();
        format!("<tr><th>{}</th>{cells}</tr>", escape(name))
    };
    format!(
        "<h2>Every figure</h2><div class=\"wide\"><table><tr><th></th>{header}</tr>{}</table></div>",
        FIGURES.iter().map(line).collect::<String>()
    )
}

fn details(report: &Report) -> String {
    let mut lines = vec![
        format!("Added times: 500 warm quotes with a funder of {} ms.", warm::FUNDER_MS),
        format!(
            "Request times: 500 warm requests; DynamoDB and SQS take {} ms for each answer.",
            warm::AWS_MS
        ),
        format!(
            "Dollars: a quote's funder takes {FUNDER_MS:.0} ms; 256 MB, no cold starts, taxes or free tiers; the prices of \
             infra/cost/prices.json."
        ),
        "valgrind counts the instructions and hides the processor's SHA extensions, so hashing counts for more than it costs."
            .to_owned(),
    ];
    lines.extend(report.scaling.map(|scaling| {
        format!(
            "One process makes {:.1} quotes a second, 64 make {:.0}.",
            scaling.one, scaling.many
        )
    }));
    lines.extend(report.notes.iter().cloned());
    let items: String = lines.iter().map(|line| format!("<li>{}</li>", escape(line))).collect();
    format!("<h2>Method</h2><ul>{items}</ul>")
}
