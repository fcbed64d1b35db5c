//! What callers saw.

use crate::leaks::Text;
use crate::stack::HubResponse;

/// The responses to failed requests, as callers saw them.
pub struct Seen(pub Vec<Text>);

impl Seen {
    pub fn add(&mut self, request: &str, got: &HubResponse) {
        if got.status >= 400 {
            let place = format!("the response {} to {request}", got.status);
            let text = format!("{:?} {}", got.headers, got.text);
            self.0.push(Text { place, text });
        }
    }
}
