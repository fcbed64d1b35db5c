//! MMOB's refusals: FastAPI's error document. Its places become the names that our callers know.

use call::{code, read, reason};
use model::{Error, Kind};
use serde::Deserialize;

#[derive(Deserialize)]
struct Refusal {
    detail: Detail,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Detail {
    Faults(Vec<Fault>),
    Text(String),
}

#[derive(Deserialize)]
struct Fault {
    loc: Vec<Place>,
    msg: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Place {
    Name(String),
    Index(u64),
}

/// Adds MMOB's reasons to a refusal.
pub fn explain(mut error: Error, body: &[u8]) -> Error {
    let Ok(Refusal { detail }) = read::<Refusal>(body) else {
        return error;
    };
    if error.kind == Kind::PartnerRejected {
        error.message = "MMOB does not accept this request.".into();
    }
    match detail {
        Detail::Faults(faults) => {
            error.partner_code = faults.first().and_then(|fault| code(&fault.kind));
            if error.kind == Kind::PartnerRejected {
                for fault in faults {
                    error = error.field(our_path(&fault.loc), reason(&fault.msg));
                }
            }
        }
        Detail::Text(text) if error.kind == Kind::PartnerRejected => error = error.field(".", reason(&text)),
        Detail::Text(_) => {}
    }
    error
}

fn our_path(places: &[Place]) -> String {
    let mut path = Vec::new();
    for place in places {
        match place {
            Place::Name(name) if path.is_empty() && matches!(name.as_str(), "body" | "query" | "path") => {}
            Place::Name(name) if name == "product_type" => path.push("productType".to_owned()),
            Place::Name(name) => path.push(name.clone()),
            Place::Index(index) => path.push(index.to_string()),
        }
    }
    if path.is_empty() {
        ".".to_owned()
    } else {
        path.join(".")
    }
}
