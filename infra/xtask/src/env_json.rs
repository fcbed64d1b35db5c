//! env.json, for `cargo xtask invoke`: each function's environment on the emulator.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use crate::aws::{ACCESS_KEY, Aws, SECRET_KEY};
use crate::failure::Result;
use crate::files;
use crate::names;

/// `functions` has each binary with the name of its deployed function.
pub fn write(aws: &Aws, functions: &BTreeMap<String, String>, file: &Path) -> Result<()> {
    let answer = aws.call("lambda list-functions", &[])?;
    let configured = answer.get("Functions").and_then(Value::as_array);
    let mut all = Map::new();
    for function in configured.into_iter().flatten() {
        let deployed = functions
            .iter()
            .find(|(_, name)| function.get("FunctionName") == Some(&name.as_str().into()));
        if let Some((binary, _)) = deployed {
            let mut variables = variables(function);
            variables.extend(emulator_variables(aws));
            all.insert(names::pascal(binary), Value::Object(variables));
        }
    }
    files::write_private(file, &Value::Object(all))
}

fn variables(function: &Value) -> Map<String, Value> {
    let variables = function.pointer("/Environment/Variables").and_then(Value::as_object);
    variables.cloned().unwrap_or_default()
}

/// Region, credentials and endpoint, which Lambda sets by itself. They point the function at the emulator instead of AWS.
fn emulator_variables(aws: &Aws) -> impl Iterator<Item = (String, Value)> {
    let pairs = [
        ("AWS_ENDPOINT_URL", aws.endpoint.as_deref().unwrap_or_default()),
        ("AWS_REGION", &aws.region),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value.into())).into_iter()
}
