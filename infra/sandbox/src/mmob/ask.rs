//! Reads what MMOB is sent: members that it does not know are ignored, as FastAPI does.

use std::collections::BTreeMap;

use axum::extract::Query;
use axum::http::Uri;
use serde_json::{Map, Value};

use super::book::Status;
use super::problem::Fault;

/// The spec's list, its typographic quotes stripped.
pub const PRODUCT_TYPES: [&str; 27] = [
    "insurance_car_insurance",
    "insurance_home_insurance",
    "insurance_travel_insurance",
    "insurance_health_insurance",
    "insurance_pet_insurance",
    "insurance_gadget_insurance",
    "investments",
    "lending",
    "insurance",
    "rewards",
    "utilities",
    "insurance_life_insurance",
    "insurance_business_insurance",
    "investments_investment_account",
    "investments_stocks_and_shares_isa",
    "investments_sipp",
    "investments_crowdfunding",
    "investments_current_accounts",
    "investments_savings_accounts",
    "investments_cash_isas",
    "lending_mortgages",
    "lending_loans",
    "lending_credit_cards",
    "utilities_energy",
    "utilities_broadband",
    "utilities_tv",
    "utilities_mobile_phones",
];

pub struct NewProduct {
    pub name: String,
    pub description: String,
    pub enabled: bool,
    pub meta: BTreeMap<String, String>,
    pub product_type: String,
    pub external_key: Option<String>,
}

pub struct NewPrice {
    pub name: String,
    pub currency: String,
    pub amount: i64,
}

pub struct Update {
    pub status: Status,
    pub output: BTreeMap<String, String>,
}

pub fn product(body: &[u8]) -> Result<NewProduct, Vec<Fault>> {
    read(body, |form| NewProduct {
        name: form.text("name"),
        description: form.text("description"),
        enabled: form.flag("enabled"),
        meta: form.texts("meta"),
        product_type: form.choice("product_type", &PRODUCT_TYPES),
        external_key: form.optional_text("external_key"),
    })
}

pub fn price(body: &[u8]) -> Result<NewPrice, Vec<Fault>> {
    read(body, |form| NewPrice {
        name: form.text("name"),
        currency: form.currency("currency"),
        amount: form.amount("amount"),
    })
}

pub fn update(body: &[u8]) -> Result<Update, Vec<Fault>> {
    read(body, |form| {
        let word = form.choice("status", &["Need_more_info", "Succesful", "Failed"]);
        Update {
            status: match word.as_str() {
                "Need_more_info" => Status::NeedMoreInfo,
                "Failed" => Status::Failed,
                _ => Status::Succesful,
            },
            output: form.texts("output"),
        }
    })
}

fn read<T>(body: &[u8], fields: impl FnOnce(&mut Form) -> T) -> Result<T, Vec<Fault>> {
    let object: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|error| vec![Fault::new(&["body"], "value_error.jsondecode", error.to_string())])?;
    let mut form = Form {
        object,
        faults: Vec::new(),
    };
    let value = fields(&mut form);
    if form.faults.is_empty() {
        Ok(value)
    } else {
        Err(form.faults)
    }
}

/// Every reader notes a fault and goes on with a stand-in.
struct Form {
    object: Map<String, Value>,
    faults: Vec<Fault>,
}

impl Form {
    fn fault(&mut self, name: &str, kind: &'static str, msg: impl Into<String>) {
        self.faults.push(Fault::new(&["body", name], kind, msg));
    }

    fn required(&mut self, name: &str) -> Option<Value> {
        let value = self.object.remove(name).filter(|value| !value.is_null());
        if value.is_none() {
            self.fault(name, "value_error.missing", "field required");
        }
        value
    }

    fn text(&mut self, name: &str) -> String {
        match self.required(name) {
            Some(Value::String(text)) => return text,
            Some(_) => self.fault(name, "type_error.str", "str type expected"),
            None => {}
        }
        String::new()
    }

    fn optional_text(&mut self, name: &str) -> Option<String> {
        let given = self.object.get(name).is_some_and(|value| !value.is_null());
        given.then(|| self.text(name))
    }

    fn choice(&mut self, name: &str, allowed: &[&str]) -> String {
        match self.required(name) {
            Some(Value::String(text)) if allowed.contains(&text.as_str()) => return text,
            Some(_) => self.fault(name, "type_error.enum", "value is not a valid enumeration member"),
            None => {}
        }
        String::new()
    }

    fn currency(&mut self, name: &str) -> String {
        let text = self.text(name);
        let code = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        if !text.is_empty() && (!code || text == "ZZZ") {
            self.fault(name, "value_error", "currency must be a code of ISO 4217");
        }
        text
    }

    fn flag(&mut self, name: &str) -> bool {
        match self.required(name) {
            Some(Value::Bool(flag)) => return flag,
            Some(_) => self.fault(name, "type_error.bool", "value could not be parsed to a boolean"),
            None => {}
        }
        false
    }

    fn amount(&mut self, name: &str) -> i64 {
        match self.required(name) {
            Some(Value::Number(number)) if number.as_i64().is_some_and(|amount| amount >= 0) => {
                return number.as_i64().unwrap_or_default();
            }
            Some(_) => self.fault(name, "type_error.integer", "value is not a valid integer"),
            None => {}
        }
        0
    }

    /// A map of texts; absent it is empty.
    fn texts(&mut self, name: &str) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        match self.object.remove(name) {
            None | Some(Value::Null) => {}
            Some(Value::Object(members)) => {
                for (member, value) in members {
                    match value {
                        Value::String(text) => {
                            texts.insert(member, text);
                        }
                        _ => self.faults.push(Fault::new(
                            &["body", name, &member],
                            "type_error.str",
                            "str type expected",
                        )),
                    }
                }
            }
            Some(_) => self.fault(name, "type_error.dict", "value is not a valid dict"),
        }
        texts
    }
}

/// Which part of a list is wanted, and of what.
pub struct Wanted {
    pub page: usize,
    pub size: usize,
    parameters: Vec<(String, String)>,
}

impl Wanted {
    pub fn read(uri: &Uri) -> Result<Self, Vec<Fault>> {
        let query = Query::<Vec<(String, String)>>::try_from_uri(uri);
        let parameters = query.map(|query| query.0).unwrap_or_default();
        let mut faults = Vec::new();
        let mut number = |name: &str, usual: usize, least: usize| {
            let given = parameters.iter().find(|(parameter, _)| parameter == name);
            let Some((_, text)) = given else { return usual };
            text.parse()
                .ok()
                .filter(|number| (least..=100_000).contains(number))
                .unwrap_or_else(|| {
                    faults.push(Fault::new(
                        &["query", name],
                        "type_error.integer",
                        "value is not a valid integer",
                    ));
                    usual
                })
        };
        let (page, size) = (number("page", 0, 0), number("size", 50, 1).min(100));
        if faults.is_empty() {
            Ok(Self { page, size, parameters })
        } else {
            Err(faults)
        }
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        let named = self.parameters.iter().filter(|(parameter, _)| parameter == name);
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// This page of what there is.
    pub fn cut<T>(&self, all: Vec<T>) -> Vec<T> {
        let before = self.page.saturating_mul(self.size);
        all.into_iter().skip(before).take(self.size).collect()
    }
}
