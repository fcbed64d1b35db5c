//! Every measured figure, as `report.json` has it.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::bar::Bar;
use crate::cost::Dollars;
use crate::failure::{Context, Result};
use crate::measure::cold::Cold;
use crate::measure::instructions::Instructions;
use crate::measure::round_trips::RoundTrips;
use crate::measure::scaling::Scaling;
use crate::measure::warm::{Steady, Times};
use crate::stats::Estimate;
use crate::variant::{CONTROL, Variant};

#[derive(Serialize)]
pub struct Report {
    /// Seconds since the epoch.
    pub made_at: u64,
    pub machine: String,
    pub blocks: usize,
    pub control: Option<Control>,
    pub rows: Vec<Row>,
    pub scaling: Option<Scaling>,
    pub build: Option<BuildTime>,
    pub bars: Vec<Bar>,
    /// Figures that are missing, and why.
    pub notes: Vec<String>,
}

#[derive(Serialize)]
pub struct Row {
    pub id: &'static str,
    pub label: &'static str,
    pub cold: Option<Cold>,
    pub instructions: Option<Instructions>,
    /// A quote's time without its funder's, on a whole core and throttled.
    pub added: Option<Times>,
    pub added_throttled: Option<Times>,
    /// The time of a request that calls AWS only, on a whole core and throttled.
    pub request: Option<Times>,
    pub request_throttled: Option<Times>,
    pub steady: Option<Steady>,
    pub zip: Option<u64>,
    pub round_trips: Option<RoundTrips>,
    pub dollars: Option<Dollars>,
}

/// The ratios of the empty function to itself. The run is void unless they are about 1.
#[derive(Clone, Copy, Serialize)]
pub struct Control {
    pub init: Estimate,
    pub total: Estimate,
}

/// A clean release build of every function, as `cargo xtask bench --build-time` recorded it.
#[derive(Clone, Serialize, Deserialize)]
pub struct BuildTime {
    pub seconds: f64,
    pub functions: u32,
    pub cores: u32,
}

impl Row {
    pub fn of(variant: &Variant) -> Self {
        Self {
            id: variant.id,
            label: variant.label,
            cold: None,
            instructions: None,
            added: None,
            added_throttled: None,
            request: None,
            request_throttled: None,
            steady: None,
            zip: None,
            round_trips: None,
            dollars: None,
        }
    }
}

impl Report {
    pub fn row(&self, id: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.id == id)
    }

    pub fn cold(&self, id: &str) -> Option<&Cold> {
        self.row(id)?.cold.as_ref()
    }

    pub fn instructions(&self, id: &str) -> Option<Instructions> {
        self.row(id)?.instructions
    }

    pub fn find_control(&mut self) {
        self.control = self.cold(CONTROL).map(|cold| Control {
            init: cold.init_ratio,
            total: cold.total_ratio,
        });
    }

    pub fn write(&self, path: &Path) -> Result<()> {
        fs::write(path, serde_json::to_string_pretty(self)?).context(path.display())
    }
}

impl Control {
    /// Why the run is void, or nothing.
    pub fn fault(&self) -> Option<String> {
        let outside = |estimate: Estimate| !(0.95..=1.05).contains(&estimate.median);
        let both = [("init", self.init), ("cold total", self.total)];
        let (name, ratio) = both.into_iter().find(|(_, estimate)| outside(*estimate))?;
        Some(format!(
            "the empty function's {name} is {:.3} ({:.3} to {:.3}) times its own, outside 0.95 to 1.05: no ratio of this run \
             is reliable. Run it again on a quieter machine",
            ratio.median, ratio.low, ratio.high
        ))
    }
}

impl BuildTime {
    pub fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }
}
