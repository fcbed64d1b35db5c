//! Lines as CloudWatch reads them: the rules of the embedded metric format's specification.

use serde_json::{Value, json};

use super::*;

fn call() -> Call {
    let config = [
        ("STAGE", "test"),
        (
            "AWS_LAMBDA_FUNCTION_NAME",
            "trunkline-test-FundersQuoteGenerate-Ab3dEf6hIj9k",
        ),
    ];
    Call {
        source: Rc::new(Dimensions::new("funders", &config.into_iter().collect())),
        gathered: RefCell::default(),
    }
}

fn line(status: u16) -> Line<'static> {
    Line {
        route: "POST /api/integration/quotes/generate",
        caller: Some("0a1b2c3d4e5f"),
        duration: 812,
        code: None,
        correlation: "019b8dd2-6a00-7000-8000-000000000001".parse().unwrap(),
        status,
        level: Level::Info,
        cause: None,
    }
}

/// The lines of a call, each held to the specification.
fn lines(call: &Call, request: Option<&Line>) -> Vec<Value> {
    let written = call.lines(request, "2026-01-05T10:20:00Z".parse().unwrap());
    written.iter().map(|line| checked(line)).collect()
}

fn checked(line: &str) -> Value {
    assert!(!line.contains('\n'));
    let entry: Value = serde_json::from_str(line).unwrap();
    let metadata = &entry["_aws"];
    assert_eq!(metadata["Timestamp"], 1_767_608_400_000_i64);
    let directives = metadata["CloudWatchMetrics"].as_array().unwrap();
    assert!(!directives.is_empty());
    for directive in directives {
        assert_eq!(directive["Namespace"], "Trunkline");
        let sets = directive["Dimensions"].as_array().unwrap();
        assert!(!sets.is_empty());
        for name in sets.iter().flat_map(|set| set.as_array().unwrap()) {
            let value = entry[name.as_str().unwrap()].as_str().unwrap();
            assert!((1..=1024).contains(&value.len()), "{name}: a dimension is text");
        }
        let metrics = directive["Metrics"].as_array().unwrap();
        assert!((1..=100).contains(&metrics.len()));
        for metric in metrics {
            let value = &entry[metric["Name"].as_str().unwrap()];
            let numbers = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            assert!(
                (1..=100).contains(&numbers.len()) && numbers.iter().all(Value::is_number),
                "{metric}: {value}"
            );
            assert!(metric["Unit"].is_null() || metric["Unit"] == "Milliseconds");
        }
    }
    entry
}

fn metrics(entry: &Value) -> Vec<&str> {
    let directives = entry["_aws"]["CloudWatchMetrics"].as_array().unwrap().iter();
    let names = directives.flat_map(|directive| directive["Metrics"].as_array().unwrap());
    names.map(|metric| metric["Name"].as_str().unwrap()).collect()
}

#[test]
fn a_request_is_one_short_line_and_its_own_metrics() {
    let call = call();
    call.gathered.borrow_mut().call("LEX", "SANDBOX", None, 790);
    let written = &call.lines(Some(&line(201)), Timestamp::UNIX_EPOCH)[0];
    assert!(written.len() < 1024, "{} bytes: {written}", written.len());

    let plain = lines(&call, Some(&line(201)));
    assert_eq!(plain.len(), 1);
    assert_eq!(
        metrics(&plain[0]),
        ["Requests", "Errors", "Duration"],
        "no partner, no metric of one"
    );
    let wanted = json!({
        "timestamp": "2026-01-05T10:20:00Z", "level": "INFO", "message": "request", "caller": "0a1b2c3d4e5f",
        "correlation": "019b8dd2-6a00-7000-8000-000000000001", "route": "POST /api/integration/quotes/generate",
        "status": 201, "Requests": 1, "Errors": 0, "Duration": 812, "Stage": "test",
        "Domain": "funders", "Function": "trunkline-test-FundersQuoteGenerate-Ab3dEf6hIj9k", "_aws": plain[0]["_aws"],
    });
    assert_eq!(plain[0], wanted);
}

#[test]
fn from_500_up_a_request_is_an_error() {
    for (status, errors) in [(404, 0), (499, 0), (500, 1), (503, 1)] {
        assert_eq!(lines(&call(), Some(&line(status)))[0]["Errors"], errors);
    }
    let failed = Line {
        level: Level::Error,
        cause: Some("the store is down: \"why\"".into()),
        code: Some("unavailable"),
        ..line(503)
    };
    let entry = &lines(&call(), Some(&failed))[0];
    assert_eq!(
        (&entry["level"], &entry["code"]),
        (&json!("ERROR"), &json!("unavailable"))
    );
    assert_eq!(entry["cause"], "the store is down: \"why\"");
}

#[test]
fn a_partners_calls_leave_with_the_request() {
    let call = call();
    for (time, error) in [(8000, Some("timeout")), (20, Some("rejected")), (790, None)] {
        call.gathered.borrow_mut().call("LEX", "SANDBOX", error, time);
    }
    let entries = lines(&call, Some(&line(201)));
    assert_eq!(entries.len(), 1);
    let entry = &entries[0];
    assert_eq!(
        (&entry["Partner"], &entry["Environment"]),
        (&json!("LEX"), &json!("SANDBOX"))
    );
    assert_eq!(entry["PartnerCalls"], 3);
    assert_eq!(entry["PartnerErrors"], json!([1, 0, 0]), "a refusal is an answer");
    assert_eq!(entry["PartnerLatency"], json!([8000, 20, 790]));
    assert_eq!(metrics(entry)[3..], ["PartnerCalls", "PartnerErrors", "PartnerLatency"]);
    assert!(lines(&call, None).is_empty(), "written once");
}

#[test]
fn every_further_partner_and_every_hundred_calls_get_a_line() {
    let call = call();
    for n in 0..250 {
        call.gathered.borrow_mut().call("LEX", "SANDBOX", None, n);
    }
    call.gathered.borrow_mut().call("OTHER", "SANDBOX", None, 1);
    let entries = lines(&call, Some(&line(200)));
    let counts: Vec<_> = entries
        .iter()
        .map(|entry| entry["PartnerCalls"].as_u64().unwrap())
        .collect();
    assert_eq!(counts, [100, 100, 50, 1]);
    assert_eq!(entries[3]["Partner"], "OTHER");
    assert!(
        entries[1..]
            .iter()
            .all(|entry| entry["Requests"].is_null() && entry["message"] == "metrics")
    );
}

#[tokio::test]
async fn counters_add_up_within_a_call_and_only_there() {
    count("StuckPending", 9);
    let call = call();
    let entries = CALL
        .scope(call, async {
            count("StuckPending", 2);
            count("StuckPending", 1);
            called("LEX", "SANDBOX", None, 5);
            CALL.with(|call| lines(call, None))
        })
        .await;
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (&entries[0]["StuckPending"], &entries[0]["PartnerCalls"]),
        (&json!(3), &json!(1))
    );
    let of_the_stage =
        json!([{"Namespace": "Trunkline", "Dimensions": [["Stage"]], "Metrics": [{"Name": "StuckPending"}]}]);
    assert_eq!(entries[0]["_aws"]["CloudWatchMetrics"][0], of_the_stage[0]);
}
