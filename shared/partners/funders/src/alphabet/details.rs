//! Step one: the details of a vehicle, of which the hub needs the type. Assumed: all of it.

use call::read;
use model::{Error, Kind, Result};
use serde::{Deserialize, Serialize};

use super::vehicle::Code;

/// The row keeps the type until step three.
const TYPE_LIMIT: usize = 40;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request<'a> {
    codes: [Code<'a>; 1],
}

impl<'a> Request<'a> {
    pub fn of(cap_id: &'a str) -> Self {
        Self {
            codes: [Code::cap(cap_id)],
        }
    }
}

pub fn vehicle_type(body: &[u8]) -> Result<String> {
    let kind = read::<Details>(body)?.vehicle.kind;
    if kind.is_empty() || kind.len() > TYPE_LIMIT {
        return Err(Error::new(Kind::PartnerBadResponse, "Alphabet answered no usable Type"));
    }
    Ok(kind)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Details {
    vehicle: Vehicle,
}

#[derive(Deserialize)]
struct Vehicle {
    #[serde(rename = "Type")]
    kind: String,
}
