//! Reads the request of calculate and recalculate, and lists every error in it.
//!
//! The members are those that a public caller of Lex sends. Our assumptions: which members are optional, the limits of
//! the numbers, and that unknown members are refused.

use crate::answer::ErrorEntry;
use crate::form::{self, Form, MONEY, PRICE};
use crate::money::Pence;

pub struct CalculateRequest {
    pub cap_id: i64,
    /// The total price of the accessories.
    pub accessories: Pence,
    pub financials: Financials,
    pub adjustments: Adjustments,
}

pub struct Financials {
    pub contract_type: ContractType,
    pub maintained: bool,
    pub term: i64,
    pub mileage: i64,
    pub relief_vehicle: bool,
    pub initial_payment: Pence,
    /// The request has a `cust_reference`, so a repeated body gives the same quote.
    pub referenced: bool,
}

pub struct Adjustments {
    pub on_the_road: Option<Pence>,
    pub discount: Pence,
    pub off_invoice_support: Pence,
    pub commission: Pence,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContractType {
    ContractPurchase,
    HirePurchase,
    PersonalHire,
    BusinessHire,
    FinanceLease,
}

pub fn read(body: &[u8]) -> Result<CalculateRequest, Vec<ErrorEntry>> {
    form::read(body, |root| {
        root.only(&["asset", "accessories", "financials", "adjustments"]);
        CalculateRequest {
            cap_id: asset(&mut root.form("asset")),
            accessories: accessories(root),
            financials: financials(&mut root.form("financials")),
            adjustments: adjustments(&mut root.form("adjustments")),
        }
    })
}

fn contract_type(id: i64) -> ContractType {
    match id {
        1 => ContractType::ContractPurchase,
        2 => ContractType::HirePurchase,
        3 => ContractType::PersonalHire,
        4 => ContractType::BusinessHire,
        _ => ContractType::FinanceLease,
    }
}

fn asset(form: &mut Form<'_, '_>) -> i64 {
    form.only(&["cap_id", "cap_code", "model_year", "options"]);
    let cap_id = form.integer("cap_id", 1..=999_999_999);
    form.text("cap_code");
    form.number("model_year");
    form.strings("options");
    cap_id
}

/// Returns the total price of the accessories.
fn accessories(root: &mut Form<'_, '_>) -> Pence {
    let mut sum = Pence::ZERO;
    for (path, entry) in root.list("accessories") {
        let mut accessory = root.nested(path, entry);
        accessory.only(&["type", "description", "price"]);
        accessory.choice("type", &["DealerFit", "ThirdParty"]);
        accessory.text("description");
        sum = sum + accessory.required_money("price", MONEY);
    }
    if sum > Pence::MAX {
        root.error("accessories", "cost more than any vehicle");
    }
    sum
}

fn financials(form: &mut Form<'_, '_>) -> Financials {
    form.only(&[
        "contract_type_id",
        "plan",
        "term",
        "mileage",
        "relief_vehicle",
        "customer_initial_payment",
        "estimated_sales_value",
        "cust_reference",
    ]);
    form.money("estimated_sales_value", MONEY);
    Financials {
        contract_type: contract_type(form.integer("contract_type_id", 1..=5)),
        maintained: form.integer("plan", 105..=106) == 106,
        term: form.integer("term", 6..=84),
        mileage: form.integer("mileage", 1_000..=100_000),
        relief_vehicle: form.integer("relief_vehicle", 0..=1) == 1,
        initial_payment: form.required_money("customer_initial_payment", MONEY),
        referenced: form
            .text("cust_reference")
            .is_some_and(|reference| !reference.is_empty()),
    }
}

fn adjustments(form: &mut Form<'_, '_>) -> Adjustments {
    form.only(&[
        "off_invoice_support",
        "otrp",
        "commission",
        "discount",
        "customer_terms",
        "co2_emission",
    ]);
    form.integer("customer_terms", 0..=999_999_999);
    form.number("co2_emission");
    Adjustments {
        on_the_road: form.money("otrp", PRICE),
        discount: form.money("discount", MONEY).unwrap_or(Pence::ZERO),
        off_invoice_support: form.money("off_invoice_support", MONEY).unwrap_or(Pence::ZERO),
        commission: form.money("commission", MONEY).unwrap_or(Pence::ZERO),
    }
}
