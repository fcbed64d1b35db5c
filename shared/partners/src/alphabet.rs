//! ALPHABET through Codeweavers: three calls per quote, authenticated by a key in a header.
//!
//! Finance defaults and calculation are what its callers are known to send and receive. No public source shows the
//! vehicle details of step one, the keys of the hire and lease products, `ProductKey`, or proposals: those parts are our
//! assumption and stand in [`details`], [`product`], [`Parameters`], `alphabet/refusal.rs` and
//! `alphabet/proposal.rs` only. Amounts are pounds, terms months, mileage per year. HTTP 200 can carry `HasError`.

mod calculation;
mod proposal;
mod refusal;

use bytes::Bytes;
use http::{Method, Request, header};
use model::money::Pounds;
use model::proposal::{Decision, Proposal};
use model::quote::{Price, QuoteType};
use model::{Error, Kind, Result};
use serde::{Deserialize, Serialize};

use self::refusal::accepted;
use crate::{Answer, Ask, Auth, Call, Funder, Progress, Reference, Step, read};

pub struct Alphabet;

/// What step one and two leave for the next.
const VEHICLE_TYPE: &str = "vehicleType";
const PRODUCT: &str = "product";

impl Funder for Alphabet {
    fn name(&self) -> &'static str {
        "ALPHABET"
    }

    fn display_name(&self) -> &'static str {
        "Alphabet"
    }

    fn quote_types(&self) -> &'static [QuoteType] {
        use QuoteType::{
            BusinessContractHire, FinanceLease, HirePurchase, PersonalContractHire, PersonalContractPurchase,
        };
        &[
            PersonalContractHire,
            BusinessContractHire,
            PersonalContractPurchase,
            HirePurchase,
            FinanceLease,
        ]
    }

    fn auth(&self) -> Auth {
        Auth::ApiKey {
            header: "x-cw-apikey",
            secret: "ALPHABET_API_KEY",
        }
    }

    fn loggable(&self) -> &'static [&'static str] {
        &[
            "HasError",
            "Code",
            "Type",
            "Value",
            "Status",
            "OnTheRoadPrice",
            "Mileage",
            "MileageUnit",
            "DateRegisteredWithDvla",
            "CountryCode",
            "Key",
            "ProductKey",
            "Term",
            "CashDeposit",
            "DepositType",
            "AnnualMileage",
            "AnnualMileageUnit",
            "Id",
            "RegularPayment",
            "TotalFirstPayment",
            "TotalNumberOfRegularPayments",
            "TotalAmountPayable",
            "TotalDeposit",
            "TotalPrice",
            "Balance",
            "ChargesForCredit",
            "Apr",
            "RateOfInterest",
            "Residual",
            "FinalPayment",
            "QuoteReference",
            "ValidFrom",
            "ValidTo",
            "Amount",
            "NumberOfPayments",
            "Reference",
            "ProposalReference",
        ]
    }

    fn rehearsal(&self) -> Vec<Progress> {
        let step = |known: &[(&str, &str)]| {
            let known = known
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            Progress(known.collect())
        };
        let vehicle = (VEHICLE_TYPE, "(from step 1)");
        vec![
            step(&[]),
            step(&[vehicle]),
            step(&[vehicle, (PRODUCT, "(from step 2)")]),
        ]
    }

    fn quote(&self, ask: &Ask, so_far: &Progress) -> Result<Call> {
        let cap_id = cap_id(ask)?;
        let Some(vehicle_type) = so_far.0.get(VEHICLE_TYPE) else {
            let body = details::Request {
                codes: [Code::cap(cap_id)],
            };
            return post("/api/vehicle/details", "vehicle-details", &body, true);
        };
        let vehicle = PhysicalVehicle::of(ask, vehicle_type, cap_id);
        let Some(key) = so_far.0.get(PRODUCT) else {
            let body = Defaults {
                physical_vehicle: vehicle,
            };
            return post("/api/finance/defaults", "finance-defaults", &body, true);
        };
        let contract = &ask.request.contract_details;
        let body = Calculate {
            vehicle_requests: [VehicleRequest {
                id: ask.reference.to_string(),
                physical_vehicle: vehicle,
                parameters: Parameters {
                    product_key: key,
                    term: contract.term,
                    cash_deposit: contract.deposit,
                    deposit_type: "Amount",
                    annual_mileage: contract.annual_mileage,
                    annual_mileage_unit: "Miles",
                },
            }],
        };
        post("/api/finance/calculatefordisplay", "calculate", &body, true)
    }

    fn quoted(&self, ask: &Ask, so_far: &Progress, answer: &Answer) -> Result<Step<Price>> {
        let body = accepted(answer)?;
        let mut next = so_far.clone();
        if !so_far.0.contains_key(VEHICLE_TYPE) {
            let kind = read::<details::Answer>(body)?.vehicle.kind;
            if kind.is_empty() || kind.len() > 40 {
                return Err(Error::new(Kind::PartnerBadResponse, "Alphabet answered no usable Type"));
            }
            next.0.insert(VEHICLE_TYPE.into(), kind);
        } else if let Some(key) = so_far.0.get(PRODUCT) {
            return calculation::price(ask, key, body).map(Step::Done);
        } else {
            let wanted = product(ask.request.contract_details.quote_type);
            let products: Products = read(body)?;
            let offered = products.products.iter().any(|one| one.key == wanted && !one.has_error);
            if !offered {
                let why = format!("Alphabet offers no {wanted} finance for this vehicle");
                let refused = Error::new(Kind::PartnerRejected, "Alphabet does not accept this request.");
                return Err(refused.field("contractDetails.quoteType", why));
            }
            next.0.insert(PRODUCT.into(), wanted.into());
        }
        Ok(Step::Next(next))
    }

    fn proposal_types(&self) -> &'static [QuoteType] {
        self.quote_types()
    }

    fn propose(&self, proposal: &Proposal) -> Result<Call> {
        proposal::propose(proposal)
    }

    fn proposed(&self, proposal: &Proposal, answer: &Answer) -> Result<Decision> {
        proposal::decision(proposal.id, accepted(answer)?)
    }

    fn ask_decision(&self, of: &Reference) -> Result<Call> {
        proposal::ask(of)
    }

    fn decided(&self, of: &Reference, answer: &Answer) -> Result<Option<Decision>> {
        match accepted(answer) {
            Ok(body) => proposal::decision(of.proposal, body).map(Some),
            // Alphabet's own word only: after a 404 of something in between, the proposal would be sent a second time.
            Err(error) if error.partner_code.as_deref() == Some("ProposalNotFound") => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn probe(&self) -> Result<Call> {
        post("/api/finance/defaults", "probe", &serde_json::Map::new(), true)
    }
}

fn cap_id<'a>(ask: &Ask<'a>) -> Result<&'a str> {
    let cap_id = ask.request.vehicle_details.cap_id.as_deref().unwrap_or_default();
    if cap_id.is_empty() || !cap_id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Error::invalid(
            "vehicleDetails.capId",
            "ALPHABET needs the vehicle's CAP id, a whole number",
        ));
    }
    Ok(cap_id)
}

/// PCP and HP are seen in public; the others are assumed.
fn product(quote_type: QuoteType) -> &'static str {
    match quote_type {
        QuoteType::PersonalContractPurchase => "PCP",
        QuoteType::HirePurchase => "HP",
        QuoteType::PersonalContractHire => "PCH",
        QuoteType::BusinessContractHire => "BCH",
        QuoteType::FinanceLease => "FL",
    }
}

fn post<T: Serialize>(path: &str, operation: &'static str, body: &T, repeatable: bool) -> Result<Call> {
    let internal = |error| Error::new(Kind::Internal, operation).because(error);
    let body = serde_json::to_vec(body).map_err(internal)?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Bytes::from(body))
        .map_err(|error| Error::new(Kind::Internal, operation).because(error))?;
    Ok(Call {
        request,
        operation,
        repeatable,
    })
}

/// Assumed.
mod details {
    use serde::{Deserialize, Serialize};

    use super::Code;

    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    pub struct Request<'a> {
        pub codes: [Code<'a>; 1],
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    pub struct Answer {
        pub vehicle: Vehicle,
    }

    #[derive(Deserialize)]
    pub struct Vehicle {
        #[serde(rename = "Type")]
        pub kind: String,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Defaults<'a> {
    physical_vehicle: PhysicalVehicle<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PhysicalVehicle<'a> {
    #[serde(rename = "Type")]
    kind: &'a str,
    status: &'static str,
    on_the_road_price: Pounds,
    mileage: u32,
    mileage_unit: &'static str,
    registration: Registration,
    codes: [Code<'a>; 1],
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
struct Code<'a> {
    #[serde(rename = "Type")]
    kind: &'static str,
    value: &'a str,
}

impl<'a> Code<'a> {
    fn cap(value: &'a str) -> Self {
        Self {
            kind: "CapCarShortCode",
            value,
        }
    }
}

impl<'a> PhysicalVehicle<'a> {
    /// Callers tell the model year and no date of registration: the first of January stands for it.
    fn of(ask: &Ask<'a>, kind: &'a str, cap_id: &'a str) -> Self {
        let vehicle = &ask.request.vehicle_details;
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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Products {
    products: Vec<Product>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Product {
    /// One that could not be had may lack it.
    #[serde(default)]
    key: String,
    #[serde(default)]
    has_error: bool,
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

#[cfg(test)]
mod tests;
