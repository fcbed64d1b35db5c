//! What the funders are asked and what they answer.

use runtime::testing::Play;
use serde_json::{Value, json};

pub const SAMPLE: &str = include_str!("../../../../events/bodies/quote.json");
pub const PRICED: &str = include_str!("../../../../shared/partners/fixtures/lex/quote.answer.json");

pub fn priced() -> Play {
    Play::answer(200, PRICED)
}

/// The sample, for another funder.
pub fn sample(funder: &str) -> String {
    SAMPLE.replace("\"LEX\"", &format!("\"{funder}\""))
}

/// Either funder pricing the sample, every step of it.
pub fn good() -> Play {
    Play::By(|request| {
        let body = match request.uri().path() {
            "/api/v1/quotes/calculate" => PRICED.to_owned(),
            "/api/vehicle/details" => r#"{"HasError":false,"Vehicle":{"Type":"Car"}}"#.to_owned(),
            "/api/finance/defaults" => r#"{"Products":[{"Key":"HP"},{"Key":"PCH"},{"Key":"PCP"}]}"#.to_owned(),
            "/api/finance/calculatefordisplay" => calculation(request.body(), "PCH"),
            _ => return Play::answer(404, "{}"),
        };
        Play::answer(200, body)
    })
}

/// ALPHABET's answer to its third step.
pub fn calculation(request: &[u8], product: &str) -> String {
    let asked: Value = serde_json::from_slice(request).unwrap();
    let quote = json!({
        "QuoteReference": "CW-1", "Term": 36, "RegularPayment": 450.00, "TotalDeposit": 2500.00,
        "TotalAmountPayable": 18700.00, "ValidTo": "2024-12-31T23:59:59Z",
        "Payments": [{"Amount": 450.00, "NumberOfPayments": 36}],
    });
    json!({"Vehicles": [{
        "Id": asked["VehicleRequests"][0]["Id"],
        "FinanceQuotations": [{"Finance": {"Key": product, "Quote": quote}}],
    }]})
    .to_string()
}
