//! A request to a function, made from its sample event.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use serde_json::Value;

pub struct Ask(pub ApiGatewayV2httpRequest);

impl Ask {
    /// The sample with this api key, or with none.
    pub fn sample(event: &str, key: &str) -> Self {
        let mut event: ApiGatewayV2httpRequest = serde_json::from_str(event).unwrap();
        event.headers.remove("x-api-key");
        let ask = Self(event);
        if key.is_empty() {
            ask
        } else {
            ask.header("x-api-key", key)
        }
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.0.headers.insert(name, value.parse().unwrap());
        self
    }

    pub fn body(self, body: &Value) -> Self {
        self.text(&body.to_string())
    }

    pub fn text(mut self, body: &str) -> Self {
        self.0.body = Some(body.to_owned());
        self
    }

    pub fn path(mut self, name: &str, value: &str) -> Self {
        self.0.path_parameters.insert(name.into(), value.into());
        self
    }

    pub fn query(mut self, query: &str) -> Self {
        self.0.raw_query_string = Some(query.into());
        self
    }
}
