//! Reads the requests for details, defaults and quotations.

use crate::answer::Fault;
use crate::form::{self, Form, MONEY, PRICE};
use crate::money::Pence;

/// One vehicle to quote.
#[derive(Clone)]
pub struct Request {
    pub id: String,
    pub physical: Physical,
    pub parameters: Parameters,
}

#[derive(Clone)]
pub struct Physical {
    /// Its CAP short code, which may be that of no vehicle.
    pub code: String,
    /// The request says when it was registered.
    pub registered: bool,
    pub price: Pence,
}

#[derive(Clone)]
pub struct Parameters {
    /// May be the key of no product.
    pub product: String,
    pub term: i64,
    pub deposit: Pence,
    pub mileage: i64,
}

/// The number behind the CAP short code of a vehicle that exists.
pub fn known(code: &str) -> Option<i64> {
    code.parse::<i64>()
        .ok()
        .filter(|number| (1..=899_999).contains(number) && number.to_string() == code)
}

pub fn details(body: &[u8]) -> Result<String, Vec<Fault>> {
    form::read(body, |root| {
        root.only(&["Codes"]);
        code(root)
    })
}

pub fn defaults(body: &[u8]) -> Result<Physical, Vec<Fault>> {
    form::read(body, |root| {
        root.only(&["OrganisationIdentifier", "PhysicalVehicle"]);
        physical(&mut root.form("PhysicalVehicle"))
    })
}

pub fn calculate(body: &[u8]) -> Result<Vec<Request>, Vec<Fault>> {
    form::read(body, |root| {
        root.only(&["VehicleRequests"]);
        let mut requests: Vec<Request> = Vec::new();
        for (path, entry) in root.list("VehicleRequests") {
            let mut vehicle = root.nested(path, entry);
            vehicle.only(&["Id", "PhysicalVehicle", "Parameters"]);
            let id = vehicle.required_text("Id");
            if requests.iter().any(|other| other.id == id) {
                vehicle.fault("Id", "is the Id of another vehicle too");
            }
            requests.push(Request {
                id,
                physical: physical(&mut vehicle.form("PhysicalVehicle")),
                parameters: parameters(&mut vehicle.form("Parameters")),
            });
        }
        requests
    })
}

/// The first of the codes: only CAP short codes are simulated.
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
        form.fault("Codes", "must have an entry");
    }
    first.unwrap_or_default()
}

fn physical(form: &mut Form<'_, '_>) -> Physical {
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
    Physical {
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
