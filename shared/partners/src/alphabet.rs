//! ALPHABET through Codeweavers: three calls per quote, authenticated by a key in a header.
//!
//! Finance defaults and calculation are what its callers are known to send and receive. No public source shows the
//! vehicle details of step one, the keys of the hire and lease products, `ProductKey`, or proposals: those parts are our
//! assumption and stand in [`details`], [`product`], [`Parameters`] and `alphabet/proposal.rs` only. Amounts are pounds,
//! terms months, mileage per year. HTTP 200 can carry `HasError`.

mod calculation;
mod proposal;

use bytes::Bytes;
use http::{Method, Request, header};
use model::money::Pounds;
use model::proposal::{Decision, Proposal};
use model::quote::{Price, QuoteType};
use model::{Error, Kind, Result};
use serde::{Deserialize, Serialize};

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
            let found: details::Answer = read(body)?;
            next.0.insert(VEHICLE_TYPE.into(), found.vehicle.kind);
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

    fn proposed(&self, _: &Proposal, answer: &Answer) -> Result<Decision> {
        proposal::decision(accepted(answer)?)
    }

    fn ask_decision(&self, of: &Reference) -> Result<Call> {
        proposal::ask(of)
    }

    fn decided(&self, _: &Reference, answer: &Answer) -> Result<Option<Decision>> {
        if answer.status == http::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        proposal::decision(accepted(answer)?).map(Some)
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

/// The body of an answer that is a success in its status and in itself.
fn accepted(answer: &Answer) -> Result<&Bytes> {
    let body = answer.accepted().map_err(|mut error| {
        if let Ok(Outcome {
            error: Some(refusal), ..
        }) = read::<Outcome>(&answer.body)
        {
            error.partner_code = refusal.code.map(Into::into);
        }
        error
    })?;
    let outcome: Outcome = read(body)?;
    outcome.check().map(|()| body)
}

/// `HasError` and why, which stands at the root, at each vehicle and at each quotation.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Outcome {
    #[serde(default)]
    has_error: bool,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refusal {
    user_message: Option<String>,
    code: Option<String>,
}

impl Outcome {
    /// A refusal that says what is wrong is the caller's to mend; one that does not is an answer we cannot use.
    fn check(self) -> Result<()> {
        if !self.has_error {
            return Ok(());
        }
        let Some(refusal) = self.error else {
            return Err(Error::new(
                Kind::PartnerBadResponse,
                "Alphabet answered HasError and no reason",
            ));
        };
        let code = refusal.code.unwrap_or_default();
        let kind = if code.is_empty() {
            Kind::PartnerBadResponse
        } else {
            Kind::PartnerRejected
        };
        let mut error = Error::new(kind, "Alphabet does not accept this request.");
        if let Some(words) = refusal.user_message {
            error = error.field(our_name(&code), words.chars().take(200).collect::<String>());
        }
        error.partner_code = Some(code.into());
        Err(error)
    }
}

/// Assumed: the code of an unknown vehicle; others name nothing of the caller's.
fn our_name(code: &str) -> &'static str {
    match code {
        "VehicleNotFound" => "vehicleDetails.capId",
        _ => ".",
    }
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
