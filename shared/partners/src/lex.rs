//! Lex Autolease: one call per quote, signed with an HS256 token of our own.
//!
//! The request is what its callers are known to send. No public source shows the answer, the error body, the later steps
//! or the meaning of every id; those parts are our assumption and stand in [`Calculated`], [`Refusal`] and the two
//! id tables only. Amounts are pounds, terms months, mileage per year.

mod proposal;

use bytes::Bytes;
use http::{Method, Request, header};
use jiff::Timestamp;
use model::money::{Money, Pounds};
use model::proposal::{Decision, Proposal};
use model::quote::{Price, QuoteType};
use model::{Error, Kind, Result};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{Answer, Ask, Auth, Call, Funder, Progress, Reference, Step, code, decimal, optional_decimal, read};

pub struct Lex;

impl Funder for Lex {
    fn name(&self) -> &'static str {
        "LEX"
    }

    fn display_name(&self) -> &'static str {
        "Lex Autolease"
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
        Auth::SignedToken {
            secret: "LEX_SHARED_SECRET",
            encoding: "LEX_SECRET_ENCODING",
            lifetime: "LEX_JWT_EXPIRY_HOURS",
            claims: &[
                ("sub", "LEX_APP_ID"),
                ("lbg_major_dealerid", "LEX_DEALER_ID_MAJOR"),
                ("lbg_minor_dealerid", "LEX_DEALER_ID_MINOR"),
            ],
        }
    }

    fn loggable(&self) -> &'static [&'static str] {
        &[
            "cap_id",
            "model_year",
            "contract_type_id",
            "plan",
            "term",
            "mileage",
            "relief_vehicle",
            "customer_initial_payment",
            "estimated_sales_value",
            "cust_reference",
            "off_invoice_support",
            "otrp",
            "commission",
            "discount",
            "customer_terms",
            "co2_emission",
            "quote_id",
            "quote_reference",
            "status",
            "initial_payment",
            "monthly_rental",
            "total_rentals",
            "apr",
            "balloon",
            "valid_until",
            "code",
            "proposal_id",
            "content_type",
        ]
    }

    fn quote(&self, ask: &Ask, _: &Progress) -> Result<Call> {
        let (vehicle, contract) = (&ask.request.vehicle_details, &ask.request.contract_details);
        let cap_id =
            vehicle.cap_id.as_deref().unwrap_or_default().parse().map_err(|_| {
                Error::invalid("vehicleDetails.capId", "LEX needs the vehicle's CAP id, a whole number")
            })?;
        let calculate = Calculate {
            asset: Asset {
                cap_id,
                cap_code: vehicle.cap_code.as_deref(),
                model_year: vehicle.year,
                options: [],
            },
            accessories: [],
            financials: Financials {
                contract_type_id: contract_type(contract.quote_type),
                plan: if contract.maintenance_included { 106 } else { 105 },
                term: contract.term,
                mileage: contract.annual_mileage,
                relief_vehicle: 0,
                customer_initial_payment: contract.deposit,
                estimated_sales_value: None,
                cust_reference: ask.reference.to_string(),
            },
            adjustments: Adjustments {
                otrp: vehicle.price,
                ..Adjustments::NONE
            },
        };
        let body =
            serde_json::to_vec(&calculate).map_err(|error| Error::new(Kind::Internal, "LEX quote").because(error))?;
        let request = Request::builder()
            .method(Method::POST)
            .uri("/quotes/calculate")
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-lbg-request-id", ask.correlation.to_string())
            .body(Bytes::from(body))
            .map_err(|error| Error::new(Kind::Internal, "LEX quote").because(error))?;
        Ok(Call {
            request,
            operation: "quote",
            repeatable: true,
        })
    }

    fn quoted(&self, ask: &Ask, _: &Progress, answer: &Answer) -> Result<Step<Price>> {
        let body = answer.accepted().map_err(|error| explain(error, &answer.body))?;
        let quote: Calculated = read(body)?;
        let unusable = |what| {
            Error::new(
                Kind::PartnerBadResponse,
                format!("LEX answered without a usable {what}"),
            )
        };
        let money = |amount: Decimal, what| {
            Money::from_decimal(amount)
                .filter(|money| money.minor >= 0)
                .ok_or_else(|| unusable(what))
        };
        let monthly_payment = money(quote.monthly_rental, "monthly_rental")?;
        let total_amount = money(quote.total_rentals, "total_rentals")?;
        let initial = money(quote.initial_payment, "initial_payment")?;
        let balloon_payment = quote.balloon.map(|amount| money(amount, "balloon")).transpose()?;
        if quote.quote_id.is_empty() || quote.quote_id.len() > 100 {
            return Err(unusable("quote_id"));
        }
        if monthly_payment.minor == 0 || total_amount.minor < monthly_payment.minor {
            return Err(unusable("price"));
        }
        if quote.currency.is_some_and(|currency| currency != "GBP") {
            return Err(unusable("currency"));
        }
        if quote.term == 0 || quote.apr.is_some_and(|apr| apr.is_sign_negative()) {
            return Err(unusable("term or apr"));
        }
        let at_the_end = match balloon_payment {
            Some(balloon) if !ask.request.contract_details.quote_type.is_contract_hire() => balloon.minor,
            _ => 0,
        };
        Ok(Step::Done(Price {
            monthly_payment,
            total_amount,
            total_amount_payable: Money::pence(initial.minor + total_amount.minor + at_the_end),
            apr: quote.apr,
            balloon_payment,
            term: quote.term,
            external_quote_id: quote.quote_id,
            external_reference: quote.quote_reference,
            valid_until: quote.valid_until,
        }))
    }

    fn proposal_types(&self) -> &'static [QuoteType] {
        self.quote_types()
    }

    fn propose(&self, proposal: &Proposal) -> Result<Call> {
        proposal::propose(proposal)
    }

    fn proposed(&self, proposal: &Proposal, answer: &Answer) -> Result<Decision> {
        let body = answer.accepted();
        let body = body.map_err(|error| proposal::refused(explain(error, &answer.body)))?;
        proposal::completed(proposal.id, body)
    }

    fn ask_decision(&self, of: &Reference) -> Result<Call> {
        proposal::ask(of)
    }

    fn decided(&self, of: &Reference, answer: &Answer) -> Result<Option<Decision>> {
        match answer.accepted().map_err(|error| explain(error, &answer.body)) {
            Ok(body) => proposal::retrieved(of, body),
            // LEX's own word only: after a 404 of something in between, the proposal would be sent a second time.
            Err(error) if error.partner_code.as_deref() == Some(proposal::NO_SUCH_QUOTE) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn probe(&self) -> Result<Call> {
        let request = Request::builder()
            .method(Method::POST)
            .uri("/quotes/calculate")
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from_static(b"{}"))
            .map_err(|error| Error::new(Kind::Internal, "LEX probe").because(error))?;
        Ok(Call {
            request,
            operation: "probe",
            repeatable: true,
        })
    }
}

/// Assumed: only 3 is seen in public.
fn contract_type(quote_type: QuoteType) -> u8 {
    match quote_type {
        QuoteType::PersonalContractPurchase => 1,
        QuoteType::HirePurchase => 2,
        QuoteType::PersonalContractHire => 3,
        QuoteType::BusinessContractHire => 4,
        QuoteType::FinanceLease => 5,
    }
}

/// Adds what LEX said to a refusal, under the names our callers know.
fn explain(mut error: Error, body: &[u8]) -> Error {
    let Ok(refusal) = read::<Refusal>(body) else {
        return error;
    };
    error.partner_code = refusal.errors.first().and_then(|reason| code(&reason.code));
    if error.kind == Kind::PartnerRejected {
        error.message = "LEX does not accept this request.".into();
        for reason in refusal.errors {
            let path = reason.field.as_deref().map_or(".", our_name);
            error = error.field(path, reason.message.chars().take(200).collect::<String>());
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

#[derive(Serialize)]
struct Calculate<'a> {
    asset: Asset<'a>,
    accessories: [(); 0],
    financials: Financials,
    adjustments: Adjustments,
}

#[derive(Serialize)]
struct Asset<'a> {
    cap_id: u32,
    cap_code: Option<&'a str>,
    model_year: u16,
    options: [&'a str; 0],
}

#[derive(Serialize)]
struct Financials {
    contract_type_id: u8,
    /// Assumed: 106 with maintenance, 105 without.
    plan: u8,
    term: u32,
    mileage: u32,
    relief_vehicle: u8,
    customer_initial_payment: Pounds,
    estimated_sales_value: Option<Pounds>,
    cust_reference: String,
}

#[derive(Serialize)]
struct Adjustments {
    off_invoice_support: Option<Pounds>,
    /// On-the-road price: the caller named one, so LEX is told rather than left to its list price.
    otrp: Pounds,
    commission: Option<Pounds>,
    discount: Option<Pounds>,
    /// A number of LEX's own whose meaning is not public. 0 stands for none.
    customer_terms: u32,
    co2_emission: Option<u32>,
}

impl Adjustments {
    const NONE: Self = Self {
        off_invoice_support: None,
        otrp: Pounds(Money::pence(0)),
        commission: None,
        discount: None,
        customer_terms: 0,
        co2_emission: None,
    };
}

/// Assumed.
#[derive(Deserialize)]
struct Calculated {
    quote_id: String,
    quote_reference: Option<String>,
    term: u32,
    #[serde(deserialize_with = "decimal")]
    initial_payment: Decimal,
    #[serde(deserialize_with = "decimal")]
    monthly_rental: Decimal,
    #[serde(deserialize_with = "decimal")]
    total_rentals: Decimal,
    #[serde(default, deserialize_with = "optional_decimal")]
    apr: Option<Decimal>,
    #[serde(default, deserialize_with = "optional_decimal")]
    balloon: Option<Decimal>,
    currency: Option<String>,
    valid_until: Option<Timestamp>,
}

/// Assumed.
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

#[cfg(test)]
mod tests;
