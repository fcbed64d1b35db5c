//! LEX's refusals. Assumed: all of it.

use bytes::Bytes;
use call::{Answer, code, read};
use model::{Error, Kind, Result};
use serde::Deserialize;

/// The body of a success, or the failure with LEX's reasons.
pub fn accepted(answer: &Answer) -> Result<&Bytes> {
    answer.accepted().map_err(|error| explain(error, &answer.body))
}

/// Adds LEX's reasons to a refusal, under the names that our callers know.
fn explain(mut error: Error, body: &[u8]) -> Error {
    let Ok(refusal) = read::<Refusal>(body) else {
        return error;
    };
    error.partner_code = refusal.errors.first().and_then(|reason| code(&reason.code));
    if error.kind == Kind::PartnerRejected {
        error.message = "LEX does not accept this request.".into();
        for reason in refusal.errors {
            let path = reason.field.as_deref().map_or(".", our_name);
            error = error.field(path, call::reason(&reason.message));
        }
    }
    error
}

fn our_name(field: &str) -> &str {
    match field {
        "asset.cap_id" => "vehicleDetails.capId",
        "asset.cap_code" => "vehicleDetails.capCode",
        "asset.model_year" => "vehicleDetails.year",
        "adjustments.otrp" => "vehicleDetails.price",
        "financials.contract_type_id" => "contractDetails.quoteType",
        "financials.plan" => "contractDetails.maintenanceIncluded",
        "financials.term" => "contractDetails.term",
        "financials.mileage" => "contractDetails.annualMileage",
        "financials.customer_initial_payment" => "contractDetails.deposit",
        "customer.date_of_birth" => "additionalCustomerDetails.dateOfBirth",
        "customer.phone" => "additionalCustomerDetails.phone",
        _ if field.starts_with("customer.address") => "additionalCustomerDetails.address",
        _ if field.starts_with("customer.employment") => "additionalCustomerDetails.employment",
        _ => ".",
    }
}

#[derive(Deserialize)]
struct Refusal {
    errors: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    code: String,
    field: Option<String>,
    message: String,
}
