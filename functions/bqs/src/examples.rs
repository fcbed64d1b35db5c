//! The examples of the API document: every request is sent, and every response compared.

use http::Method;
use runtime::testing::{Examples, Harness};
use serde_json::Value;
use utoipa::OpenApi;

use crate::channel::Role;
use crate::forward::tests::events_of_a_held_change;
use crate::testing::{channel, harness};
use crate::{Api, Env};

const CASE: &str = "/v1/bqs-case/case/1";
const DOCUMENT: &str = "/v1/bqs-case/document/1";
const MESSAGES: &str = "/v1/bqs-case/message/case";
const CHANNELS: &str = "/v1/bqs-case/management";
/// The dealer of the examples.
const DEALER: i64 = 921;

#[tokio::test(start_paused = true)]
async fn every_operation_has_its_examples() {
    let mut examples = Examples::of(env!("CARGO_MANIFEST_DIR"));
    a_case(&mut examples).await;
    messages(&mut examples).await;
    channels(&mut examples).await;
    for event in events_of_a_held_change().await {
        examples.event(&event);
    }
    examples.finish(&Api::openapi());
}

async fn caller(roles: &[Role]) -> Harness<Env> {
    let hub = harness();
    let key = channel(&hub, "vwfs-dk-example-public", roles, &[DEALER]).await;
    hub.as_channel(&key)
}

async fn post(examples: &mut Examples, caller: &Harness<Env>, operation: &str, path: &str) {
    let got = caller.post(path, examples.request(operation)).await;
    match got.status {
        202 => assert_eq!(got.text, "", "{operation}"),
        _ => examples.response(operation, &got),
    }
}

async fn a_case(examples: &mut Examples) {
    let dealer = caller(&[Role::CaseWrite, Role::CaseRead, Role::DocumentWrite]).await;
    post(examples, &dealer, "bqs-case-create", "/v1/bqs-case/case").await;
    let changes = examples.request("bqs-case-update");
    examples.response("bqs-case-update", &dealer.put(CASE, changes).await);
    examples.response("bqs-case-get", &dealer.get(CASE).await);
    post(examples, &dealer, "bqs-case-score", &format!("{CASE}/score-customer")).await;
    post(
        examples,
        &dealer,
        "bqs-case-consent",
        &format!("{CASE}/business-consent"),
    )
    .await;
    post(examples, &dealer, "bqs-document-presign", &format!("{DOCUMENT}/upload")).await;
    let form = form(&examples.request("bqs-document-upload"));
    let upload = dealer.request(Method::POST, DOCUMENT);
    let got = upload.bytes("multipart/form-data; boundary=XX", form.as_bytes()).await;
    examples.response("bqs-document-upload", &got);
}

/// The members of the example as a form's fields.
fn form(example: &str) -> String {
    let Value::Object(members) = serde_json::from_str(example).unwrap() else {
        panic!("a form is an object");
    };
    let fields = members.into_iter().map(|(name, value)| {
        let value = value.as_str().unwrap();
        format!("--XX\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    });
    fields.collect::<String>() + "--XX--\r\n"
}

async fn messages(examples: &mut Examples) {
    let channel = caller(&[Role::MessageRead, Role::MessageWrite]).await;
    post(examples, &channel, "bqs-message-create", MESSAGES).await;
    let list = channel.get(&format!("{MESSAGES}?pre_view_case_id=455732")).await;
    examples.response("bqs-message-list", &list);
}

async fn channels(examples: &mut Examples) {
    let admin = caller(&[Role::Admin]).await;
    post(examples, &admin, "bqs-management-create", CHANNELS).await;
    examples.response("bqs-management-get", &admin.get(CHANNELS).await);
    let one = format!("{CHANNELS}/vwfs-dk-example-partner");
    examples.response("bqs-management-get-one", &admin.get(&one).await);
    examples.response(
        "bqs-management-rotate",
        &admin.request(Method::POST, &format!("{one}/key")).await,
    );
    let changed = examples.request("bqs-management-update");
    examples.response("bqs-management-update", &admin.put(&one, changed).await);
}
