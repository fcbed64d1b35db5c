//! The one error type, and the one table of what each kind of failure means.

use std::fmt;
use std::time::Duration;

use crate::id::QuoteId;

pub type Result<T, E = Error> = std::result::Result<T, E>;
type Source = Box<dyn std::error::Error + Send + Sync>;

/// The kind of failure, which decides what happens next. Everything that depends on it is in [`Kind::rule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The bytes are not the document they claim to be: broken JSON, duplicate members, too deep.
    Malformed,
    Unauthenticated,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    /// The state of the thing forbids it.
    Conflict,
    /// The same idempotency key is being worked on right now.
    InProgress,
    /// The thing is no longer as the caller has seen it: `If-Match`.
    PreconditionFailed,
    TooLarge,
    /// Asked more often than is allowed.
    TooMany,
    UnsupportedMedia,
    /// A well-formed document whose values cannot be accepted.
    Invalid,
    /// The idempotency key was used before with another body.
    KeyReused,
    /// A document that must not go on to a partner: a scanner found malware in it.
    DocumentRefused,
    /// The partner understood the request and refused it.
    PartnerRejected,
    /// The partner does not accept our credentials. Never the caller's fault, so never a 401.
    PartnerAuth,
    /// The partner answered success with something we cannot use.
    PartnerBadResponse,
    /// The request never reached the partner: name lookup, connect, TLS.
    PartnerUnreachable,
    /// The request was sent and no answer came in time. The outcome is unknown.
    PartnerTimeout,
    /// The connection broke after the request was sent. The outcome is unknown.
    PartnerReset,
    /// The partner failed: 5xx.
    PartnerError,
    /// The partner asked us to wait: 429, or 503 with Retry-After.
    PartnerThrottled,
    /// Configuration is missing or wrong. The message names it; the client does not see it.
    Misconfigured,
    /// Our own storage or queue did not do its part.
    Unavailable,
    Internal,
}

/// Who has to act for the same request to succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Caller,
    Hub,
    Partner,
}

/// What a queue does with a message that failed so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Leave it: it comes back after the visibility timeout.
    Retry,
    /// Move it to the dead-letter queue now: no repetition can help.
    Park,
    /// Acknowledge it: there is nothing left to do.
    Drop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Info,
    Warn,
    Error,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Stable word for programs. For partner failures the domain puts its word for the partner in front: `funder-auth`.
    pub code: &'static str,
    pub title: &'static str,
    pub status: u16,
    pub verdict: Verdict,
    pub level: Level,
    pub origin: Origin,
    /// Whether the same request may succeed later, unchanged.
    pub retryable: bool,
}

impl Kind {
    /// Every kind there is, for tests and documentation.
    pub const ALL: [Self; 25] = [
        Self::Malformed,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::InProgress,
        Self::PreconditionFailed,
        Self::TooLarge,
        Self::TooMany,
        Self::UnsupportedMedia,
        Self::Invalid,
        Self::KeyReused,
        Self::DocumentRefused,
        Self::PartnerRejected,
        Self::PartnerAuth,
        Self::PartnerBadResponse,
        Self::PartnerUnreachable,
        Self::PartnerTimeout,
        Self::PartnerReset,
        Self::PartnerError,
        Self::PartnerThrottled,
        Self::Misconfigured,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The table: status for HTTP, verdict for queues, level for logs.
    pub fn rule(self) -> Rule {
        use Level::{Error as Loud, Info, Warn};
        use Origin::{Caller, Hub, Partner};
        use Verdict::{Drop, Park, Retry};
        let row = |code, title, status, verdict, level, origin, retryable| Rule {
            code,
            title,
            status,
            verdict,
            level,
            origin,
            retryable,
        };
        match self {
            Self::Malformed => row("malformed", "Malformed request", 400, Park, Info, Caller, false),
            Self::Unauthenticated => row("unauthenticated", "Not authenticated", 401, Drop, Info, Caller, false),
            Self::Forbidden => row("forbidden", "Not allowed", 403, Drop, Info, Caller, false),
            Self::NotFound => row("not-found", "Not found", 404, Drop, Info, Caller, false),
            Self::MethodNotAllowed => row(
                "method-not-allowed",
                "Method not allowed",
                405,
                Drop,
                Info,
                Caller,
                false,
            ),
            Self::Conflict => row("conflict", "Conflict", 409, Drop, Info, Caller, false),
            Self::InProgress => row("in-progress", "Already in progress", 409, Retry, Info, Caller, true),
            Self::PreconditionFailed => row(
                "precondition-failed",
                "Precondition failed",
                412,
                Drop,
                Info,
                Caller,
                false,
            ),
            Self::TooLarge => row("too-large", "Too large", 413, Park, Info, Caller, false),
            Self::TooMany => row("too-many", "Too many requests", 429, Retry, Info, Caller, true),
            Self::UnsupportedMedia => row(
                "unsupported-media",
                "Unsupported media type",
                415,
                Park,
                Info,
                Caller,
                false,
            ),
            Self::Invalid => row("invalid", "Invalid request", 422, Park, Info, Caller, false),
            Self::KeyReused => row("key-reused", "Idempotency key reused", 422, Park, Info, Caller, false),
            Self::DocumentRefused => row("document-refused", "Document refused", 422, Drop, Info, Caller, false),
            Self::PartnerRejected => row("rejected", "Rejected", 422, Drop, Info, Partner, false),
            Self::PartnerAuth => row("auth", "Credentials refused", 502, Drop, Loud, Partner, false),
            Self::PartnerBadResponse => row("bad-response", "Unusable answer", 502, Drop, Loud, Partner, false),
            Self::PartnerUnreachable => row("unreachable", "Unreachable", 503, Retry, Warn, Partner, true),
            Self::PartnerTimeout => row("timeout", "No answer in time", 504, Retry, Warn, Partner, true),
            Self::PartnerReset => row("reset", "Connection broken", 504, Retry, Warn, Partner, true),
            Self::PartnerError => row("error", "Failed", 503, Retry, Warn, Partner, true),
            Self::PartnerThrottled => row("throttled", "Asked to wait", 503, Retry, Warn, Partner, true),
            Self::Misconfigured => row("misconfigured", "Internal error", 500, Retry, Loud, Hub, false),
            Self::Unavailable => row("unavailable", "Temporarily unavailable", 503, Retry, Loud, Hub, true),
            Self::Internal => row("internal", "Internal error", 500, Retry, Loud, Hub, false),
        }
    }
}

/// A value that cannot be accepted, by its path in the request: `vehicleDetails.price`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub path: String,
    pub message: String,
}

/// What a failed request was about. A problem has a member of its own for each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Quote(QuoteId),
}

impl From<QuoteId> for Subject {
    fn from(id: QuoteId) -> Self {
        Self::Quote(id)
    }
}

/// Where the caller of a failed request can go. Few failures have one, and every result has room for a failure: so it is
/// boxed.
#[derive(Debug, Default)]
struct Pointers {
    subject: Option<Subject>,
    alternative: Option<String>,
}

/// A failure. Below status 500 `message` is written for the client; from 500 up only logs see it.
#[derive(Debug)]
pub struct Error {
    pub kind: Kind,
    pub message: String,
    pub fields: Vec<Field>,
    /// How long to wait before the same request makes sense.
    pub retry_after: Option<Duration>,
    /// The partner's own error code, where it gave one.
    pub partner_code: Option<Box<str>>,
    pointers: Option<Box<Pointers>>,
    source: Option<Source>,
}

impl Error {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            fields: Vec::new(),
            retry_after: None,
            partner_code: None,
            pointers: None,
            source: None,
        }
    }

    /// One field that cannot be accepted.
    pub fn invalid(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, "Some values cannot be accepted.").field(path, message)
    }

    /// One answer for what is absent and for what belongs to another caller, so that neither can be told from the other.
    pub fn not_found() -> Self {
        Self::new(Kind::NotFound, "There is nothing here, or it is not yours.")
    }

    pub fn misconfigured(message: impl Into<String>) -> Self {
        Self::new(Kind::Misconfigured, message)
    }

    #[must_use]
    pub fn field(mut self, path: impl Into<String>, message: impl Into<String>) -> Self {
        self.fields.push(Field {
            path: path.into(),
            message: message.into(),
        });
        self
    }

    /// This failure and another of the same request: all values that cannot be accepted, or the failure of another kind.
    fn and(mut self, other: Self) -> Self {
        match (self.kind, other.kind) {
            (Kind::Invalid, Kind::Invalid) => {
                self.fields.extend(other.fields);
                self
            }
            (Kind::Invalid, _) => other,
            _ => self,
        }
    }

    #[must_use]
    pub fn because(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What the hub stored, and its type cannot read. Of the cause stays what stands before a value: serde quotes values.
    pub fn unreadable(what: &str, cause: &impl fmt::Display) -> Self {
        let cause = cause.to_string();
        let is_a_name = cause.starts_with("missing field");
        let unquoted = cause.split(['"', '`']).next().filter(|_| !is_a_name);
        Self::new(Kind::Internal, what).because(unquoted.unwrap_or(&cause))
    }

    #[must_use]
    pub fn retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    #[must_use]
    pub fn about(mut self, subject: impl Into<Subject>) -> Self {
        self.pointers.get_or_insert_default().subject = Some(subject.into());
        self
    }

    #[must_use]
    pub fn instead(mut self, path: impl fmt::Display) -> Self {
        self.pointers.get_or_insert_default().alternative = Some(path.to_string());
        self
    }

    /// With another reference to the same route, if `change` has one.
    #[must_use]
    pub fn map_alternative(mut self, change: impl FnOnce(&str) -> Option<String>) -> Self {
        if let Some(path) = self.alternative().and_then(change) {
            self = self.instead(path);
        }
        self
    }

    /// What the request was about, where it exists already.
    pub fn subject(&self) -> Option<Subject> {
        self.pointers.as_ref()?.subject
    }

    /// Another route that can do what was asked: its path, or in a response the reference to it.
    pub fn alternative(&self) -> Option<&str> {
        self.pointers.as_ref()?.alternative.as_deref()
    }

    /// The failure and its causes in one line, for logs.
    pub fn chain(&self) -> String {
        let mut text = self.message.clone();
        let mut cause = std::error::Error::source(self);
        while let Some(inner) = cause {
            text = format!("{text}: {inner}");
            cause = inner.source();
        }
        text
    }
}

/// Both results of independent checks of a request, or the faults of both.
pub fn both<A, B>(first: Result<A>, second: Result<B>) -> Result<(A, B)> {
    match (first, second) {
        (Ok(first), Ok(second)) => Ok((first, second)),
        (Err(first), Err(second)) => Err(first.and(second)),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
    }
}

/// All results of independent checks of a request, or the faults of all.
pub fn all<T>(results: impl IntoIterator<Item = Result<T>>) -> Result<Vec<T>> {
    let none: Result<Vec<T>> = Ok(Vec::new());
    results.into_iter().fold(none, |before, result| {
        both(before, result).map(|(mut values, value)| {
            values.push(value);
            values
        })
    })
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.rule().code, self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_not_quoted() {
        #[derive(Debug, serde::Deserialize)]
        enum Word {
            Known,
        }
        #[derive(Debug, serde::Deserialize)]
        struct Row {
            #[allow(dead_code, reason = "only its type matters")]
            word: Word,
            #[allow(dead_code, reason = "only its type matters")]
            count: u32,
        }
        let chain = |text: &str| Error::unreadable("a row", &serde_json::from_str::<Row>(text).unwrap_err()).chain();
        for text in [
            r#"{"word":"Known","count":"John"}"#,
            r#"{"word":"John","count":1}"#,
            r#"{"word":"Jo`hn","count":1}"#,
            r#"{"word":{"John":1},"count":1}"#,
            "\"John\"",
        ] {
            assert!(
                serde_json::from_str::<Row>(text)
                    .unwrap_err()
                    .to_string()
                    .contains("Jo"),
                "{text}"
            );
            assert!(!chain(text).contains("Jo"), "{text}: {}", chain(text));
        }
        let missing = chain(r#"{"word":"Known"}"#);
        assert!(missing.starts_with("a row: missing field `count`"), "{missing}");
    }

    #[test]
    fn faults_of_independent_checks_are_put_together() {
        let paths = |error: Error| error.fields.into_iter().map(|field| field.path).collect::<Vec<_>>();
        let bad = |path: &str| Err::<u8, _>(Error::invalid(path, "is bad"));
        assert_eq!(both(Ok(1), Ok("x")).unwrap(), (1, "x"));
        assert_eq!(paths(both(bad("a"), bad("b")).unwrap_err()), ["a", "b"]);
        assert_eq!(
            paths(all([Ok(1), bad("a"), Ok(2), bad("b"), bad("c")]).unwrap_err()),
            ["a", "b", "c"]
        );
        assert_eq!(all([Ok(1), Ok(2)]).unwrap(), [1, 2]);
        let failed = || Err::<u8, _>(Error::new(Kind::Internal, "failed"));
        assert_eq!(both(bad("a"), failed()).unwrap_err().kind, Kind::Internal);
        assert_eq!(both(failed(), bad("a")).unwrap_err().kind, Kind::Internal);
    }

    #[test]
    fn the_table_keeps_its_promises() {
        for kind in Kind::ALL {
            let rule = kind.rule();
            assert!((400..600).contains(&rule.status), "{kind:?}");
            assert_eq!(
                rule.origin == Origin::Caller,
                rule.status < 500 && kind != Kind::PartnerRejected,
                "{kind:?}"
            );
            assert!(
                rule.verdict != Verdict::Drop || !rule.retryable,
                "{kind:?} would lose what may still succeed"
            );
            assert!(
                rule.status != 401 || kind == Kind::Unauthenticated,
                "a partner's 401 is never the caller's"
            );
        }
    }

    #[test]
    fn every_kind_has_its_own_word() {
        let mut words: Vec<_> = Kind::ALL.iter().map(|kind| kind.rule().code).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Kind::ALL.len());
    }
}
