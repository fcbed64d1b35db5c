//! BQS misspells one member of a case, and the hub spells it right.

use std::collections::BTreeMap;

use model::{Error, Kind, Result};
use serde_json::value::RawValue;

const RIGHT: &str = "administrationFeeIsManual";
const ON_THE_WIRE: &str = "admininstrationFeeIsManual";

type Members = BTreeMap<String, Box<RawValue>>;

/// The case with BQS's spelling. Everything else, numbers included, stays as it was written.
pub fn on_the_wire(case: &str) -> Result<String> {
    let internal = |error: serde_json::Error| Error::new(Kind::Internal, "a stored case").because(error);
    if !case.contains(RIGHT) {
        return Ok(case.to_owned());
    }
    let mut members: Members = serde_json::from_str(case).map_err(internal)?;
    let Some(calculation) = members.get_mut("calculation") else {
        return Ok(case.to_owned());
    };
    let Ok(mut inner) = serde_json::from_str::<Members>(calculation.get()) else {
        return Ok(case.to_owned());
    };
    if let Some(flag) = inner.remove(RIGHT) {
        inner.entry(ON_THE_WIRE.to_owned()).or_insert(flag);
    }
    *calculation = serde_json::value::to_raw_value(&inner).map_err(internal)?;
    serde_json::to_string(&members).map_err(internal)
}
