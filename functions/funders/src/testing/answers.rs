//! Requests for quotes, and the answers of funders that price them.

use runtime::testing::Script;
use serde_json::{Value, json};

pub const SAMPLE: &str = include_str!("../../../../events/bodies/quote.json");
pub const PRICED: &str = include_str!("../../../../shared/partners/funders/fixtures/lex/quote.answer.json");

/// LEX pricing the sample.
pub fn priced() -> Script {
    Script::answer(200, PRICED)
}

/// The sample, for another funder.
pub fn sample(funder: &str) -> String {
    SAMPLE.replace("\"LEX\"", &format!("\"{funder}\""))
}

/// Either funder pricing the sample, at every step.
pub fn good() -> Script {
    Script::By(|request| {
        let body = match request.uri().path() {
            "/api/v1/quotes/calculate" => PRICED.to_owned(),
            "/api/vehicle/details" => r#"{"HasError":false,"Vehicle":{"Type":"Car"}}"#.to_owned(),
            "/api/finance/defaults" => r#"{"Products":[{"Key":"HP"},{"Key":"PCH"},{"Key":"PCP"}]}"#.to_owned(),
            "/api/finance/calculatefordisplay" => calculation(request.body(), "PCH"),
            _ => return Script::answer(404, "{}"),
        };
        Script::answer(200, body)
    })
}

/// ALPHABET's answer to its third step.
pub fn calculation(request: &[u8], product: &str) -> String {
    let request: Value = serde_json::from_slice(request).unwrap();
    let quote = json!({
        "QuoteReference": "CW-1", "Term": 36, "RegularPayment": 450.00, "TotalDeposit": 2500.00,
        "TotalAmountPayable": 18700.00, "ValidTo": "2024-12-31T23:59:59Z",
        "Payments": [{"Amount": 450.00, "NumberOfPayments": 36}],
    });
    json!({"Vehicles": [{
        "Id": request["VehicleRequests"][0]["Id"],
        "FinanceQuotations": [{"Finance": {"Key": product, "Quote": quote}}],
    }]})
    .to_string()
}
