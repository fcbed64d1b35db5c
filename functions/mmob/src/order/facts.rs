//! What MMOB says of an order when it posts one.

use std::borrow::Cow;

use garde::Validate;
use model::{Error, Kind, Result};
use runtime::{Input, Parts};
use serde::Deserialize;
use serde_json::{Map, Value};

const LONGEST: usize = 64;

/// An order as the webhook brings it. The worker fetches it again, which is surer than a request without a signature: only
/// the ids are kept, and of the input a keyed hash, by which a second telling is compared.
#[derive(Deserialize, Validate)]
pub struct Facts {
    #[garde(custom(is_id))]
    pub id: String,
    #[garde(custom(is_id))]
    pub prod_id: String,
    #[garde(custom(is_id))]
    pub pricing_id: String,
    #[garde(custom(is_id))]
    pub tpp_user_id: String,
    /// What the user filled in. Which members there are varies by product.
    #[garde(skip)]
    input: Option<Map<String, Value>>,
}

/// MMOB's ids stand in paths, in keys and in `webhook-id`.
fn is_id(id: &str, (): &()) -> garde::Result {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if (1..=LONGEST).contains(&id.len()) && id.bytes().all(plain) {
        Ok(())
    } else {
        Err(garde::Error::new("must be an id"))
    }
}

impl Facts {
    pub fn of(body: &[u8]) -> Result<Self> {
        let parts = Parts {
            content_type: Some("application/json"),
            body: Cow::Borrowed(body),
            ..Parts::default()
        };
        let read = <Self as Input>::read(&parts);
        read.map_err(|_| Error::new(Kind::Malformed, "The body is not an order."))
    }

    /// The input as text that is the same however it was written: members are sorted.
    pub fn input(&self) -> String {
        self.input
            .as_ref()
            .map_or_else(|| "{}".to_owned(), |input| Value::from(input.clone()).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(input: &str) -> String {
        format!(
            r#"{{"id":"po_1","status":"Pending","prod_id":"prod_1","pricing_id":"price_1","tpp_user_id":"tus_1"{input}}}"#
        )
    }

    #[test]
    fn an_input_is_the_same_however_it_is_written() {
        let text = |input: &str| Facts::of(order(input).as_bytes()).unwrap().input();
        assert_eq!(
            text(r#","input":{"b":{"y":"\u0061","x":1},"a":2}"#),
            text(r#", "input" : {"a":2,"b":{"x":1,"y":"a"}}"#)
        );
        assert_eq!(text(""), text(r#","input":null"#));
        assert_eq!(text(""), text(r#","input":{}"#));
        assert_ne!(text(r#","input":{"a":"1"}"#), text(r#","input":{"a":1}"#));
    }

    #[test]
    fn what_is_not_an_order_is_malformed() {
        for body in [
            String::new(),
            "null".into(),
            "[]".into(),
            "{}".into(),
            "<html>".into(),
            order("").replace("po_1", ""),
            order("").replace("po_1", "../po_1"),
            order("").replace("prod_1", "prod.1"),
            order("").replace(r#""tus_1""#, "7"),
            order("").replace("price_1", &"p".repeat(65)),
            order(r#","input":[]"#),
            order(r#","id":"po_2""#),
            order(r#","input":{"a":1,"a":2}"#),
        ] {
            let error = Facts::of(body.as_bytes()).err().unwrap();
            assert_eq!(error.kind, Kind::Malformed, "{body}");
        }
    }
}
