//! Signatures and tokens with one wrong bit.

use http::{HeaderMap, HeaderValue};
use runtime::http::signature::{self, ID, SIGNATURE, TIMESTAMP};
use runtime::testing::Dice;

use super::fake_mmob::{SECRET, order};
use super::testing::{Orders, callback, post};
use crate::testing::TOKEN;

const BIT_FLIPS: usize = 1_000;

/// The text with one flipped bit.
fn flipped(text: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = text.to_vec();
    bytes[dice.roll(text.len())] ^= 1 << dice.roll(8);
    bytes
}

#[tokio::test(start_paused = true)]
async fn no_callback_with_a_flipped_bit_is_accepted() {
    let orders = Orders::new(callback());
    orders.place().await;
    assert!(orders.work().await);
    let request = orders.mmob.books().provider_requests[0].clone();
    let now = orders.harness.now();
    let accepted = |headers: &HeaderMap, body: &[u8]| signature::verify(SECRET, headers, body, now).is_ok();
    assert!(accepted(request.headers(), request.body()));
    let mut dice = Dice(5);
    for flip in 0..BIT_FLIPS {
        let (mut headers, mut body) = (request.headers().clone(), request.body().to_vec());
        match [Some(&ID), Some(&TIMESTAMP), Some(&SIGNATURE), None][flip % 4] {
            Some(name) => {
                let value = flipped(headers[name].as_bytes(), &mut dice);
                // HTTP clients refuse such a header.
                let Ok(value) = HeaderValue::from_bytes(&value) else {
                    continue;
                };
                headers.insert(name, value);
            }
            None => body = flipped(&body, &mut dice),
        }
        assert!(
            !accepted(&headers, &body),
            "{headers:?} {}",
            String::from_utf8_lossy(&body)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn no_token_with_a_flipped_bit_is_accepted() {
    let orders = Orders::new(None);
    let instance = orders.instance();
    let body = serde_json::Value::Object(order()).to_string();
    for place in 0..TOKEN.len() * 8 {
        let mut bytes = TOKEN.as_bytes().to_vec();
        bytes[place / 8] ^= 1 << (place % 8);
        let token = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(post(&instance, &token, &body).await.status, 404, "{token:?}");
    }
    assert!(orders.is_untouched());
    assert_eq!(post(&instance, TOKEN, &body).await.status, 200);
}
