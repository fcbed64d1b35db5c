//! What was found of a subject.

use serde::{Deserialize, Serialize};

/// Something of a subject: a quote, a proposal, an order or a case. It has ids and no personal data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundSubject {
    /// Its id or number, as the log of partner calls has it.
    pub subject: String,
    /// How the keys of its files begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<String>,
    /// What its domain needs to recognise a row that has no id of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
}

impl FoundSubject {
    pub fn new(subject: impl ToString) -> Self {
        Self {
            subject: subject.to_string(),
            ..Self::default()
        }
    }

    #[must_use]
    pub fn with_files(self, prefix: String) -> Self {
        Self {
            files: Some(prefix),
            ..self
        }
    }

    #[must_use]
    pub fn with_mark(self, mark: String) -> Self {
        Self {
            mark: Some(mark),
            ..self
        }
    }

    pub(super) fn sort_key(&self) -> String {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        format!("{}#{}#{}", self.subject, text(&self.files), text(&self.mark))
    }
}
