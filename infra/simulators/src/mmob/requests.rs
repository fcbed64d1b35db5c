//! Reads the bodies of MMOB's requests. Unknown members are ignored, as FastAPI ignores them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::error::ValidationError;
use super::order::{OrderStatus, OrderUpdate};
use super::product::{NewPrice, NewProduct};

/// The spec's list, without its typographic quotes.
const PRODUCT_TYPES: [&str; 27] = [
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

pub fn product(body: &[u8]) -> Result<NewProduct, Vec<ValidationError>> {
    read(body, |reader| NewProduct {
        name: reader.text("name"),
        description: reader.text("description"),
        enabled: reader.flag("enabled"),
        meta: reader.texts("meta"),
        product_type: reader.choice("product_type", &PRODUCT_TYPES),
        external_key: reader.optional_text("external_key"),
    })
}

pub fn price(body: &[u8]) -> Result<NewPrice, Vec<ValidationError>> {
    read(body, |reader| NewPrice {
        name: reader.text("name"),
        currency: reader.currency("currency"),
        amount: reader.amount("amount"),
    })
}

pub fn update(body: &[u8]) -> Result<OrderUpdate, Vec<ValidationError>> {
    read(body, |reader| {
        let status = reader.choice("status", &["Need_more_info", "Succesful", "Failed"]);
        OrderUpdate {
            status: match status.as_str() {
                "Need_more_info" => OrderStatus::NeedMoreInfo,
                "Failed" => OrderStatus::Failed,
                _ => OrderStatus::Succesful,
            },
            output: reader.texts("output"),
        }
    })
}

fn read<T>(body: &[u8], fields: impl FnOnce(&mut BodyReader) -> T) -> Result<T, Vec<ValidationError>> {
    let object: Map<String, Value> = serde_json::from_slice(body).map_err(|error| {
        vec![ValidationError::new(
            &["body"],
            "value_error.jsondecode",
            error.to_string(),
        )]
    })?;
    let mut reader = BodyReader {
        object,
        errors: Vec::new(),
    };
    let value = fields(&mut reader);
    if reader.errors.is_empty() {
        Ok(value)
    } else {
        Err(reader.errors)
    }
}

/// Each method notes an error and goes on with a stand-in value, so that one response lists all errors.
struct BodyReader {
    object: Map<String, Value>,
    errors: Vec<ValidationError>,
}

impl BodyReader {
    fn error(&mut self, name: &str, kind: &'static str, msg: impl Into<String>) {
        self.errors.push(ValidationError::new(&["body", name], kind, msg));
    }

    fn required(&mut self, name: &str) -> Option<Value> {
        let value = self.object.remove(name).filter(|value| !value.is_null());
        if value.is_none() {
            self.error(name, "value_error.missing", "field required");
        }
        value
    }

    fn text(&mut self, name: &str) -> String {
        match self.required(name) {
            Some(Value::String(text)) => return text,
            Some(_) => self.error(name, "type_error.str", "str type expected"),
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
            Some(_) => self.error(name, "type_error.enum", "value is not a valid enumeration member"),
            None => {}
        }
        String::new()
    }

    fn currency(&mut self, name: &str) -> String {
        let text = self.text(name);
        let code = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        if !text.is_empty() && (!code || text == "ZZZ") {
            self.error(name, "value_error", "currency must be a code of ISO 4217");
        }
        text
    }

    fn flag(&mut self, name: &str) -> bool {
        match self.required(name) {
            Some(Value::Bool(flag)) => return flag,
            Some(_) => self.error(name, "type_error.bool", "value could not be parsed to a boolean"),
            None => {}
        }
        false
    }

    fn amount(&mut self, name: &str) -> i64 {
        match self.required(name) {
            Some(Value::Number(number)) if number.as_i64().is_some_and(|amount| amount >= 0) => {
                return number.as_i64().unwrap_or_default();
            }
            Some(_) => self.error(name, "type_error.integer", "value is not a valid integer"),
            None => {}
        }
        0
    }

    /// Reads a map of texts. An absent map is empty.
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
                        _ => self.errors.push(ValidationError::new(
                            &["body", name, &member],
                            "type_error.str",
                            "str type expected",
                        )),
                    }
                }
            }
            Some(_) => self.error(name, "type_error.dict", "value is not a valid dict"),
        }
        texts
    }
}
