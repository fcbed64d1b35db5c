//! What of MMOB's documents may stand in a log. Orders and users are personal data, so it is little: nothing of `input`,
//! `output` and `meta`, whose members callers name.

use call::Shown::{Code, Count, Date, Flag, Hidden, Id, Known, List, Message, Number, Object, Place, Uuid, Word};
use call::{Loggable, LoggedMember, Shown};
use model::currency::CurrencyCode;
use model::product::ProductType;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

pub const LOGGABLE: Loggable = Loggable {
    request: &[
        ("name", Hidden),
        ("description", Hidden),
        ("enabled", Flag),
        ("meta", Hidden),
        ("product_type", PRODUCT_TYPE),
        ("external_key", Uuid),
        ("currency", CURRENCY),
        ("amount", Number),
        ("status", ORDER_STATUS),
        ("output", Hidden),
    ],
    answer: &[
        ("id", ID),
        ("status", ORDER_STATUS),
        ("prod_id", Id(&["prod_"])),
        ("pricing_id", Id(&["price_"])),
        ("tpp_id", Id(&["tpp_"])),
        ("tpp_user_id", Hidden),
        ("user_id", Hidden),
        ("root_quote_id", Hidden),
        ("input", Hidden),
        ("output", Hidden),
        ("meta", Hidden),
        ("value", Hidden),
        ("currency", CURRENCY),
        ("amount", Number),
        ("product", Hidden),
        ("created", Date),
        ("updated", Date),
        ("name", Hidden),
        ("description", Hidden),
        ("enabled", Flag),
        ("expiration_date", Date),
        ("external_key", Uuid),
        ("product_type", PRODUCT_TYPE),
        ("items", List(&Object(ITEM))),
        ("total", Number),
        ("page", Count),
        ("size", Count),
        ("detail", Message),
        (
            "detail",
            List(&Object(&[("loc", List(&Place)), ("msg", Message), ("type", FAULT)])),
        ),
    ],
    place_words: &["body", "query", "path"],
};

/// A product, or a user, of whom nothing stands.
const ITEM: &[LoggedMember] = &[
    ("id", ID),
    ("created", Date),
    ("name", Hidden),
    ("description", Hidden),
    ("enabled", Flag),
    ("expiration_date", Date),
    ("external_key", Uuid),
    ("meta", Hidden),
    ("product_type", PRODUCT_TYPE),
    ("email", Hidden),
    ("title", Hidden),
    ("first_name", Hidden),
    ("surname", Hidden),
    ("dob", Hidden),
    ("building_number", Hidden),
    ("address_1", Hidden),
    ("address_2", Hidden),
    ("address_3", Hidden),
    ("town_city", Hidden),
    ("county", Hidden),
    ("postcode", Hidden),
    ("national_insurance_number", Hidden),
    ("passport_number", Hidden),
];

/// An order, a product or a price, and never a user.
const ID: Shown = Id(&["po_", "prod_", "price_"]);
const ORDER_STATUS: Shown = Word(&["Pending", "Need_more_info", "Succesful", "Successful", "Failed"]);
const PRODUCT_TYPE: Shown = Known(is_product_type);
const CURRENCY: Shown = Known(|text| text.parse::<CurrencyCode>().is_ok());
const FAULT: Shown = Code(&["type_error.enum", "type_error.str", "value_error.missing"]);

fn is_product_type(text: &str) -> bool {
    let text: StrDeserializer<'_, Error> = text.into_deserializer();
    ProductType::deserialize(text).is_ok()
}
