//! The invented credentials that a local hub and its simulated partners share.

/// A partner's secret: the name after `trunkline/{stage}/`, and what stands in it, under the specs' own names.
pub struct Secret {
    pub name: &'static str,
    pub values: &'static [(&'static str, &'static str)],
}

/// The simulator reads the same names from its environment.
pub const SECRETS: &[Secret] = &[
    Secret {
        name: "lex/sandbox",
        values: &[
            ("LEX_APP_ID", "test-lex-app"),
            ("LEX_SHARED_SECRET", "test-lex-secret"),
            ("LEX_DEALER_ID_MAJOR", "test-major"),
            ("LEX_DEALER_ID_MINOR", "test-minor"),
            (
                "LEX_WEBHOOK_SECRET",
                "whsec_dGVzdC1sZXgtd2ViaG9vay1zZWNyZXQtbm90LXJlYWw=",
            ),
        ],
    },
    Secret {
        name: "alphabet/sandbox",
        values: &[
            ("ALPHABET_API_KEY", "test-alphabet-key"),
            (
                "ALPHABET_WEBHOOK_SECRET",
                "whsec_dGVzdC1hbHBoYWJldC13ZWJob29rLXNlY3JldC1ub3QtcmVhbA==",
            ),
        ],
    },
    Secret {
        name: "bqs/upstream",
        values: &[("BQS_API_KEY", "test-bqs-upstream-key")],
    },
    Secret {
        name: "mmob",
        values: &[
            ("MMOB_API_KEY", "test-mmob-key"),
            ("MMOB_WEBHOOK_TOKEN", "test-mmob-webhook-token"),
        ],
    },
];

pub fn variables() -> impl Iterator<Item = (&'static str, &'static str)> {
    SECRETS.iter().flat_map(|secret| secret.values.iter().copied())
}

impl Secret {
    pub fn json(&self) -> String {
        let values = self
            .values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()))
            .collect();
        serde_json::Value::Object(values).to_string()
    }
}
