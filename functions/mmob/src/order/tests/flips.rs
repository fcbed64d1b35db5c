//! One bit is wrong: nothing of it is accepted.

use http::{HeaderMap, HeaderValue};
use runtime::signature::{self, ID, SIGNATURE, TIMESTAMP};
use runtime::testing::Dice;

use super::house::{House, TOKEN};
use super::web::SECRET;

const FLIPS: usize = 1_000;

/// The text with one bit flipped, where that is text and another one.
fn flipped(text: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = text.to_vec();
    bytes[dice.roll(text.len())] ^= 1 << dice.roll(8);
    bytes
}

#[tokio::test(start_paused = true)]
async fn no_callback_with_a_flipped_bit_is_accepted() {
    let house = House::new(House::callback());
    house.place().await;
    assert!(house.work().await);
    let request = house.web.books().requests[0].clone();
    let now = house.clock.now();
    let accepted = |headers: &HeaderMap, body: &[u8]| signature::verify(SECRET, headers, body, now).is_ok();
    assert!(accepted(request.headers(), request.body()));
    let mut dice = Dice(5);
    for flip in 0..FLIPS {
        let (mut headers, mut body) = (request.headers().clone(), request.body().to_vec());
        match [Some(&ID), Some(&TIMESTAMP), Some(&SIGNATURE), None][flip % 4] {
            Some(name) => {
                let value = flipped(headers[name].as_bytes(), &mut dice);
                // What cannot stand in a header never arrives.
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
    let house = House::new(None);
    let env = house.env(None);
    let body = serde_json::Value::Object(super::web::order()).to_string();
    for place in 0..TOKEN.len() * 8 {
        let mut bytes = TOKEN.as_bytes().to_vec();
        bytes[place / 8] ^= 1 << (place % 8);
        let token = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(house.post(env.clone(), &token, &body).await.0, 404, "{token:?}");
    }
    assert!(house.is_unchanged_by_strangers());
    assert_eq!(house.post(env, TOKEN, &body).await.0, 200);
}
