//! The price, and every answer that must not become one.

mod mutation;

use serde_json::{Value, json};

use super::*;
use crate::sample::{context, request};

const ANSWER: &str = include_str!("../../../fixtures/alphabet/quote.answer.json");
/// The same answer, written otherwise.
const LOOSE: &str = include_str!("../../../fixtures/alphabet/quote.loose.json");
const REFUSAL: &str = include_str!("../../../fixtures/alphabet/quote.refusal.json");
/// The pointer to our quote.
const OUR_QUOTE: &str = "/Vehicles/1/FinanceQuotations/1/Finance/Quote";

fn priced(body: impl AsRef<[u8]>) -> Result<Price> {
    price(&context(&request()), "PCP", body.as_ref())
}

/// The price in the answer after a change. Its numbers are short, so that a float keeps them.
fn changed(change: impl FnOnce(&mut Value)) -> Result<Price> {
    let mut document: Value = serde_json::from_str(ANSWER).unwrap();
    change(&mut document);
    priced(document.to_string())
}

fn our_quote(document: &mut Value) -> &mut Value {
    document.pointer_mut(OUR_QUOTE).unwrap()
}

#[test]
fn the_sample_answer_becomes_this_price() {
    insta::assert_json_snapshot!(priced(ANSWER).unwrap(), @r#"
    {
      "monthly_payment": {
        "minor": 71783,
        "currency": "GBP"
      },
      "total_amount": {
        "minor": 2584215,
        "currency": "GBP"
      },
      "total_amount_payable": {
        "minor": 4050215,
        "currency": "GBP"
      },
      "apr": "6.9",
      "balloon_payment": {
        "minor": 1216000,
        "currency": "GBP"
      },
      "term": 36,
      "external_quote_id": "CW-20001",
      "valid_until": "2024-12-31T23:59:59Z"
    }
    "#);
}

#[test]
fn the_same_answer_is_the_same_price_however_it_is_written() {
    assert_eq!(priced(LOOSE).unwrap(), priced(ANSWER).unwrap());
}

#[test]
fn only_our_vehicle_counts_at_any_place() {
    let expected = priced(ANSWER).unwrap();
    let reversed = changed(|document| document["Vehicles"].as_array_mut().unwrap().reverse());
    assert_eq!(reversed.unwrap(), expected);
    let broken = changed(|document| document["Vehicles"][0]["FinanceQuotations"] = json!([{"Finance": 7}]));
    assert_eq!(broken.unwrap(), expected, "an error in another vehicle does not matter");
    let alone = changed(|document| drop(document["Vehicles"].as_array_mut().unwrap().remove(1)));
    assert_eq!(alone.unwrap_err().kind, Kind::PartnerBadResponse);
    let none = changed(|document| document["Vehicles"] = json!([]));
    assert_eq!(none.unwrap_err().kind, Kind::PartnerBadResponse);
}

#[test]
fn a_failed_quotation_may_stand_before_or_after_the_good_one() {
    let expected = priced(ANSWER).unwrap();
    let swapped = changed(|document| {
        let quotations = document.pointer_mut("/Vehicles/1/FinanceQuotations").unwrap();
        quotations.as_array_mut().unwrap().reverse();
    });
    assert_eq!(swapped.unwrap(), expected);
    // A failed quotation is never a price.
    let failed = changed(|document| document["Vehicles"][1]["FinanceQuotations"][1]["HasError"] = json!(true));
    let failed = failed.unwrap_err();
    assert_eq!(
        (failed.kind, failed.partner_code.as_deref()),
        (Kind::PartnerRejected, Some("LenderNotAvailable"))
    );
    let other = changed(|document| {
        let quotations = document.pointer_mut("/Vehicles/1/FinanceQuotations").unwrap();
        quotations.as_array_mut().unwrap().remove(0);
        quotations[0]["Finance"]["Key"] = json!("HP");
    });
    assert_eq!(other.unwrap_err().kind, Kind::PartnerBadResponse, "not our product");
}

#[test]
fn a_refusal_is_read_at_the_quotation_and_at_the_vehicle() {
    let error = priced(REFUSAL).unwrap_err();
    assert_eq!(
        (error.kind, error.partner_code.as_deref()),
        (Kind::PartnerRejected, Some("TermNotAvailable"))
    );
    assert_eq!(error.fields[0].path, "contractDetails.term");
    assert_eq!(error.fields[0].message, "This term is too short.");
    for (code, path) in [
        ("VehicleNotFound", "vehicleDetails.capId"),
        ("ProductNotFound", "contractDetails.quoteType"),
        ("DepositOutOfRange", "contractDetails.deposit"),
        ("AnnualMileageOutOfRange", "contractDetails.annualMileage"),
        ("SomethingElse", "."),
    ] {
        let at_the_vehicle = changed(|document| {
            document["Vehicles"][1]["HasError"] = json!(true);
            document["Vehicles"][1]["Error"] = json!({ "Code": code });
        });
        let error = at_the_vehicle.unwrap_err();
        assert_eq!(
            (error.kind, error.partner_code.as_deref()),
            (Kind::PartnerRejected, Some(code))
        );
        assert_eq!(error.fields[0].path, path);
    }
    let unreasoned = changed(|document| document["Vehicles"][1]["HasError"] = json!(true));
    assert_eq!(unreasoned.unwrap_err().kind, Kind::PartnerBadResponse);
    let empty = changed(|document| document["Vehicles"][1]["FinanceQuotations"] = json!([]));
    assert_eq!(empty.unwrap_err().kind, Kind::PartnerBadResponse);
}

#[test]
fn a_shortened_term_is_the_term() {
    let shortened = changed(|document| {
        let quote = our_quote(document);
        quote["Term"] = json!(24);
        quote["Payments"] = json!([
            {"Amount": 717.83, "NumberOfPayments": 23}, {"Amount": 718.10, "NumberOfPayments": 1},
            {"Amount": 12160.00, "NumberOfPayments": 1},
        ]);
        quote["TotalAmountPayable"] = json!(31888.19);
    });
    let price = shortened.unwrap();
    assert_eq!((price.term, price.total_amount.minor), (24, 1_722_819));
}

#[test]
fn the_number_of_payments_and_the_final_one_are_not_believed() {
    let expected = priced(ANSWER).unwrap();
    for (member, value) in [
        ("TotalNumberOfRegularPayments", json!(1)),
        ("TotalNumberOfRegularPayments", json!(null)),
        ("FinalPayment", json!(12_160)),
        ("FinalPayment", json!("none")),
    ] {
        assert_eq!(
            changed(|document| our_quote(document)[member] = value).unwrap(),
            expected,
            "{member}"
        );
    }
}

#[test]
fn without_a_residual_there_is_no_balloon() {
    for residual in [json!(0), json!(null), Value::Bool(false)] {
        let hired = changed(|document| {
            let quote = our_quote(document);
            quote["Payments"].as_array_mut().unwrap().pop();
            quote["TotalAmountPayable"] = json!(28342.15);
            quote["Apr"] = json!(null);
            if residual.is_boolean() {
                quote.as_object_mut().unwrap().remove("Residual");
            } else {
                quote["Residual"] = residual.clone();
            }
        });
        let price = hired.unwrap();
        assert_eq!((price.balloon_payment, price.apr), (None, None), "{residual}");
        assert_eq!(
            (price.total_amount.minor, price.total_amount_payable.minor),
            (2_584_215, 2_834_215)
        );
    }
}

#[test]
fn a_schedule_that_does_not_add_up_to_the_penny_is_no_price() {
    for (pointer, value) in [
        ("/TotalAmountPayable", json!(40502.14)),
        ("/TotalAmountPayable", json!(40502.16)),
        ("/TotalDeposit", json!(2500.01)),
        ("/Payments/0/Amount", json!(717.82)),
        ("/Payments/0/NumberOfPayments", json!(36)),
        ("/Payments/1/NumberOfPayments", json!(0)),
        ("/Payments", json!([])),
        // These add up, and contradict the rest of the answer.
        ("/Residual", json!(12159.99)),
        ("/Residual", json!(25_842.15)),
        ("/RegularPayment", json!(1)),
        ("/RegularPayment", json!(718.11)),
    ] {
        let result = changed(|document| *our_quote(document).pointer_mut(pointer).unwrap() = value.clone());
        assert_eq!(
            result.unwrap_err().kind,
            Kind::PartnerBadResponse,
            "{pointer} = {value}"
        );
    }
}

#[test]
fn a_figure_that_is_missing_or_absurd_is_no_price() {
    for member in [
        "QuoteReference",
        "Term",
        "RegularPayment",
        "TotalDeposit",
        "TotalAmountPayable",
        "Payments",
    ] {
        let missing = changed(|document| drop(our_quote(document).as_object_mut().unwrap().remove(member)));
        assert_eq!(missing.unwrap_err().kind, Kind::PartnerBadResponse, "{member}");
        let null = changed(|document| our_quote(document)[member] = json!(null));
        assert_eq!(null.unwrap_err().kind, Kind::PartnerBadResponse, "{member}");
    }
    let at = ANSWER.find("\"CW-20001\"").unwrap();
    let start = ANSWER[..at].rfind("\"Quote\": {").unwrap();
    for (from, to) in [
        ("\"CW-20001\"", "\"\""),
        ("\"CW-20001\"", "20001"),
        ("\"Term\": 36", "\"Term\": 0"),
        ("\"Term\": 36", "\"Term\": 121"),
        ("\"Term\": 36", "\"Term\": 36.5"),
        ("\"Term\": 36", "\"Term\": -36"),
        ("\"RegularPayment\": 717.83", "\"RegularPayment\": 0"),
        ("\"RegularPayment\": 717.83", "\"RegularPayment\": -717.83"),
        ("\"RegularPayment\": 717.83", "\"RegularPayment\": \"717,83\""),
        ("\"RegularPayment\": 717.83", "\"RegularPayment\": 717.831"),
        ("\"RegularPayment\": 717.83", "\"RegularPayment\": 1e300"),
        ("\"RegularPayment\": 717.83", "\"RegularPayment\": NaN"),
        ("\"TotalDeposit\": 2500.00", "\"TotalDeposit\": -2500.00"),
        (
            "\"TotalAmountPayable\": 40502.15",
            "\"TotalAmountPayable\": 100000000.01",
        ),
        ("\"Residual\": 12160.00", "\"Residual\": -12160.00"),
        ("\"Apr\": 6.9", "\"Apr\": -6.9"),
        ("\"NumberOfPayments\": 35", "\"NumberOfPayments\": -35"),
        ("\"NumberOfPayments\": 35", "\"NumberOfPayments\": 4294967295"),
        ("\"Amount\": 718.10", "\"Amount\": -718.10"),
        ("\"2024-12-31T23:59:59Z\"", "\"soon\""),
    ] {
        let changed_text = ANSWER[start..].replacen(from, to, 1);
        assert_ne!(changed_text, ANSWER[start..], "{from}");
        let result = priced(format!("{}{changed_text}", &ANSWER[..start]));
        assert_eq!(result.unwrap_err().kind, Kind::PartnerBadResponse, "{from} -> {to}");
    }
}
