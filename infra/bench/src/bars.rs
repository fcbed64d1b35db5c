//! The bars and moonshots of performance.md, the webhook's of failure.md, and where this run stands.

use serde::Serialize;

use crate::measure::warm;
use crate::report::Report;
use crate::stats::Estimate;
use crate::variant::{CASE, CASE_COLD_IO, EMPTY, NODE, PYTHON, QUOTE, QUOTE_COLD_IO, STOCK, WEBHOOK, WEBHOOK_COLD_IO};

#[derive(Clone, Debug, Serialize)]
pub struct Bar {
    pub figure: String,
    /// What was measured, if it was.
    pub value: Option<f64>,
    pub interval: Option<(f64, f64)>,
    pub bar: f64,
    pub moonshot: Option<f64>,
    pub unit: Unit,
    /// More is better.
    pub rising: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Unit {
    Ratio,
    /// Shown as one part of so many.
    Fraction,
    Millis,
    Count,
    Millions,
    Megabytes,
    Minutes,
}

impl Bar {
    pub fn passes(&self) -> Option<bool> {
        Some(self.reaches(self.value?, self.bar))
    }

    pub fn flies(&self) -> Option<bool> {
        Some(self.reaches(self.value?, self.moonshot?))
    }

    fn reaches(&self, value: f64, mark: f64) -> bool {
        if self.rising { value >= mark } else { value <= mark }
    }

    pub fn verdict(&self) -> &'static str {
        match (self.passes(), self.flies()) {
            (_, Some(true)) => "moonshot",
            (Some(true), _) => "pass",
            (Some(false), _) => "MISS",
            (None, _) => "not measured here",
        }
    }

    pub fn show(&self, value: f64) -> String {
        match self.unit {
            Unit::Ratio => format!("{value:.2}"),
            Unit::Fraction => format!("1/{:.1}", 1.0 / value),
            Unit::Millis => format!("{value:.2} ms"),
            Unit::Count => format!("{value:.0}"),
            Unit::Millions => format!("{value:.2} M"),
            Unit::Megabytes => format!("{value:.2} MB"),
            Unit::Minutes => format!("{value:.1} min"),
        }
    }

    pub fn shown(&self) -> String {
        let value = self.value.map_or_else(|| "-".to_owned(), |value| self.show(value));
        match self.interval {
            Some((low, high)) => format!("{value} ({} to {})", self.show(low), self.show(high)),
            None => value,
        }
    }
}

pub fn all(report: &Report) -> Vec<Bar> {
    [starts(report), requests(report), parcels(report), others(report)].concat()
}

fn lower(figure: impl Into<String>, unit: Unit, value: Option<f64>, bar: f64, moonshot: f64) -> Bar {
    Bar {
        figure: figure.into(),
        value,
        interval: None,
        bar,
        moonshot: Some(moonshot),
        unit,
        rising: false,
    }
}

fn estimated(figure: impl Into<String>, unit: Unit, value: Option<Estimate>, bar: f64, moonshot: f64) -> Bar {
    Bar {
        interval: value.map(|value| (value.low, value.high)),
        ..lower(figure, unit, value.map(|value| value.median), bar, moonshot)
    }
}

fn starts(report: &Report) -> Vec<Bar> {
    let total = |id| report.instructions(id).map(|counted| counted.total);
    let against = |id| Estimate::of_ratios(&report.cold(QUOTE)?.totals, &report.cold(id)?.totals);
    let [init, init_instructions] = inits(report, "heaviest", QUOTE_COLD_IO);
    vec![
        init,
        init_instructions,
        lower(
            "cold total instructions, against the stock SDK",
            Unit::Fraction,
            over(total(QUOTE), total(STOCK)),
            1.0 / 20.0,
            1.0 / 60.0,
        ),
        estimated(
            "cold total, against Node 20 + SDK v3",
            Unit::Fraction,
            against(NODE),
            0.2,
            0.1,
        ),
        estimated(
            "cold total, against Python + Powertools",
            Unit::Fraction,
            against(PYTHON),
            0.2,
            0.1,
        ),
    ]
}

/// `id` is of the variant that opens no connections during init.
fn inits(report: &Report, name: &str, id: &str) -> [Bar; 2] {
    let instructions = |id| report.instructions(id).map(|counted| counted.init);
    [
        estimated(
            format!("init, {name} / empty, warm-up I/O off"),
            Unit::Ratio,
            report.cold(id).map(|cold| cold.init_ratio),
            1.5,
            1.3,
        ),
        lower(
            format!("init instructions, {name} / empty, warm-up I/O off"),
            Unit::Ratio,
            over(instructions(id), instructions(EMPTY)),
            5.0,
            2.5,
        ),
    ]
}

fn over(above: Option<u64>, below: Option<u64>) -> Option<f64> {
    Some(above? as f64 / below? as f64)
}

fn resident(report: &Report, name: &str, id: &str) -> Bar {
    let steady = report.row(id).and_then(|row| row.steady);
    lower(
        format!("RSS after 1,000 requests, {name}"),
        Unit::Megabytes,
        steady.map(|steady| steady.resident as f64 / 1e6),
        20.0,
        12.0,
    )
}

/// What holds for every function, of those in other domains.
fn others(report: &Report) -> Vec<Bar> {
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
        ..lower(
            format!("webhook, p99, AWS {} ms", warm::AWS),
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
    let trips = quote.and_then(|row| row.trips.as_ref());
    vec![
        lower(
            "warm instructions per quote",
            Unit::Millions,
            report.instructions(QUOTE).map(|counted| counted.warm as f64 / 1e6),
            1.5,
            0.8,
        ),
        lower(
            "added over the funder, p50, full core",
            Unit::Millis,
            quote.and_then(|row| Some(row.added?.p50)),
            3.0,
            1.5,
        ),
        lower(
            "added over the funder, p50, 7.2 % of a core",
            Unit::Millis,
            quote.and_then(|row| Some(row.added_throttled?.p50)),
            15.0,
            6.0,
        ),
        lower(
            "DynamoDB serial trips per quote",
            Unit::Count,
            trips.map(|trips| trips.serial as f64),
            1.0,
            1.0,
        ),
        lower(
            "DynamoDB write units per quote",
            Unit::Count,
            trips.map(|trips| f64::from(trips.write_units)),
            6.0,
            4.0,
        ),
    ]
}

fn parcels(report: &Report) -> Vec<Bar> {
    let quote = report.row(QUOTE);
    let zip = quote.and_then(|row| row.zip).map(|zip| zip as f64 / 1e6);
    let minutes = report.build.as_ref().map(|build| build.seconds / 60.0);
    vec![
        resident(report, "heaviest", QUOTE),
        lower("zip, heaviest", Unit::Megabytes, zip, 5.0, 2.5),
        Bar {
            rising: true,
            ..lower(
                "rps(64 processes) / (64 x rps(1)), 200 ms funder",
                Unit::Ratio,
                report.scaling.map(|scaling| scaling.share),
                0.9,
                0.97,
            )
        },
        lower(
            "clean release build of every function",
            Unit::Minutes,
            minutes,
            20.0,
            10.0,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_reached_from_its_own_side() {
        let bar = lower("x", Unit::Fraction, Some(1.0 / 30.0), 1.0 / 20.0, 1.0 / 60.0);
        assert_eq!((bar.verdict(), bar.shown().as_str()), ("pass", "1/30.0"));
        let rising = Bar {
            rising: true,
            ..lower("x", Unit::Ratio, Some(0.8), 0.9, 0.97)
        };
        assert_eq!(rising.verdict(), "MISS");
        assert_eq!(lower("x", Unit::Count, None, 1.0, 1.0).verdict(), "not measured here");
        let no_moonshot = Bar {
            moonshot: None,
            ..lower("x", Unit::Millis, Some(7.0), 300.0, 300.0)
        };
        assert_eq!(no_moonshot.verdict(), "pass");
    }
}
