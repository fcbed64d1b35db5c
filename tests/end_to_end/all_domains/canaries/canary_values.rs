//! The values of a run, which no other run has, in every request that can hold them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::channel::Channel;
use crate::end_to_end::mmob::market::{Offer, offer};
use crate::leaks::Canary;
use crate::stack::Stack;
use crate::surface::Route;

/// Values that no other run has.
pub struct CanaryValues {
    pub run: String,
    pub digits: String,
    pub token: String,
    /// A dealer's channel, whose name is a canary.
    pub dealer: Channel,
    /// A channel that the test manages.
    pub managed: String,
    /// Products that providers of this run fulfil.
    pub offers: [Offer; 2],
    secrets: Vec<(String, String)>,
}

/// The simulated marketplace's data about its users, which the hub does not need.
const PERSON: [(&str, &str); 3] = [
    ("person's street", "Example Street"),
    ("person's insurance number", "QQ123456C"),
    ("person's date of birth", "1980-01-01"),
];

impl CanaryValues {
    pub async fn new(stack: &Stack) -> Self {
        let id = uuid::Uuid::new_v4();
        let run = id.simple().to_string()[..10].to_owned();
        let roles = ["case.write", "case.read", "message.read", "document.write"];
        let provided = async |name: &str| {
            let url = format!("{}/_provider/{name}{run}", stack.text("/sandboxUrl"));
            offer(stack, json!({"kind": "callback", "url": url})).await
        };
        let mut values = Self {
            digits: format!("{:07}", id.as_u128() % 10_000_000),
            token: String::new(),
            dealer: stack.channel_named(format!("channel{run}"), &roles, &[808, 976]).await,
            managed: stack.channel(&[], &[]).await.name,
            offers: [provided("first").await, provided("second").await],
            secrets: Vec::new(),
            run,
        };
        values.token = stack.token(&values.word("subject"), &values.email(), &[]);
        values.secrets = values.secrets(stack);
        values
    }

    fn secrets(&self, stack: &Stack) -> Vec<(String, String)> {
        let fixed = [
            ("LEX's secret", "test-lex-secret"),
            ("Alphabet's key", "test-alphabet-key"),
            ("LEX's webhook secret", "dGVzdC1sZXgtd2ViaG9vay1zZWNyZXQtbm90LXJlYWw="),
            (
                "Alphabet's webhook secret",
                "dGVzdC1hbHBoYWJldC13ZWJob29rLXNlY3JldC1ub3QtcmVhbA==",
            ),
            ("MMOB's key", "test-mmob-key"),
            ("MMOB's webhook token", "test-mmob-webhook-token"),
            ("the upstream's key", "test-bqs-upstream-key"),
        ];
        let mut secrets: Vec<(String, String)> = fixed.map(|(name, value)| (name.into(), value.into())).into();
        let parts = self.token.split('.').skip(1);
        secrets.extend(parts.map(|part| ("a part of the token".into(), part.into())));
        let samples = stack.description["apiKeys"].as_object().unwrap().values();
        let keys = samples
            .map(|key| key.as_str().unwrap())
            .chain([self.dealer.key.as_str()]);
        // The first part is the channel's name.
        secrets.extend(keys.map(|key| ("an API key".into(), key.rsplit_once('.').unwrap().1.into())));
        let providers = self.offers.iter().map(|offer| offer.secret.as_ref().unwrap());
        secrets.extend(providers.map(|secret| ("a provider's secret".into(), secret.replace("whsec_", ""))));
        secrets
    }

    /// Whether no row may have this value.
    pub fn is_secret(&self, canary: &Canary) -> bool {
        canary.name.starts_with("document") || self.secrets.iter().any(|(name, _)| *name == canary.name)
    }

    /// A key that the channel does not have.
    pub fn other_key(&self) -> String {
        format!("{}.{}", self.dealer.name, self.word("otherkey"))
    }

    /// The user that orders.
    pub fn user(&self) -> String {
        format!("tus_{}", self.run)
    }

    pub fn word(&self, name: &str) -> String {
        format!("{name}{}", self.run)
    }

    /// With the characters that encodings write in different ways.
    pub fn odd(&self, name: &str) -> String {
        format!("{name} {}é\"/+ x", self.run)
    }

    /// A dealer's case about a customer.
    pub fn case(&self) -> Value {
        let sample = include_str!("../../../../functions/bqs/fixtures/case-private.json");
        let mut body: Value = serde_json::from_str(sample).unwrap();
        let mail = self.case_mail();
        body["externalSystemReference"] = self.odd("referencecase").into();
        body["caseVariables"][0]["value"] = self.odd("variablecase").into();
        body["caseObject"]["accessories"][0]["description"] = self.odd("descriptioncase").into();
        body["customer"] = json!({
            "details": {
                "firstName": self.odd("firstcase"), "lastName": self.odd("lastcase"), "type": "Private",
                "organizationNumber": self.word("numbercase"), "addresses": [{"eMail": mail}],
            },
            "signatories": [{"firstName": self.odd("firstcase"), "lastName": self.odd("lastcase"), "eMail": mail}],
            "unknown": self.odd("unknowncase"), "traceId": self.word("traceidcase"), "title": self.odd("unknowncase"),
        });
        body
    }

    pub fn case_mail(&self) -> String {
        format!("case{}@example.com", self.run)
    }

    /// A user's input to an order.
    pub fn input(&self) -> Value {
        // MMOB's own members of these names may stand in the log.
        let own =
            json!({"id": self.word("idorder"), "type": self.word("typeorder"), "status": self.odd("statusorder")});
        let mut input = json!({"last_name": self.odd("lastorder"), "account_number": self.word("accountorder"), "more": {"a": [self.odd("unknownorder"), own]}});
        input.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        input
    }

    fn email(&self) -> String {
        format!("mail{}@example.com", self.run)
    }

    pub fn document(&self) -> String {
        BASE64_STANDARD.encode(format!("%PDF-1.4 {}\n%%EOF", self.word("document")))
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
        let mut body: Value = serde_json::from_str(include_str!("../../../../events/bodies/quote.json")).unwrap();
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
            "quoteId": quote, "unknown": self.odd("unknown"),
            "additionalCustomerDetails": {
                "phone": format!("+44 5{}", self.digits), "dateOfBirth": "1932-04-28",
                "address": self.address("b"), "employment": self.employment("b", 8),
            },
            "additionalDocuments": {"drivingLicense": self.document()},
        })
    }

    /// Headers that no request needs.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let names = [
            "idempotency-key",
            "x-correlation-id",
            "user-agent",
            "cookie",
            "if-match",
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
            "descriptioncase",
            "firstcase",
            "lastcase",
            "referencecase",
            "unknowncase",
            "variablecase",
            "statemessage",
            "unknownmessage",
            "usermessage",
            "lastorder",
            "unknownorder",
            "statusorder",
            "answerprovider",
            "errorprovider",
            "decision",
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
            "numbercase",
            "channel",
            "filename",
            "accountorder",
            "idorder",
            "typeorder",
            "traceidcase",
            "otherkey",
        ] {
            values.push((name.into(), self.word(name)));
        }
        let digits = &self.digits;
        values.extend(PERSON.map(|(name, value)| (name.into(), value.into())));
        values.push(("person's e-mail".into(), format!("{}@example.com", self.user())));
        values.push(("mail of a case".into(), self.case_mail()));
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
pub fn bodies(values: &CanaryValues, route: &Route) -> Vec<String> {
    let word = |name: &str| values.word(name);
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
    let mut wrong = values.quote(&word("enum"));
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
    let mut kind = values.proposal("0190d5a0-0000-7000-8000-000000000001");
    kind["additionalDocuments"] = json!({format!("a {}!", word("kind")): values.document()});
    bodies.push(kind.to_string());
    if route.path.ends_with("/quotes/generate") || route.path.starts_with("/webhooks") {
        bodies.push(format!("{}{}", values.quote("LEX"), " ".repeat(1024 * 1024)));
    }
    bodies
}
