//! What is known of a message: the members of the spec's sample. What else it says is kept.

use model::{Error, Result};
use utoipa::openapi::{RefOr, Schema as Described};
use utoipa::{PartialSchema, ToSchema};

use super::moment;
use crate::json::{Body, Document, Is, Item, Member, Schema, Value, describe};

static SCHEMA: Schema = Schema {
    name: "createMessage",
    partial: false,
    members: &[Member::new("case", Is::Object(CASE)).required()],
};

const CASE: &[Member] = &[
    Member::new("externalCaseId", Is::Text),
    Member::new("preViewCaseId", Is::Integer).required(),
    Member::new("dealerNumber", Is::Integer).required(),
    Member::new("userId", Is::Text),
    Member::new("objectId", Is::Integer),
    Member::new("contractId", Is::Text),
    Member::new("customerId", Is::Integer),
    Member::new("timestamp", Is::Instant),
    Member::new("startDate", Is::Instant),
    Member::new("creditApprovalDate", Is::Instant),
    Member::new("nominalInterestRate", Is::Decimal),
    Member::new("vinNumber", Is::Text),
    Member::new("monthlyPriceIncludingVat", Is::Decimal),
    Member::new("leasingCode", Is::Text),
    Member::new("depositAmountReceived", Is::Decimal),
    Member::new("caseState", Is::Object(STATE)),
    Member::new("caseActivity", Is::List(ACTIVITY)),
];

const STATE: &[Member] = &[Member::new("state", Is::Text), Member::new("stateMessage", Is::Text)];

const ACTIVITY: Item = Item {
    members: &[
        Member::new("activityName", Is::Text),
        Member::new("activityCode", Is::Integer),
        Member::new("completed", Is::Flag),
    ],
    one_of: &[],
};

/// A message as it is kept: dates as instants, numbers without what they do not need.
pub struct Message {
    /// The case as the sender numbers it.
    pub case: u64,
    /// The dealer whose case it is.
    pub dealer: i64,
    pub content: Document,
}

impl Message {
    pub fn read(body: &Body) -> Result<Self> {
        let given = body.document(&SCHEMA)?;
        let mut content = given.inner("case").unwrap_or_default();
        rewrite(&mut content, |is, value| match (is, value) {
            (Is::Instant, Value::Text(text)) => moment::date(text).map(|date| Value::Text(date.to_string())),
            (Is::Decimal, Value::Number(_)) => {
                let number = value.decimal()?;
                Some(Value::Number(number.normalize().to_string()))
            }
            _ => None,
        });
        let number = |member| content.integer(&[member]).unwrap_or_default();
        let negative = "The preViewCaseId must not be negative.";
        Ok(Self {
            case: u64::try_from(number("preViewCaseId"))
                .map_err(|_| Error::invalid("$.case.preViewCaseId", negative))?,
            dealer: number("dealerNumber"),
            content,
        })
    }
}

/// What was kept, as readers get it: dates in Danish time.
pub fn shown(content: &str) -> Result<Document> {
    let mut message = Document::stored(content)?;
    rewrite(&mut message, |is, value| match (is, value) {
        (Is::Instant, Value::Text(text)) => moment::date(text).map(|date| Value::Text(moment::danish(date))),
        _ => None,
    });
    Ok(message)
}

/// Puts new values in the place of those of known members for which there are any.
fn rewrite(message: &mut Document, new: impl Fn(Is, &Value) -> Option<Value>) {
    for (name, value) in message.members_mut().iter_mut() {
        let member = CASE.iter().find(|member| member.name == name);
        if let Some(new) = member.and_then(|member| new(member.is, value)) {
            *value = new;
        }
    }
}

pub struct NewMessage;

impl PartialSchema for NewMessage {
    fn schema() -> RefOr<Described> {
        describe(
            &SCHEMA,
            "A message about a case: these members are known, others are kept.",
        )
    }
}

impl ToSchema for NewMessage {}

/// A message's `case`.
pub struct CaseMessage;

impl PartialSchema for CaseMessage {
    fn schema() -> RefOr<Described> {
        const SHOWN: Schema = Schema {
            name: "case",
            partial: false,
            members: CASE,
        };
        describe(
            &SHOWN,
            "What a message says: these members are known, and there may be others.",
        )
    }
}

impl ToSchema for CaseMessage {}
