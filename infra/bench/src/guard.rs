//! The guard: compares the figures that repeat with recorded ceilings, and holds that readers of untrusted input are linear.
//! The commit of a ceiling gives its reason.

use std::collections::BTreeMap;
use std::fs;

use crate::bench::Bench;
use crate::failure::{Context, Result};
use crate::measure::growth::{self, Growth};
use crate::measure::{instructions, round_trips, zip};
use crate::progress::{line, note};
use crate::table::thousands;
use crate::variant::{self, CASE, CASE_COLD_IO, EMPTY, QUOTE, QUOTE_COLD_IO, Variant, WEBHOOK, WEBHOOK_COLD_IO};

const CEILINGS: &str = "infra/bench/ceilings.json";
/// Percent.
const SLACK: u64 = 2;
/// Twice the input may cost a reader this many times the instructions. Sorting costs a little more than 2, comparing each with
/// each 4.
const MAX_GROWTH: f64 = 2.5;

/// The guarded functions, each with its variant that opens no connections during init.
const GUARDED: [(&str, &str); 3] = [(QUOTE, QUOTE_COLD_IO), (CASE, CASE_COLD_IO), (WEBHOOK, WEBHOOK_COLD_IO)];

/// By name.
type Figures = BTreeMap<String, u64>;

pub async fn guard(bench: &Bench, record: bool) -> Result<()> {
    let path = bench.root.join(CEILINGS);
    if !instructions::installed() {
        return Err("valgrind, which counts the instructions, is not installed".into());
    }
    line("==> instructions of each reader of untrusted input, for an input and for one twice as large");
    hold_linear(&growth::measure(bench)?)?;
    line("==> instructions, zip bytes and DynamoDB operations");
    let measured = measure(bench).await?;
    if record {
        let text = serde_json::to_string_pretty(&measured)? + "\n";
        fs::write(&path, text).context(path.display())?;
        show(&measured, &Figures::new());
        note(format!("recorded in {CEILINGS}; give the reason in the commit"));
        return Ok(());
    }
    let text = fs::read_to_string(&path).context(CEILINGS)?;
    let ceilings: Figures = serde_json::from_str(&text).context(CEILINGS)?;
    show(&measured, &ceilings);
    let over = exceeded(&measured, &ceilings);
    if over.is_empty() {
        return Ok(());
    }
    Err(format!(
        "more than {SLACK} % over its ceiling, or without one, or not measured: {}. If the change is justified: `cargo xtask bench guard --record`",
        over.join(", ")
    )
    .into())
}

async fn measure(bench: &Bench) -> Result<Figures> {
    let variants = variant::all(bench);
    let find = |id: &str| -> Result<&Variant> {
        let found = variants.iter().find(|variant| variant.id == id);
        found.context(format!("{id} is not built"))
    };
    let floor = instructions::measure(bench, find(EMPTY)?).await?;
    let mut figures = named(
        "empty",
        [("init instructions", floor.init), ("warm instructions", floor.warm)],
    );
    for (id, starting) in GUARDED {
        figures.extend(function(bench, find(id)?, find(starting)?).await?);
    }
    Ok(figures)
}

/// `starting` opens no connections during init: their instructions do not repeat.
async fn function(bench: &Bench, variant: &Variant, starting: &Variant) -> Result<Figures> {
    let trips = round_trips::measure(bench, variant).await?;
    let figures = [
        ("init instructions", instructions::init(bench, starting).await?),
        ("warm instructions", instructions::measure(bench, variant).await?.warm),
        ("zip bytes", zip::size(&variant.program)?),
        ("DynamoDB operations", u64::try_from(trips.dynamo)?),
        ("DynamoDB serial trips", u64::try_from(trips.serial)?),
        ("DynamoDB write units", trips.write_units.into()),
    ];
    Ok(named(variant.id, figures))
}

/// Prints each reader, and refuses those that grow faster than their input.
fn hold_linear(readers: &[Growth]) -> Result<()> {
    for growth in readers {
        let (once, twice) = (thousands(growth.once), thousands(growth.twice));
        note(format!(
            "{:<30} {once:>10} {twice:>13}  x {:.2}",
            growth.reader,
            growth.ratio()
        ));
    }
    let over: Vec<&str> = readers
        .iter()
        .filter(|growth| growth.once == 0 || growth.ratio() > MAX_GROWTH)
        .map(|growth| growth.reader.as_str())
        .collect();
    if readers.is_empty() {
        return Err("no reader is measured".into());
    }
    if over.is_empty() {
        return Ok(());
    }
    Err(format!(
        "twice the input costs more than {MAX_GROWTH} times the instructions: {}",
        over.join(", ")
    )
    .into())
}

fn named<const N: usize>(of: &str, figures: [(&str, u64); N]) -> Figures {
    figures.map(|(name, value)| (format!("{of}: {name}"), value)).into()
}

fn show(measured: &Figures, ceilings: &Figures) {
    for (name, value) in measured {
        let beside = ceilings.get(name).map(|ceiling| {
            let difference = percent_over(*value, *ceiling);
            format!("  ceiling {:>10}  {difference:>+7.2} %", thousands(*ceiling))
        });
        note(format!(
            "{name:<30} {:>10}{}",
            thousands(*value),
            beside.unwrap_or_default()
        ));
    }
}

fn percent_over(value: u64, ceiling: u64) -> f64 {
    100.0 * (value as f64 / ceiling as f64 - 1.0)
}

/// What is over its ceiling, and what has only one of the two.
fn exceeded(measured: &Figures, ceilings: &Figures) -> Vec<String> {
    let within = |name: &str, value: u64| {
        ceilings
            .get(name)
            .is_some_and(|ceiling| value * 100 <= ceiling * (100 + SLACK))
    };
    let over = measured.iter().filter(|(name, value)| !within(name, **value));
    let over = over.map(|(name, value)| format!("{name} is {}", thousands(*value)));
    let unmeasured = ceilings.keys().filter(|name| !measured.contains_key(*name));
    over.chain(unmeasured.map(|name| format!("{name} is not measured")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_may_sort_and_not_compare_each_with_each() {
        let growth = |once, twice| Growth {
            reader: "x".to_owned(),
            once,
            twice,
        };
        assert!(hold_linear(&[growth(1000, 2500), growth(1000, 0)]).is_ok());
        assert!(hold_linear(&[growth(1000, 2000), growth(1000, 2501)]).is_err());
        assert!(hold_linear(&[growth(0, 0)]).is_err());
        assert!(hold_linear(&[]).is_err());
    }

    #[test]
    fn two_percent_over_a_ceiling_pass_and_more_fail() {
        let figures = |value| Figures::from([("x".to_owned(), value)]);
        assert!(exceeded(&figures(1020), &figures(1000)).is_empty());
        assert_eq!(exceeded(&figures(1021), &figures(1000)), ["x is 1,021"]);
        assert_eq!(format!("{:+.2}", percent_over(1021, 1000)), "+2.10");
        assert_eq!(exceeded(&figures(1), &Figures::new()), ["x is 1"]);
        assert_eq!(exceeded(&Figures::new(), &figures(1)), ["x is not measured"]);
        // Three operations are not four.
        assert!(!exceeded(&figures(4), &figures(3)).is_empty());
    }
}
