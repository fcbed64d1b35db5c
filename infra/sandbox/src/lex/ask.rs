//! Reads the request of calculate and recalculate, and lists everything that is wrong with it.
//!
//! The members are those of a public caller. Which of them may be left out or null, the limits of the numbers, and
//! that an unknown member is refused are our assumptions.

use std::ops::RangeInclusive;

use serde_json::value::RawValue;

use crate::answer::Fault;
use crate::json::{self, Object};
use crate::money::Pence;

pub struct Ask {
    pub cap_id: i64,
    /// What all accessories cost.
    pub accessories: Pence,
    pub financials: Financials,
    pub adjustments: Adjustments,
}

pub struct Financials {
    pub product: Product,
    pub maintained: bool,
    pub term: i64,
    pub mileage: i64,
    pub relief_vehicle: bool,
    pub initial_payment: Pence,
    /// There is a `cust_reference`, so the same body again means the same quote.
    pub referenced: bool,
}

pub struct Adjustments {
    pub on_the_road: Option<Pence>,
    pub discount: Pence,
    pub off_invoice_support: Pence,
    pub commission: Pence,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    ContractPurchase,
    HirePurchase,
    PersonalHire,
    BusinessHire,
    FinanceLease,
}

const MONEY: RangeInclusive<Pence> = Pence::ZERO..=Pence::MOST;
const PRICE: RangeInclusive<Pence> = Pence::pounds(1_000)..=Pence::MOST;

pub fn read(body: &[u8]) -> Result<Ask, Vec<Fault>> {
    let object = Object::read(body).map_err(|error| unreadable(&error))?;
    let mut faults = Vec::new();
    let mut root = Form {
        path: String::new(),
        object,
        faults: &mut faults,
    };
    root.only(&["asset", "accessories", "financials", "adjustments"]);
    let ask = Ask {
        cap_id: asset(&mut root.form("asset")),
        accessories: accessories(&mut root),
        financials: financials(&mut root.form("financials")),
        adjustments: adjustments(&mut root.form("adjustments")),
    };
    if faults.is_empty() { Ok(ask) } else { Err(faults) }
}

pub fn unreadable(error: &serde_json::Error) -> Vec<Fault> {
    vec![Fault::new(
        "INVALID_BODY",
        format!("the body is not a JSON object: {error}"),
    )]
}

fn product(contract_type: i64) -> Product {
    match contract_type {
        1 => Product::ContractPurchase,
        2 => Product::HirePurchase,
        3 => Product::PersonalHire,
        4 => Product::BusinessHire,
        _ => Product::FinanceLease,
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

/// The sum of the accessories' prices.
fn accessories(root: &mut Form<'_, '_>) -> Pence {
    let Some(value) = root.given("accessories") else {
        return Pence::ZERO;
    };
    let Ok(entries) = serde_json::from_str::<Vec<&RawValue>>(value.get()) else {
        root.fault("accessories", "must be a list");
        return Pence::ZERO;
    };
    let mut sum = Pence::ZERO;
    for (index, entry) in entries.into_iter().enumerate() {
        let mut accessory = root.nested(format!("accessories[{index}]"), entry);
        accessory.only(&["type", "description", "price"]);
        if !accessory
            .text("type")
            .is_some_and(|kind| kind == "DealerFit" || kind == "ThirdParty")
        {
            accessory.fault("type", "must be DealerFit or ThirdParty");
        }
        accessory.text("description");
        sum = sum + accessory.required_money("price");
    }
    if sum > Pence::MOST {
        root.fault("accessories", "cost more than any vehicle");
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
        product: product(form.integer("contract_type_id", 1..=5)),
        maintained: form.integer("plan", 105..=106) == 106,
        term: form.integer("term", 6..=84),
        mileage: form.integer("mileage", 1_000..=100_000),
        relief_vehicle: form.integer("relief_vehicle", 0..=1) == 1,
        initial_payment: form.required_money("customer_initial_payment"),
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

/// An object of the request and where it is in it. Every reader notes a fault and goes on with a stand-in.
struct Form<'a, 'f> {
    path: String,
    object: Object<'a>,
    faults: &'f mut Vec<Fault>,
}

impl<'a> Form<'a, '_> {
    fn fault(&mut self, name: &str, message: impl Into<String>) {
        let field = if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        };
        self.faults.push(Fault::field(field, message));
    }

    fn only(&mut self, known: &[&str]) {
        let unknown: Vec<_> = self
            .object
            .names()
            .filter(|name| !known.contains(name))
            .map(str::to_owned)
            .collect();
        for name in unknown {
            self.fault(&name, "is not a member of this request");
        }
    }

    /// A member that is there and not null.
    fn given(&self, name: &str) -> Option<&'a RawValue> {
        self.object.get(name).filter(|value| !json::is_null(value))
    }

    /// An absent object reads as an empty one: its required members are then missed one by one.
    fn form(&mut self, name: &str) -> Form<'a, '_> {
        match self.given(name) {
            Some(value) => self.nested(name.to_owned(), value),
            None => Form {
                path: name.to_owned(),
                object: Object::default(),
                faults: self.faults,
            },
        }
    }

    fn nested(&mut self, path: String, value: &'a RawValue) -> Form<'a, '_> {
        let object = Object::read(value.get().as_bytes()).unwrap_or_else(|error| {
            self.faults
                .push(Fault::field(path.clone(), format!("must be an object: {error}")));
            Object::default()
        });
        Form {
            path,
            object,
            faults: self.faults,
        }
    }

    fn integer(&mut self, name: &str, allowed: RangeInclusive<i64>) -> i64 {
        let read = self.object.get(name).ok_or("is missing").and_then(json::integer);
        match read {
            Ok(number) if allowed.contains(&number) => number,
            Ok(_) => {
                self.fault(
                    name,
                    format!("must be between {} and {}", allowed.start(), allowed.end()),
                );
                *allowed.start()
            }
            Err(reason) => {
                self.fault(name, reason);
                *allowed.start()
            }
        }
    }

    fn money(&mut self, name: &str, allowed: RangeInclusive<Pence>) -> Option<Pence> {
        match amount(self.given(name)?) {
            Ok(amount) if allowed.contains(&amount) => Some(amount),
            Ok(_) => {
                self.fault(
                    name,
                    format!("must be between {} and {}", allowed.start(), allowed.end()),
                );
                None
            }
            Err(reason) => {
                self.fault(name, reason);
                None
            }
        }
    }

    fn required_money(&mut self, name: &str) -> Pence {
        if self.given(name).is_none() {
            self.fault(name, "is missing");
        }
        self.money(name, MONEY).unwrap_or(Pence::ZERO)
    }

    fn text(&mut self, name: &str) -> Option<String> {
        match json::string(self.given(name)?) {
            Ok(text) => Some(text),
            Err(reason) => {
                self.fault(name, reason);
                None
            }
        }
    }

    /// A number that the quote does not depend on.
    fn number(&mut self, name: &str) {
        if self.given(name).is_some_and(|value| !json::is_number(value)) {
            self.fault(name, "must be a number");
        }
    }

    fn strings(&mut self, name: &str) {
        if self
            .given(name)
            .is_some_and(|value| serde_json::from_str::<Vec<String>>(value.get()).is_err())
        {
            self.fault(name, "must be a list of strings");
        }
    }
}

fn amount(value: &RawValue) -> Result<Pence, &'static str> {
    if !json::is_number(value) {
        return Err("must be a JSON number");
    }
    Pence::read(value.get())
}
