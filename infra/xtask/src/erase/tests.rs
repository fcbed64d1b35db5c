use super::*;

/// The row that the hub writes for the same request, from the hub's own test.
const SAMPLE: &str = include_str!("../../../../shared/runtime/src/work/erasure/request.json");

fn request(subject: Subject) -> Request {
    let now: Timestamp = "2026-01-05T10:20:00Z".parse().unwrap();
    Request::new(subject, "arn:aws:iam::1:user/me", now).unwrap()
}

#[test]
fn a_request_has_the_form_of_the_hubs_register() {
    let subject = Digest::new("test").unwrap().email(" John.Doe@example.com\n").unwrap();
    let request = request(subject);
    let mut expected: Value = serde_json::from_str(SAMPLE).unwrap();
    expected["id"] = json!({"S": request.id});
    expected["pk"] = json!({"S": REGISTER});
    expected["sk"] = json!({"S": request.id});
    assert_eq!(request.row(), expected);
    let writes = request.writes("t");
    let items = writes["TransactItems"].as_array().unwrap();
    let opened = items
        .iter()
        .map(|item| item["Put"]["Item"]["pk"]["S"].as_str().unwrap());
    assert_eq!(
        opened.collect::<Vec<_>>(),
        ["ERASURES", "OPEN#bqs", "OPEN#funders", "OPEN#mmob"]
    );
    let parts: Vec<usize> = request.id.split('-').map(str::len).collect();
    assert_eq!((parts, &request.id[14..15]), (vec![8, 4, 4, 4, 12], "7"));
    assert!(
        request.id.starts_with("019b8dab"),
        "ids are in the order of time: {}",
        request.id
    );
}

#[test]
fn a_case_and_a_user_are_erased_where_they_are() {
    let case = request(Subject::Case(7)).row();
    assert_eq!(
        case["subject"]["M"],
        json!({"kind": {"S": "case"}, "number": {"N": "7"}})
    );
    assert_eq!(
        case["domains"]["M"].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["bqs"]
    );
    let digest = Digest::new("test").unwrap();
    let user = request(digest.customer("tus_1").unwrap()).row();
    assert_eq!(
        user["domains"]["M"].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["mmob"]
    );
    assert!(!user.to_string().contains("tus_1"));
    for wrong in [
        "",
        "john",
        "john@",
        "@example.com",
        "a b@example.com",
        "j@x@example.com",
        "j\u{f6}hn@example.com",
    ] {
        assert!(digest.email(wrong).is_err(), "{wrong}");
    }
    assert!(Digest::new("").is_err() && digest.customer(" ").is_err());
}

#[test]
fn a_replay_reopens_each_domain_of_an_erasure() {
    let row = request(Digest::new("test").unwrap().email("john@example.com").unwrap()).row();
    assert_eq!(reopenings("t", &row, None).len(), 3);
    let one = reopenings("t", &row, Some("funders"));
    assert_eq!(one.len(), 1);
    let [update, entry] = &one[0]["TransactItems"].as_array().unwrap()[..] else {
        panic!("{one:?}");
    };
    assert_eq!(update["Update"]["ExpressionAttributeNames"]["#domain"], "funders");
    assert_eq!(entry["Put"]["Item"]["pk"]["S"], "OPEN#funders");
    assert!(reopenings("t", &request(Subject::Case(7)).row(), Some("mmob")).is_empty());
}

#[test]
fn a_status_has_a_line_for_each_domain() {
    let lines = lines(&request(Subject::Case(7)).row());
    let expected = "bqs: OPEN, 0 rows, 0 files, 0 log rows, 0 responses, first pass -, done -";
    assert_eq!(lines, [expected]);
}
