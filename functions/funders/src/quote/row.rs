//! A quote as it is stored, and its life: PENDING, then GENERATED or FAILED, each step one conditional write.

use jiff::{SignedDuration, Timestamp};
use model::event::EventType;
use model::id::{CorrelationId, ProposalId, QuoteId};
use model::quote::{Environment, Price, QuoteRequest, QuoteStatus};
use model::{Error, Kind, Result};
use partners::Progress;
use runtime::due::Due;
use runtime::store::{Key, When, Write};
use runtime::{Cx, Domain};
use serde::{Deserialize, Serialize};

use crate::Env;

/// Quotes are kept this long, in seconds.
const KEPT: i64 = 90 * 24 * 60 * 60;
/// A price without an end of its own is good for this long.
const VALID: SignedDuration = SignedDuration::from_hours(28 * 24);

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuoteRow {
    pub id: QuoteId,
    /// The `sub` of whoever asked.
    pub owner: String,
    pub funder_name: String,
    pub environment: Environment,
    pub status: QuoteStatus,
    /// The request as JSON text: its amounts are decimals, which a stored number would not keep apart from floats.
    request: String,
    #[serde(default, skip_serializing_if = "is_empty")]
    pub progress: Progress,
    /// Counts writes. Every write names the revision it replaces.
    revision: u32,
    /// The number of the queue message that may make the next attempt.
    pub attempt: u32,
    pub correlation_id: CorrelationId,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// When it got its price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The status that the world has been told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub announced: Option<QuoteStatus>,
    /// What this quote became, once it is CONVERTED.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal_id: Option<ProposalId>,
    #[serde(flatten)]
    pub due: Due,
    pub ttl: i64,
}

fn is_empty(progress: &Progress) -> bool {
    progress.0.is_empty()
}

/// Why there is no price.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    pub code: String,
    pub message: String,
    /// Field path and reason, as the caller was told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<(String, String)>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_code: Option<String>,
}

impl Failure {
    pub fn of(error: &Error) -> Self {
        let rule = error.kind.rule();
        Self {
            code: Env::FAMILY.code(error.kind),
            // From 500 up the words are for the log.
            message: if rule.status < 500 {
                error.message.clone()
            } else {
                rule.title.to_owned()
            },
            errors: error
                .fields
                .iter()
                .map(|field| (field.path.clone(), field.message.clone()))
                .collect(),
            retry_after: error.retry_after.map(|wait| wait.as_secs()),
            partner_code: error.partner_code.as_deref().map(Into::into),
        }
    }

    /// The error this was, for a caller who asks again.
    pub fn to_error(&self) -> Error {
        let kind = Env::FAMILY.kind(&self.code).unwrap_or(Kind::Internal);
        let mut error =
            Error::new(kind, &self.message).retry_after(self.retry_after.map(std::time::Duration::from_secs));
        error.partner_code = self.partner_code.as_deref().map(Into::into);
        self.errors
            .iter()
            .fold(error, |error, (path, why)| error.field(path, why))
    }
}

impl QuoteRow {
    /// What the list of quotes is called that wait for their end.
    pub const DUE: &str = "QUOTE";

    pub fn pending(
        id: QuoteId,
        owner: &str,
        ask: &QuoteRequest,
        correlation: CorrelationId,
        now: Timestamp,
    ) -> Result<Self> {
        Ok(Self {
            id,
            owner: owner.to_owned(),
            funder_name: ask.funder_name.clone(),
            environment: ask.environment,
            status: QuoteStatus::Pending,
            request: serde_json::to_string(ask)
                .map_err(|error| Error::new(Kind::Internal, "a quote").because(error))?,
            progress: Progress::default(),
            revision: 0,
            attempt: 1,
            correlation_id: correlation,
            created_at: now,
            updated_at: now,
            generated_at: None,
            price: None,
            valid_until: None,
            failure: None,
            announced: None,
            proposal_id: None,
            due: Due::default(),
            ttl: now.as_second().saturating_add(KEPT),
        })
    }

    pub fn key(env: &Env, id: QuoteId) -> Result<Key> {
        Ok(Key::new(env.table()?, format!("QUOTE#{id}"), Some("QUOTE")))
    }

    pub async fn load(env: &Env, id: QuoteId) -> Result<Option<Self>> {
        env.read(&Self::key(env, id)?).await
    }

    /// The row, where this caller may look at it; somebody else's is as absent as none.
    pub async fn visible(cx: &Cx<Env>, id: QuoteId) -> Result<Self> {
        let row = Self::load(&cx.env, id).await?;
        row.filter(|row| cx.caller.may_see(&row.owner))
            .ok_or_else(Error::not_found)
    }

    pub fn request(&self) -> Result<QuoteRequest> {
        serde_json::from_str(&self.request)
            .map_err(|error| Error::new(Kind::Internal, "a stored request").because(error))
    }

    /// The first write of this row.
    pub fn create(&self, env: &Env) -> Result<Write> {
        Write::put(Self::key(env, self.id)?, self, When::Absent)
    }

    /// The write that replaces the revision this row was read or written as.
    pub fn replace(&mut self, env: &Env, now: Timestamp) -> Result<Write> {
        let before = self.revision;
        self.revision += 1;
        self.updated_at = now;
        Write::put(Self::key(env, self.id)?, self, When::number("revision", before.into()))
    }

    pub fn generated(&mut self, price: Price, now: Timestamp) {
        self.status = QuoteStatus::Generated;
        self.generated_at = Some(now);
        self.valid_until = price.valid_until.or_else(|| now.checked_add(VALID).ok());
        self.price = Some(price);
        self.progress = Progress::default();
    }

    pub fn failed(&mut self, error: &Error) {
        self.status = QuoteStatus::Failed;
        self.failure = Some(Failure::of(error));
    }

    /// Turned into a proposal: nobody else can.
    pub fn converted(&mut self, into: ProposalId) {
        self.status = QuoteStatus::Converted;
        self.proposal_id = Some(into);
        self.due = Due::default();
    }

    /// The proposal came to nothing before any funder had it: the price may be taken again.
    pub fn released(&mut self) {
        self.status = QuoteStatus::Generated;
        self.proposal_id = None;
        self.due = Due::at(Self::DUE, self.valid_until);
    }

    /// When that happened which the world is told: the same however often it is told.
    pub fn happened_at(&self, what: EventType) -> Timestamp {
        let at = match what {
            EventType::QuoteGenerated => self.generated_at,
            EventType::QuoteExpired => self.valid_until,
            _ => None,
        };
        at.unwrap_or(self.updated_at)
    }

    /// The world knows; from now on only time can change it.
    pub fn announced(&mut self, what: QuoteStatus) {
        self.announced = Some(what);
        self.due = match self.status {
            QuoteStatus::Generated => Due::at(Self::DUE, self.valid_until),
            _ => Due::default(),
        };
    }

    /// Its time is over. It stays due until the world knows.
    pub fn expired(&mut self) {
        self.status = QuoteStatus::Expired;
    }

    /// What the row is worth at `now`: time passes without anybody writing it down.
    pub fn status_at(&self, now: Timestamp) -> QuoteStatus {
        match self.status {
            QuoteStatus::Generated if self.valid_until.is_some_and(|end| end <= now) => QuoteStatus::Expired,
            status => status,
        }
    }
}
