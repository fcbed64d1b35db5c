//! MMOB's refusals: FastAPI's error document. Its places become the names that our callers know.

use call::{code, read, reason};
use model::{Error, Kind};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Refusal {
    /// A list of faults, or a text.
    detail: Box<RawValue>,
}

#[derive(Deserialize)]
struct Fault {
    /// Names and indices.
    loc: Vec<Value>,
    msg: String,
    #[serde(rename = "type")]
    kind: String,
}

/// Adds MMOB's reasons to a refusal.
pub fn explain(mut error: Error, body: &[u8]) -> Error {
    let Ok(Refusal { detail }) = read::<Refusal>(body) else {
        return error;
    };
    let detail = detail.get().as_bytes();
    let is_rejected = error.kind == Kind::PartnerRejected;
    let mut fields = Vec::new();
    if let Ok(faults) = read::<Vec<Fault>>(detail) {
        error.partner_code = faults.first().and_then(|fault| code(&fault.kind));
        fields.extend(faults.iter().map(|fault| (our_path(&fault.loc), reason(&fault.msg))));
    } else if let Ok(text) = read::<String>(detail) {
        fields.push((".".to_owned(), reason(&text)));
    } else {
        return error;
    }
    if is_rejected {
        error.message = "MMOB does not accept this request.".into();
        error = fields
            .into_iter()
            .fold(error, |error, (path, why)| error.field(path, why));
    }
    error
}

fn our_path(places: &[Value]) -> String {
    let mut path = Vec::new();
    for place in places {
        match place {
            Value::String(name) if path.is_empty() && matches!(name.as_str(), "body" | "query" | "path") => {}
            Value::String(name) if name == "product_type" => path.push("productType".to_owned()),
            Value::String(name) => path.push(name.clone()),
            Value::Number(index) => path.push(index.to_string()),
            _ => {}
        }
    }
    if path.is_empty() {
        ".".to_owned()
    } else {
        path.join(".")
    }
}
