//! The invented credentials that a local stack shares with the partner simulators.

pub struct Secret {
    /// The part of the secret's name after `trunkline/{stage}/`.
    pub name: &'static str,
    /// Members under the names that the specs use.
    pub values: &'static [(&'static str, &'static str)],
}

/// The simulators read the same names from their environment.
pub const SECRETS: &[Secret] = &[
    Secret {
        name: "lex/sandbox",
        values: &[
            ("LEX_APP_ID", "test-lex-app"),
            ("LEX_SHARED_SECRET", "test-lex-secret"),
            ("LEX_DEALER_ID_MAJOR", "test-major"),
            ("LEX_DEALER_ID_MINOR", "test-minor"),
        ],
    },
    Secret {
        name: "lex/sandbox/webhook",
        values: &[(
            "LEX_WEBHOOK_SECRET",
            "whsec_dGVzdC1sZXgtd2ViaG9vay1zZWNyZXQtbm90LXJlYWw=",
        )],
    },
    Secret {
        name: "alphabet/sandbox",
        values: &[("ALPHABET_API_KEY", "test-alphabet-key")],
    },
    Secret {
        name: "alphabet/sandbox/webhook",
        values: &[(
            "ALPHABET_WEBHOOK_SECRET",
            "whsec_dGVzdC1hbHBoYWJldC13ZWJob29rLXNlY3JldC1ub3QtcmVhbA==",
        )],
    },
    Secret {
        name: "bqs/upstream",
        values: &[("BQS_API_KEY", "test-bqs-upstream-key")],
    },
    Secret {
        name: "mmob",
        values: &[("MMOB_API_KEY", "test-mmob-key")],
    },
    Secret {
        name: "mmob/webhook",
        values: &[("MMOB_WEBHOOK_TOKEN", "test-mmob-webhook-token")],
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
