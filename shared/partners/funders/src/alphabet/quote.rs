//! The three steps of a quote: the vehicle's details, the products for it, the calculation.

use call::{Call, Progress, Step};
use model::Result;
use model::money::Pounds;
use model::quote::Price;
use serde::Serialize;

use super::vehicle::PhysicalVehicle;
use super::{calculation, details, product, vehicle};
use crate::funder::QuoteContext;

pub const DEFAULTS_PATH: &str = "/api/finance/defaults";

/// Members of the progress: step one leaves the vehicle's type, step two the product.
const VEHICLE_TYPE: &str = "vehicleType";
const PRODUCT: &str = "product";

pub fn dry_run() -> Vec<Progress> {
    let progress = |members: &[(&str, &str)]| {
        let members = members
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Progress(members.collect())
    };
    let vehicle = (VEHICLE_TYPE, "(from step 1)");
    vec![
        progress(&[]),
        progress(&[vehicle]),
        progress(&[vehicle, (PRODUCT, "(from step 2)")]),
    ]
}

pub fn call(context: &QuoteContext, so_far: &Progress) -> Result<Call> {
    let cap_id = vehicle::cap_id(context)?;
    let Some(vehicle_type) = so_far.0.get(VEHICLE_TYPE) else {
        return Call::post(
            "/api/vehicle/details",
            "quote-vehicle",
            &details::Request::of(cap_id),
            true,
        );
    };
    let physical_vehicle = PhysicalVehicle::of(context, vehicle_type, cap_id);
    let Some(product_key) = so_far.0.get(PRODUCT) else {
        let body = Defaults { physical_vehicle };
        return Call::post(DEFAULTS_PATH, "quote-products", &body, true);
    };
    let contract = &context.request.contract_details;
    let body = Calculate {
        vehicle_requests: [VehicleRequest {
            id: context.reference.to_string(),
            physical_vehicle,
            parameters: Parameters {
                product_key,
                term: contract.term,
                cash_deposit: contract.deposit,
                deposit_type: "Amount",
                annual_mileage: contract.annual_mileage,
                annual_mileage_unit: "Miles",
            },
        }],
    };
    Call::post("/api/finance/calculatefordisplay", "quote", &body, true)
}

pub fn read(context: &QuoteContext, so_far: &Progress, body: &[u8]) -> Result<Step<Price>> {
    let mut next = so_far.clone();
    if !so_far.0.contains_key(VEHICLE_TYPE) {
        next.0.insert(VEHICLE_TYPE.into(), details::vehicle_type(body)?);
    } else if let Some(key) = so_far.0.get(PRODUCT) {
        return calculation::price(context, key, body).map(Step::Done);
    } else {
        let key = product::offered(context.request.contract_details.quote_type, body)?;
        next.0.insert(PRODUCT.into(), key.into());
    }
    Ok(Step::Next(next))
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Defaults<'a> {
    physical_vehicle: PhysicalVehicle<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Calculate<'a> {
    vehicle_requests: [VehicleRequest<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct VehicleRequest<'a> {
    id: String,
    physical_vehicle: PhysicalVehicle<'a>,
    parameters: Parameters<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Parameters<'a> {
    /// Assumed.
    product_key: &'a str,
    term: u32,
    cash_deposit: Pounds,
    deposit_type: &'static str,
    annual_mileage: u32,
    annual_mileage_unit: &'static str,
}
