//! A figure with its bar and its moonshot.

use serde::Serialize;

#[derive(Clone, Debug, Serialize)]
pub struct Bar {
    pub figure: String,
    /// The measured figure, if this run has one.
    pub value: Option<f64>,
    pub interval: Option<(f64, f64)>,
    pub bar: f64,
    pub moonshot: Option<f64>,
    pub unit: Unit,
    /// The bar is a lower limit: more is better.
    pub rising: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Unit {
    Ratio,
    /// Shown as 1/n.
    Fraction,
    Millis,
    Count,
    Millions,
    Megabytes,
    Minutes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Moonshot,
    Pass,
    Miss,
    NotMeasured,
}

impl Bar {
    /// A figure of which less is better.
    pub fn at_most(figure: impl Into<String>, unit: Unit, value: Option<f64>, bar: f64, moonshot: f64) -> Self {
        Self {
            figure: figure.into(),
            value,
            interval: None,
            bar,
            moonshot: Some(moonshot),
            unit,
            rising: false,
        }
    }

    pub fn verdict(&self) -> Verdict {
        let Some(value) = self.value else {
            return Verdict::NotMeasured;
        };
        let reaches = |mark| if self.rising { value >= mark } else { value <= mark };
        if self.moonshot.is_some_and(reaches) {
            Verdict::Moonshot
        } else if reaches(self.bar) {
            Verdict::Pass
        } else {
            Verdict::Miss
        }
    }

    /// The texts of its table row: figure, measured, bar, moonshot and verdict.
    pub fn cells(&self) -> [String; 5] {
        let sign = if self.rising { ">=" } else { "<=" };
        let limit = |mark| format!("{sign} {}", self.unit.show(mark));
        [
            self.figure.clone(),
            self.measured(),
            limit(self.bar),
            self.moonshot.map_or_else(|| "-".to_owned(), limit),
            self.verdict().text().to_owned(),
        ]
    }

    fn measured(&self) -> String {
        let show = |value| self.unit.show(value);
        let value = self.value.map_or_else(|| "-".to_owned(), show);
        match self.interval {
            Some((low, high)) => format!("{value} ({} to {})", show(low), show(high)),
            None => value,
        }
    }
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::Ratio => format!("{value:.2}"),
            Self::Fraction => format!("1/{:.1}", 1.0 / value),
            Self::Millis => format!("{value:.2} ms"),
            Self::Count => format!("{value:.0}"),
            Self::Millions => format!("{value:.2} M"),
            Self::Megabytes => format!("{value:.2} MB"),
            Self::Minutes => format!("{value:.1} min"),
        }
    }
}

impl Verdict {
    fn text(self) -> &'static str {
        match self {
            Self::Moonshot => "moonshot",
            Self::Pass => "pass",
            Self::Miss => "MISS",
            Self::NotMeasured => "not measured here",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_an_upper_limit_unless_it_rises() {
        let bar = Bar::at_most("x", Unit::Fraction, Some(1.0 / 30.0), 1.0 / 20.0, 1.0 / 60.0);
        assert_eq!((bar.verdict(), bar.measured().as_str()), (Verdict::Pass, "1/30.0"));
        let rising = Bar {
            rising: true,
            ..Bar::at_most("x", Unit::Ratio, Some(0.8), 0.9, 0.97)
        };
        assert_eq!(rising.verdict(), Verdict::Miss);
        assert_eq!(rising.cells(), ["x", "0.80", ">= 0.90", ">= 0.97", "MISS"]);
        let unmeasured = Bar::at_most("x", Unit::Count, None, 1.0, 1.0);
        assert_eq!(unmeasured.verdict(), Verdict::NotMeasured);
        let no_moonshot = Bar {
            moonshot: None,
            ..Bar::at_most("x", Unit::Millis, Some(7.0), 300.0, 300.0)
        };
        assert_eq!(no_moonshot.verdict(), Verdict::Pass);
    }
}
