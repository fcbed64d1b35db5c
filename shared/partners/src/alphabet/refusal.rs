//! `HasError` and why: it stands at the root, at each vehicle and at each quotation, and HTTP 200 can carry it.

use bytes::Bytes;
use model::{Error, Kind, Result};
use serde::Deserialize;

use crate::{Answer, read};

/// The body of an answer that is a success in its status and in itself.
pub fn accepted(answer: &Answer) -> Result<&Bytes> {
    let body = answer.accepted().map_err(|error| match read::<Outcome>(&answer.body) {
        Ok(Outcome {
            error: Some(refusal), ..
        }) => refusal.explain(error),
        _ => error,
    })?;
    let outcome: Outcome = read(body)?;
    outcome.check().map(|()| body)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Outcome {
    #[serde(default)]
    pub has_error: bool,
    pub error: Option<Refusal>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Refusal {
    user_message: Option<String>,
    code: Option<String>,
}

impl Outcome {
    /// A refusal that says what is wrong is the caller's to mend; one that does not is an answer we cannot use.
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
    /// Adds what Alphabet said, under the names our callers know.
    fn explain(self, mut error: Error) -> Error {
        let code = self.code.unwrap_or_default();
        if error.kind == Kind::PartnerRejected {
            error.message = "Alphabet does not accept this request.".into();
            let words = self.user_message.unwrap_or_else(|| "is not accepted".into());
            error = error.field(our_name(&code), words.chars().take(200).collect::<String>());
        }
        error.partner_code = crate::code(&code);
        error
    }
}

/// Assumed: every code. Those that are not here name nothing of the caller's.
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
