//! Which header carries a partner's key.

use http::Request;

use super::*;
use crate::testing::Fakes;

async fn signed(setting: &str) -> Result<Request<Bytes>> {
    let fakes = Fakes::default();
    let secret = r#"{"KEY":"not-a-real-key"}"#;
    fakes
        .secrets
        .secrets
        .lock()
        .unwrap()
        .insert("secret".into(), secret.into());
    let config: Config = [("MMOB_API_KEY_HEADER", setting)].into_iter().collect();
    let auth = Auth::ApiKey {
        header: "x-api-key",
        secret: "KEY",
    };
    let target = Target::new("MMOB", "MARKETPLACE", "https://partner.test", "secret", auth);
    let call = Call {
        request: Request::get("/thing").body(Bytes::new()).unwrap(),
        operation: "thing",
        repeatable: true,
        subject: None,
    };
    let credentials = Credentials::new(Secrets::new(fakes.ports().vault), config);
    credentials.sign(&target, &call, Timestamp::UNIX_EPOCH).await
}

#[tokio::test]
async fn the_header_of_a_key_is_a_setting() {
    for (setting, header) in [("", "x-api-key"), ("X-Mmob-Key", "x-mmob-key")] {
        let request = signed(setting).await.unwrap();
        assert_eq!(request.headers().get(header).unwrap(), "not-a-real-key");
        assert_eq!(request.headers().len(), 1);
    }
    let error = signed("no header").await.unwrap_err();
    assert!(error.message.contains("MMOB_API_KEY_HEADER"), "{error}");
}
