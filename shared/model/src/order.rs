//! A marketplace's orders: a user's input, and the outcome.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, Object, ObjectBuilder, Schema, Type};

use crate::error::all;
use crate::json::typed::texts;
use crate::text::{hidden_class, is_plain, is_plain_prose};
use crate::{Error, Result};

/// MMOB's own words, spelling included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum OrderStatus {
    Pending,
    #[serde(rename = "Need_more_info")]
    NeedMoreInfo,
    /// Reads `Successful` too, and writes `Succesful`.
    #[serde(alias = "Successful")]
    Succesful,
    Failed,
}

impl OrderStatus {
    pub const ALL: [Self; 4] = [Self::Pending, Self::NeedMoreInfo, Self::Succesful, Self::Failed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::NeedMoreInfo => "Need_more_info",
            Self::Succesful => "Succesful",
            Self::Failed => "Failed",
        }
    }

    /// What is final never changes again.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succesful | Self::Failed)
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name that the marketplace gives a list of fields within an output, and the text between two of them.
const REQUIRED_FIELDS: &str = "required_fields";
const BETWEEN_FIELDS: &str = ", ";
/// The member of a failure's output that has the reason.
const ERROR: &str = "error";

const MAX_MEMBERS: usize = 50;
const MAX_FIELD_LENGTH: usize = 100;
const MAX_TEXT_LENGTH: usize = 2000;

/// The outcome of an order. Missing fields are a list here and one text at MMOB.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderOutcome {
    /// The decision.
    pub status: OrderStatus,
    /// Texts that the user sees, by name. `error` is the reason for a failure.
    #[serde(default, deserialize_with = "texts", skip_serializing_if = "BTreeMap::is_empty")]
    pub output: BTreeMap<String, String>,
    /// Only for an order that needs more information.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required_fields: Vec<String>,
}

/// What an order brings is the user's own business, and stays out of logs.
impl fmt::Debug for OrderOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OrderOutcome({})", self.status)
    }
}

impl OrderOutcome {
    pub fn succesful(output: BTreeMap<String, String>) -> Self {
        Self {
            status: OrderStatus::Succesful,
            output,
            required_fields: Vec::new(),
        }
    }

    pub fn need_more_info(required_fields: Vec<String>) -> Self {
        Self {
            status: OrderStatus::NeedMoreInfo,
            output: BTreeMap::new(),
            required_fields,
        }
    }

    pub fn failed(error: impl Into<String>) -> Self {
        Self {
            status: OrderStatus::Failed,
            output: BTreeMap::from([(ERROR.to_owned(), error.into())]),
            required_fields: Vec::new(),
        }
    }

    /// As the marketplace writes it: the missing fields are one text of the output.
    pub fn from_wire(status: OrderStatus, output: BTreeMap<String, String>) -> Self {
        Self {
            status,
            output,
            required_fields: Vec::new(),
        }
        .with_fields_apart()
    }

    /// The output as the marketplace reads it.
    pub fn wire_output(&self) -> BTreeMap<String, String> {
        let mut output = self.output.clone();
        if !self.required_fields.is_empty() {
            output.insert(REQUIRED_FIELDS.to_owned(), self.required_fields.join(BETWEEN_FIELDS));
        }
        output
    }

    /// What may be decided about an order, by people or by a provider's machine.
    pub fn checked(self) -> Result<Self> {
        let outcome = self.with_fields_apart();
        let refuse = |is_bad: bool, path: &str, why: &str| if is_bad { Err(Error::invalid(path, why)) } else { Ok(()) };
        let (status, fields, output) = (outcome.status, &outcome.required_fields, &outcome.output);
        let lacks_fields = status == OrderStatus::NeedMoreInfo && fields.is_empty();
        let needs_none = matches!(status, OrderStatus::Succesful | OrderStatus::Failed) && !fields.is_empty();
        let is_silent = output.get(ERROR).is_none_or(|error| error.trim().is_empty());
        let are_fields = fields.len() <= MAX_MEMBERS && fields.iter().all(|field| is_field(field));
        all([
            refuse(
                status == OrderStatus::Pending,
                "status",
                "must be one of Succesful, Need_more_info, Failed",
            ),
            refuse(lacks_fields, "requiredFields", "must name what is missing"),
            refuse(needs_none, "requiredFields", "only goes with the status Need_more_info"),
            refuse(
                status == OrderStatus::Failed && is_silent,
                "output.error",
                "must say why",
            ),
            refuse(
                !are_fields,
                "requiredFields",
                "must be up to 50 names of up to 100 characters without commas, control and format characters",
            ),
            refuse(
                !are_texts(output),
                "output",
                "must be up to 50 texts of up to 2000 characters",
            ),
            refuse(
                output.contains_key(REQUIRED_FIELDS),
                "output.required_fields",
                "must be absent: name the fields in requiredFields",
            ),
        ])?;
        Ok(outcome)
    }

    fn with_fields_apart(mut self) -> Self {
        if self.status == OrderStatus::NeedMoreInfo
            && self.required_fields.is_empty()
            && let Some(joined) = self.output.remove(REQUIRED_FIELDS)
        {
            let fields = joined.split(',').map(str::trim).filter(|field| !field.is_empty());
            self.required_fields = fields.map(str::to_owned).collect();
        }
        self
    }
}

/// What [`OrderOutcome::checked`] takes as fields, for the API document.
pub fn fields_schema() -> Array {
    let hidden = hidden_class();
    let name = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(format!(r"^[^\s,{hidden}]([^,{hidden}]{{0,98}}[^\s,{hidden}])?$")))
        .build();
    ArrayBuilder::new()
        .items(name)
        .max_items(Some(MAX_MEMBERS))
        .description(Some("Names of members of the order's input."))
        .build()
}

/// What is taken as texts by name, for the API document.
pub fn texts_schema() -> Object {
    let text = |least, most| {
        let text = ObjectBuilder::new().schema_type(Type::String);
        Schema::Object(text.min_length(least).max_length(Some(most)).build())
    };
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .property_names(Some(text(Some(1), MAX_FIELD_LENGTH)))
        .additional_properties(Some(text(None, MAX_TEXT_LENGTH)))
        .max_properties(Some(MAX_MEMBERS))
        .description(Some(
            "Texts by name. They have no format characters, and no control characters other than tabs and line breaks.",
        ))
        .build()
}

/// Whether these are few and short.
pub fn are_texts(texts: &BTreeMap<String, String>) -> bool {
    let short = |(name, value): (&String, &String)| {
        (1..=MAX_FIELD_LENGTH).contains(&name.chars().count()) && value.chars().count() <= MAX_TEXT_LENGTH
    };
    texts.len() <= MAX_MEMBERS && texts.iter().all(short)
}

/// Whether the names are plain, and the texts too, which may have several lines.
pub fn are_plain(texts: &BTreeMap<String, String>) -> bool {
    texts
        .iter()
        .all(|(name, value)| is_plain(name) && is_plain_prose(value))
}

/// A name that survives being joined with others.
pub fn is_field(name: &str) -> bool {
    name.trim() == name
        && (1..=MAX_FIELD_LENGTH).contains(&name.chars().count())
        && !name.contains(',')
        && is_plain(name)
}

/// An order as the marketplace has it.
#[derive(Clone, PartialEq)]
pub struct Order {
    pub id: String,
    pub product: String,
    pub price: String,
    pub user: String,
    /// What the user filled in. Which members there are varies by product.
    pub input: Map<String, Value>,
    pub outcome: OrderOutcome,
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Order({}, {})", self.id, self.outcome.status)
    }
}

/// The user who placed an order, with the members that delivery needs and no others.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderUser {
    /// MMOB's id of the user.
    pub id: String,
    /// Such as `Ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub title: Option<String>,
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub first_name: Option<String>,
    /// Surname.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub surname: Option<String>,
    /// House number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub building_number: Option<String>,
    /// Lines of the address.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub address: Vec<String>,
    /// Town or city.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub town_city: Option<String>,
    /// County.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub county: Option<String>,
    /// Postcode.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub postcode: Option<String>,
}

impl fmt::Debug for OrderUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OrderUser({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(json: &str) -> OrderOutcome {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_words_are_the_marketplaces_to_the_letter() {
        let words = ["Pending", "Need_more_info", "Succesful", "Failed"];
        for (status, word) in OrderStatus::ALL.into_iter().zip(words) {
            assert_eq!(serde_json::to_string(&status).unwrap(), format!("\"{word}\""));
            assert_eq!((status.as_str(), status.to_string()), (word, word.to_owned()));
        }
        assert_eq!(
            serde_json::from_str::<OrderStatus>("\"Successful\"").unwrap(),
            OrderStatus::Succesful
        );
        for other in [
            "succesful",
            "SUCCESFUL",
            "Need more info",
            "need_more_info",
            "pending",
            "",
        ] {
            assert!(
                serde_json::from_str::<OrderStatus>(&format!("\"{other}\"")).is_err(),
                "{other}"
            );
        }
        assert!(OrderStatus::Failed.is_final() && OrderStatus::Succesful.is_final());
        assert!(!OrderStatus::Pending.is_final() && !OrderStatus::NeedMoreInfo.is_final());
    }

    #[test]
    fn missing_fields_are_a_list_here_and_one_text_there() {
        let fields = vec![
            "engineer_appointment_date".to_owned(),
            "engineer_apointment_time".to_owned(),
        ];
        let outcome = OrderOutcome::need_more_info(fields.clone());
        let wire = outcome.wire_output();
        assert_eq!(
            wire.get("required_fields").unwrap(),
            "engineer_appointment_date, engineer_apointment_time"
        );
        assert_eq!(OrderOutcome::from_wire(OrderStatus::NeedMoreInfo, wire), outcome);
        let loose = BTreeMap::from([("required_fields".to_owned(), " a,b ,, c".to_owned())]);
        assert_eq!(
            OrderOutcome::from_wire(OrderStatus::NeedMoreInfo, loose.clone()).required_fields,
            ["a", "b", "c"]
        );
        let other = OrderOutcome::from_wire(OrderStatus::Succesful, loose.clone());
        assert_eq!(
            other.wire_output(),
            loose,
            "only what needs more information has such a list"
        );
    }

    #[test]
    fn a_decision_says_what_its_status_needs() {
        for good in [
            r#"{"status":"Succesful"}"#,
            r#"{"status":"Successful","output":{"key":"Value"}}"#,
            r#"{"status":"Need_more_info","requiredFields":["a","b"]}"#,
            r#"{"status":"Need_more_info","output":{"required_fields":"a, b"}}"#,
            r#"{"status":"Failed","output":{"error":"PBX Over capacity"}}"#,
        ] {
            assert!(outcome(good).checked().is_ok(), "{good}");
        }
        for (bad, path) in [
            (r#"{"status":"Pending"}"#, "status"),
            (r#"{"status":"Need_more_info"}"#, "requiredFields"),
            (
                r#"{"status":"Need_more_info","requiredFields":["a, b"]}"#,
                "requiredFields",
            ),
            (
                r#"{"status":"Need_more_info","requiredFields":[" a"]}"#,
                "requiredFields",
            ),
            (
                r#"{"status":"Need_more_info","requiredFields":["a\u202eb"]}"#,
                "requiredFields",
            ),
            (r#"{"status":"Succesful","requiredFields":["a"]}"#, "requiredFields"),
            (r#"{"status":"Succesful","output":{"":"x"}}"#, "output"),
            (r#"{"status":"Failed"}"#, "output.error"),
            (r#"{"status":"Failed","output":{"error":" "}}"#, "output.error"),
            (
                r#"{"status":"Need_more_info","requiredFields":["a"],"output":{"required_fields":"b"}}"#,
                "output.required_fields",
            ),
        ] {
            let error = outcome(bad).checked().unwrap_err();
            assert_eq!(error.fields[0].path, path, "{bad}");
        }
    }

    #[test]
    fn what_users_fill_in_does_not_reach_logs_through_debug() {
        let shown = format!("{:?}", outcome(r#"{"status":"Failed","output":{"error":"secret"}}"#));
        assert_eq!(shown, "OrderOutcome(Failed)");
    }
}
