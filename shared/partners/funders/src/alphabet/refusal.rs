//! `HasError` and its reason: at the root, at each vehicle and at each quotation, and even in an HTTP 200.

use bytes::Bytes;
use call::{Answer, or_default, read};
use model::{Error, Kind, Result};
use serde::Deserialize;

/// The body of an answer that is a success in its status and in itself.
pub fn accepted(answer: &Answer) -> Result<&Bytes> {
    let body = answer
        .accepted()
        .map_err(|error| match read::<ErrorReport>(&answer.body) {
            Ok(ErrorReport {
                error: Some(refusal), ..
            }) => refusal.explain(error),
            _ => error,
        })?;
    let report: ErrorReport = read(body)?;
    report.check().map(|()| body)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ErrorReport {
    #[serde(default, deserialize_with = "or_default")]
    pub has_error: bool,
    pub error: Option<Refusal>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Refusal {
    user_message: Option<String>,
    code: Option<String>,
}

impl ErrorReport {
    /// A refusal with a code is for the caller to correct. One without a code is an answer that the hub cannot use.
    pub fn check(self) -> Result<()> {
        if !self.has_error {
            return Ok(());
        }
        let bad = |what| Error::new(Kind::PartnerBadResponse, what);
        let Some(refusal) = self.error else {
            return Err(bad("Alphabet answered HasError and no reason"));
        };
        let named = refusal.code.as_ref().is_some_and(|code| !code.is_empty());
        Err(if named {
            refusal.explain(Error::new(Kind::PartnerRejected, "refused"))
        } else {
            bad("Alphabet answered HasError and no code")
        })
    }
}

impl Refusal {
    /// Adds Alphabet's reason, under the name that our callers know.
    fn explain(self, mut error: Error) -> Error {
        let code = self.code.unwrap_or_default();
        if error.kind == Kind::PartnerRejected {
            error.message = "Alphabet does not accept this request.".into();
            let reason = self.user_message.unwrap_or_else(|| "is not accepted".into());
            error = error.field(our_name(&code), call::reason(&reason));
        }
        error.partner_code = call::code(&code);
        error
    }
}

/// Assumed: every code. Any other code concerns no member of the caller's request.
fn our_name(code: &str) -> &'static str {
    match code {
        "VehicleNotFound" => "vehicleDetails.capId",
        "ProductNotFound" => "contractDetails.quoteType",
        "TermNotAvailable" => "contractDetails.term",
        "DepositOutOfRange" => "contractDetails.deposit",
        "AnnualMileageOutOfRange" => "contractDetails.annualMileage",
        _ => ".",
    }
}
