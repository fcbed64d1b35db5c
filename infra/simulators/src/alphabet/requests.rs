//! Reads the requests of details, defaults and calculatefordisplay.

use crate::answer::ErrorEntry;
use crate::form::{self, Form, MONEY, PRICE};
use crate::money::Pence;

/// A vehicle to quote.
#[derive(Clone)]
pub struct VehicleRequest {
    pub id: String,
    pub physical: PhysicalVehicle,
    pub parameters: Parameters,
}

#[derive(Clone)]
pub struct PhysicalVehicle {
    /// A CAP short code. No vehicle may have it.
    pub code: String,
    /// The request gives a date of registration.
    pub registered: bool,
    pub price: Pence,
}

#[derive(Clone)]
pub struct Parameters {
    /// A product key. No product may have it.
    pub product: String,
    pub term: i64,
    pub deposit: Pence,
    pub mileage: i64,
}

pub fn details(body: &[u8]) -> Result<String, Vec<ErrorEntry>> {
    form::read(body, |root| {
        root.only(&["Codes"]);
        code(root)
    })
}

pub fn defaults(body: &[u8]) -> Result<PhysicalVehicle, Vec<ErrorEntry>> {
    form::read(body, |root| {
        root.only(&["OrganisationIdentifier", "PhysicalVehicle"]);
        physical(&mut root.form("PhysicalVehicle"))
    })
}

pub fn calculate(body: &[u8]) -> Result<Vec<VehicleRequest>, Vec<ErrorEntry>> {
    form::read(body, |root| {
        root.only(&["VehicleRequests"]);
        let mut requests: Vec<VehicleRequest> = Vec::new();
        for (path, entry) in root.list("VehicleRequests") {
            let mut vehicle = root.nested(path, entry);
            vehicle.only(&["Id", "PhysicalVehicle", "Parameters"]);
            let id = vehicle.required_text("Id");
            if requests.iter().any(|other| other.id == id) {
                vehicle.error("Id", "is the Id of another vehicle too");
            }
            requests.push(VehicleRequest {
                id,
                physical: physical(&mut vehicle.form("PhysicalVehicle")),
                parameters: parameters(&mut vehicle.form("Parameters")),
            });
        }
        requests
    })
}

/// Reads the first code. The simulator knows CAP short codes only.
fn code(form: &mut Form<'_, '_>) -> String {
    let mut first = None;
    for (path, entry) in form.list("Codes") {
        let mut code = form.nested(path, entry);
        code.only(&["Type", "Value"]);
        code.choice("Type", &["CapCarShortCode"]);
        let value = code.required_text("Value");
        first.get_or_insert(value);
    }
    if first.is_none() {
        form.error("Codes", "must have an entry");
    }
    first.unwrap_or_default()
}

fn physical(form: &mut Form<'_, '_>) -> PhysicalVehicle {
    form.only(&[
        "Type",
        "Status",
        "OnTheRoadPrice",
        "Mileage",
        "MileageUnit",
        "Registration",
        "Codes",
        "VatStatus",
    ]);
    form.choice("Type", &["Car"]);
    form.choice("Status", &["New", "PreOwned"]);
    form.integer("Mileage", 0..=9_999_999);
    form.choice("MileageUnit", &["Miles"]);
    form.text("VatStatus");
    PhysicalVehicle {
        code: code(form),
        registered: form
            .optional_form("Registration")
            .is_some_and(|mut registration| is_registered(&mut registration)),
        price: form.required_money("OnTheRoadPrice", PRICE),
    }
}

fn is_registered(form: &mut Form<'_, '_>) -> bool {
    form.only(&["RegistrationNumber", "DateRegisteredWithDvla", "CountryCode"]);
    form.text("RegistrationNumber");
    form.choice("CountryCode", &["GB"]);
    form.date("DateRegisteredWithDvla").is_some()
}

fn parameters(form: &mut Form<'_, '_>) -> Parameters {
    form.only(&[
        "ProductKey",
        "Term",
        "CashDeposit",
        "DepositType",
        "AnnualMileage",
        "AnnualMileageUnit",
        "OrganisationIdentifier",
    ]);
    form.choice("DepositType", &["Amount"]);
    form.choice("AnnualMileageUnit", &["Miles"]);
    Parameters {
        product: form.required_text("ProductKey"),
        term: form.integer("Term", 1..=999),
        deposit: form.required_money("CashDeposit", MONEY),
        mileage: form.integer("AnnualMileage", 0..=999_999),
    }
}
