//! The vehicle in Codeweavers' words.

use model::money::Pounds;
use model::{Error, Result};
use serde::Serialize;

use crate::funder::QuoteContext;

pub fn cap_id<'a>(context: &QuoteContext<'a>) -> Result<&'a str> {
    let cap_id = context.request.vehicle_details.cap_id.as_deref().unwrap_or_default();
    if cap_id.is_empty() || !cap_id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Error::invalid(
            "vehicleDetails.capId",
            "ALPHABET needs the vehicle's CAP id, a whole number",
        ));
    }
    Ok(cap_id)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PhysicalVehicle<'a> {
    #[serde(rename = "Type")]
    kind: &'a str,
    status: &'static str,
    on_the_road_price: Pounds,
    mileage: u32,
    mileage_unit: &'static str,
    registration: Registration,
    codes: [Code<'a>; 1],
}

impl<'a> PhysicalVehicle<'a> {
    /// Callers give the model year and no date of registration. The first of January stands for it.
    pub fn of(context: &QuoteContext<'a>, kind: &'a str, cap_id: &'a str) -> Self {
        let vehicle = &context.request.vehicle_details;
        Self {
            kind,
            status: if vehicle.mileage == 0 { "New" } else { "PreOwned" },
            on_the_road_price: vehicle.price,
            mileage: vehicle.mileage,
            mileage_unit: "Miles",
            registration: Registration {
                date_registered_with_dvla: format!("{}-01-01", vehicle.year),
                country_code: "GB",
            },
            codes: [Code::cap(cap_id)],
        }
    }
}

/// Without a date of registration Codeweavers answers an empty list of products and no error.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Registration {
    date_registered_with_dvla: String,
    country_code: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Code<'a> {
    #[serde(rename = "Type")]
    kind: &'static str,
    value: &'a str,
}

impl<'a> Code<'a> {
    pub fn cap(value: &'a str) -> Self {
        Self {
            kind: "CapCarShortCode",
            value,
        }
    }
}
