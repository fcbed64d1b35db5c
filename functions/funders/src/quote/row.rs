//! A quote as it is stored. It goes from PENDING to GENERATED or FAILED, and each step is one conditional write.

use call::Progress;
use jiff::{SignedDuration, Timestamp};
use model::event::EventType;
use model::id::{CorrelationId, ProposalId, QuoteId};
use model::quote::{Environment, Price, QuoteRequest, QuoteStatus};
use model::{Error, Kind, Result};
use runtime::port::store::Key;
use runtime::work::due::DueTime;
use runtime::work::row::{Revised, Row, Table, Version};
use runtime::{Cx, Domain};
use serde::{Deserialize, Serialize};

use crate::Env;

/// Seconds.
const RETENTION: i64 = 90 * 24 * 60 * 60;
/// How long a price holds that came without an end.
const DEFAULT_VALIDITY: SignedDuration = SignedDuration::from_hours(28 * 24);

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuoteRow {
    pub id: QuoteId,
    /// The `sub` of the caller that asked for it.
    pub owner: String,
    pub funder_name: String,
    pub environment: Environment,
    pub status: QuoteStatus,
    /// The request as JSON text, which keeps its decimals exact.
    request: String,
    #[serde(default, skip_serializing_if = "is_empty")]
    pub progress: Progress,
    /// The number of the queue message that may make the next attempt.
    pub attempt: u32,
    /// The requests to the funder that failed and were followed by another attempt. The log counts on from here.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed_attempts: u32,
    pub correlation_id: CorrelationId,
    pub created_at: Timestamp,
    #[serde(flatten)]
    pub version: Version,
    /// When callers last saw it change, if that was neither its creation nor its price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed_at: Option<Timestamp>,
    /// When it got its price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<StoredFailure>,
    /// Why the latest attempt in the background has no price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<StoredFailure>,
    /// The status of the last event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub announced: Option<QuoteStatus>,
    /// The proposal that this quote became, once it is CONVERTED.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal_id: Option<ProposalId>,
    #[serde(flatten)]
    pub due: DueTime,
    pub ttl: i64,
}

/// Rows of quotes that were priced at once stay as they were.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

fn is_empty(progress: &Progress) -> bool {
    progress.0.is_empty()
}

/// Why there is no price.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredFailure {
    pub code: String,
    pub message: String,
    /// Field path and reason, as in the response.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<(String, String)>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_code: Option<String>,
}

impl StoredFailure {
    pub fn of(error: &Error) -> Self {
        let rule = error.kind.rule();
        Self {
            code: Env::FAMILY.code(error.kind),
            // From 500 up the message is for the log.
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

    /// The error again, for a repeated request.
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

impl Row for QuoteRow {
    type Id = QuoteId;

    fn key(table: Table<'_>, id: &QuoteId) -> Key {
        table.key(format!("QUOTE#{id}"), "QUOTE")
    }

    fn id(&self) -> &QuoteId {
        &self.id
    }
}

impl Revised for QuoteRow {
    fn version(&mut self) -> &mut Version {
        &mut self.version
    }
}

impl QuoteRow {
    /// The due list of quotes that will expire.
    pub const DUE_LIST: &str = "QUOTE";

    pub fn pending(
        id: QuoteId,
        owner: &str,
        request: &QuoteRequest,
        correlation: CorrelationId,
        now: Timestamp,
    ) -> Result<Self> {
        Ok(Self {
            id,
            owner: owner.to_owned(),
            funder_name: request.funder_name.clone(),
            environment: request.environment,
            status: QuoteStatus::Pending,
            request: serde_json::to_string(request)
                .map_err(|error| Error::new(Kind::Internal, "a quote").because(error))?,
            progress: Progress::default(),
            attempt: 1,
            failed_attempts: 0,
            correlation_id: correlation,
            created_at: now,
            version: Version::first(now),
            changed_at: None,
            generated_at: None,
            price: None,
            valid_until: None,
            failure: None,
            last_error: None,
            announced: None,
            proposal_id: None,
            due: DueTime::default(),
            ttl: now.as_second().saturating_add(RETENTION),
        })
    }

    /// The row, if this caller may see it. Another caller's row gives the same error as none.
    pub async fn visible(cx: &Cx<Env>, id: QuoteId) -> Result<Self> {
        let row = Self::load(cx.env.table()?, &id).await?;
        row.filter(|row| cx.caller.may_see(&row.owner))
            .ok_or_else(Error::not_found)
    }

    pub fn request(&self) -> Result<QuoteRequest> {
        serde_json::from_str(&self.request).map_err(|error| Error::unreadable("a stored request", &error))
    }

    pub fn generated(&mut self, price: Price, now: Timestamp) {
        self.enter(QuoteStatus::Generated, now);
        self.generated_at = Some(now);
        self.changed_at = None;
        self.valid_until = price.valid_until.or_else(|| now.checked_add(DEFAULT_VALIDITY).ok());
        self.price = Some(price);
        self.last_error = None;
        self.progress = Progress::default();
    }

    pub fn failed(&mut self, error: &Error, now: Timestamp) {
        self.enter(QuoteStatus::Failed, now);
        self.failure = Some(StoredFailure::of(error));
    }

    /// Becomes this proposal. No other call can convert the quote.
    pub fn converted(&mut self, into: ProposalId, now: Timestamp) {
        self.enter(QuoteStatus::Converted, now);
        self.proposal_id = Some(into);
        self.due = DueTime::default();
    }

    /// The proposal failed before any funder had it: the price may be used again.
    pub fn released(&mut self, now: Timestamp) {
        self.enter(QuoteStatus::Generated, now);
        self.proposal_id = None;
        self.due = DueTime::at(Self::DUE_LIST, self.valid_until);
    }

    fn enter(&mut self, status: QuoteStatus, now: Timestamp) {
        self.status = status;
        self.changed_at = Some(now);
    }

    /// When callers last saw it change: workers write the row more often. At its end it changes without a write.
    pub fn changed_at(&self, now: Timestamp) -> Timestamp {
        match self.valid_until {
            Some(end) if self.status_at(now) == QuoteStatus::Expired => end.max(self.created_at),
            _ => self.changed_at.or(self.generated_at).unwrap_or(self.created_at),
        }
    }

    /// The time of an event, the same each time it is published.
    pub fn happened_at(&self, event: EventType) -> Timestamp {
        let at = match event {
            EventType::QuoteGenerated => self.generated_at,
            EventType::QuoteExpired => self.valid_until,
            _ => None,
        };
        at.or(self.changed_at).unwrap_or(self.created_at)
    }

    /// The event has been published. From now on only time or a proposal can change the quote.
    pub fn announced(&mut self, status: QuoteStatus) {
        self.announced = Some(status);
        self.due = match self.status {
            QuoteStatus::Generated => DueTime::at(Self::DUE_LIST, self.valid_until),
            _ => DueTime::default(),
        };
    }

    /// It stays due until its event has been published.
    pub fn expired(&mut self) {
        self.status = QuoteStatus::Expired;
    }

    /// The status at `now`: a price may have ended before the schedule has written it down.
    pub fn status_at(&self, now: Timestamp) -> QuoteStatus {
        match self.status {
            QuoteStatus::Generated if self.valid_until.is_some_and(|end| end <= now) => QuoteStatus::Expired,
            status => status,
        }
    }
}
