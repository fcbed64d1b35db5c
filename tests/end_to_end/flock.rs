//! Values that are like nobody else's, in every request that can hold them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::leaks::Canary;
use crate::stack::Stack;
use crate::surface::Route;

/// The values of a run, which are like nobody else's.
pub struct Flock {
    pub run: String,
    pub digits: String,
    pub token: String,
    secrets: Vec<(String, String)>,
}

impl Flock {
    pub fn new(stack: &Stack) -> Self {
        let id = uuid::Uuid::new_v4();
        let run = id.simple().to_string()[..10].to_owned();
        let mut flock = Self {
            digits: format!("{:07}", id.as_u128() % 10_000_000),
            run,
            token: String::new(),
            secrets: Vec::new(),
        };
        flock.token = stack.token(&flock.word("subject"), &flock.email(), &[]);
        let fixed = [
            ("LEX's secret", "test-lex-secret"),
            ("Alphabet's key", "test-alphabet-key"),
            ("LEX's webhook secret", "dGVzdC1sZXgtd2ViaG9vay1zZWNyZXQtbm90LXJlYWw="),
            (
                "Alphabet's webhook secret",
                "dGVzdC1hbHBoYWJldC13ZWJob29rLXNlY3JldC1ub3QtcmVhbA==",
            ),
        ];
        flock.secrets = fixed.map(|(name, value)| (name.into(), value.into())).into();
        let parts = flock
            .token
            .split('.')
            .skip(1)
            .map(|part| ("a part of the token".into(), part.into()));
        flock.secrets.extend(parts);
        flock
    }

    pub fn word(&self, name: &str) -> String {
        format!("{name}{}", self.run)
    }

    /// With all that is written in different ways in different places.
    pub fn odd(&self, name: &str) -> String {
        format!("{name} {}é\"/+ x", self.run)
    }

    fn email(&self) -> String {
        format!("mail{}@example.com", self.run)
    }

    pub fn document(&self) -> String {
        BASE64_STANDARD.encode(format!("%PDF-1.4 {}", self.word("document")))
    }

    fn address(&self, of: &str) -> Value {
        json!({
            "line1": self.odd(&format!("{of}line1")), "line2": self.odd(&format!("{of}line2")),
            "city": self.odd(&format!("{of}city")), "postcode": self.word(&format!("{of}p")), "country": "GB",
        })
    }

    fn employment(&self, of: &str, digit: u8) -> Value {
        json!({
            "employerName": self.odd(&format!("{of}employer")), "jobTitle": self.odd(&format!("{of}job")),
            "employmentType": self.word(&format!("{of}type")),
            "monthlyIncome": serde_json::from_str::<Value>(&format!("{digit}{}.5", self.digits)).unwrap(),
        })
    }

    pub fn quote(&self, funder: &str) -> Value {
        let mut body: Value = serde_json::from_str(include_str!("../../events/bodies/quote.json")).unwrap();
        body["funderName"] = funder.into();
        body["source"] = self.odd("source").into();
        body["unknownMember"] = self.odd("unknown").into();
        body["customerDetails"] = json!({
            "firstName": self.odd("first"), "lastName": self.odd("last"), "email": self.email(),
            "phone": format!("+44 6{}", self.digits), "dateOfBirth": "1931-03-29",
            "address": self.address("a"), "employment": self.employment("a", 7),
        });
        body
    }

    pub fn proposal(&self, quote: &str) -> Value {
        json!({
            "quoteId": quote, "nobodyKnows": self.odd("unknown"),
            "additionalCustomerDetails": {
                "phone": format!("+44 5{}", self.digits), "dateOfBirth": "1932-04-28",
                "address": self.address("b"), "employment": self.employment("b", 8),
            },
            "additionalDocuments": {"drivingLicense": self.document()},
        })
    }

    /// Values of headers, none of which any request needs.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let names = [
            "idempotency-key",
            "x-correlation-id",
            "user-agent",
            "cookie",
            "referer",
            "prefer",
            "x-forwarded-for",
        ];
        names.map(|name| (name, self.word(name))).into()
    }

    pub fn canaries(&self) -> Vec<Canary> {
        let mut values: Vec<(String, String)> = self.secrets.clone();
        values.extend(self.headers().into_iter().map(|(name, value)| (name.into(), value)));
        for name in [
            "aline1",
            "aline2",
            "acity",
            "aemployer",
            "ajob",
            "bline1",
            "bline2",
            "bcity",
            "bemployer",
            "bjob",
            "first",
            "last",
            "source",
            "unknown",
            "echo",
        ] {
            values.push((name.into(), self.odd(name)));
        }
        for name in [
            "subject",
            "ap",
            "atype",
            "bp",
            "btype",
            "document",
            "path",
            "query",
            "hook",
            "enum",
            "number",
            "member",
            "broken",
            "media",
            "kind",
            "poison",
            "raw",
            "signature",
            "extra",
            "partnerheader",
            "event",
        ] {
            values.push((name.into(), self.word(name)));
        }
        let digits = &self.digits;
        values.push(("e-mail".into(), self.email()));
        values.push(("document in base64".into(), self.document()));
        for (name, value) in [("phone", 6), ("second phone", 5)] {
            values.push((name.into(), format!("+44 {value}{digits}")));
        }
        for (name, value) in [("income", 7), ("second income", 8)] {
            values.push((name.into(), format!("{value}{digits}.5")));
            values.push((format!("{name} in pence"), format!("{value}{digits}50")));
        }
        values.push(("date of birth".into(), "1931-03-29".into()));
        values.push(("second date of birth".into(), "1932-04-28".into()));
        values
            .into_iter()
            .map(|(name, value)| Canary::new(name, &value))
            .collect()
    }
}

/// Bodies that no route takes.
pub fn bodies(flock: &Flock, route: &Route) -> Vec<String> {
    let word = |name: &str| flock.word(name);
    if route.body().is_none() {
        return vec![format!("{{\"x\":\"{}\"", word("broken"))];
    }
    let mut bodies = vec![
        format!("{{\"{0}\":\"{1}\",\"{0}\":2}}", word("member"), word("raw")),
        format!("{{\"customerDetails\":{{\"firstName\":\"{}\"", word("broken")),
        format!("{{\"x\":{}\"{}\"{}}}", "[".repeat(40), word("raw"), "]".repeat(40)),
        format!("[\"{}\"]", word("raw")),
        json!({"url": format!("https://169.254.169.254/{}", word("hook")), "eventTypes": [word("enum")]}).to_string(),
        json!({"url": word("hook"), "eventTypes": ["quote.generated"]}).to_string(),
        json!({"url": format!("http://{}@127.0.0.1/", word("hook")), "eventTypes": ["quote.generated"]}).to_string(),
        json!({"environment": word("enum"), "quoteId": word("number")}).to_string(),
    ];
    let mut wrong = flock.quote(&word("enum"));
    bodies.push(wrong.to_string());
    for (pointer, value) in [
        ("/contractDetails/term", word("number")),
        ("/contractDetails/quoteType", word("enum")),
        ("/environment", word("enum")),
        ("/customerDetails/dateOfBirth", word("number")),
        ("/customerDetails/email", word("number")),
        ("/customerDetails/address/country", word("enum")),
        ("/customerDetails/phone", word("raw").repeat(9)),
    ] {
        let held = std::mem::replace(wrong.pointer_mut(pointer).unwrap(), value.into());
        bodies.push(wrong.to_string());
        *wrong.pointer_mut(pointer).unwrap() = held;
    }
    let mut kind = flock.proposal("0190d5a0-0000-7000-8000-000000000001");
    kind["additionalDocuments"] = json!({format!("a {}!", word("kind")): flock.document()});
    bodies.push(kind.to_string());
    if route.path.ends_with("/quotes/generate") || route.path.starts_with("/webhooks") {
        bodies.push(format!("{}{}", flock.quote("LEX"), " ".repeat(1024 * 1024)));
    }
    bodies
}
