//! The known members of a message: those of the spec's sample. Other members are kept.

use model::json::{Document, ListItem, Member, Schema, Type, Value};
use model::{Error, Result};
use utoipa::openapi::{RefOr, Schema as ApiSchema};
use utoipa::{PartialSchema, ToSchema};

use super::moment;
use crate::body::JsonBody;
use crate::describe::describe;

static SCHEMA: Schema = Schema {
    name: "createMessage",
    partial: false,
    members: &[Member::new("case", Type::Object(CASE)).required()],
};

const CASE: &[Member] = &[
    Member::new("externalCaseId", Type::Text),
    Member::new("preViewCaseId", Type::Integer).required(),
    Member::new("dealerNumber", Type::Integer).required(),
    Member::new("userId", Type::Text),
    Member::new("objectId", Type::Integer),
    Member::new("contractId", Type::Text),
    Member::new("customerId", Type::Integer),
    Member::new("timestamp", Type::Instant),
    Member::new("startDate", Type::Instant),
    Member::new("creditApprovalDate", Type::Instant),
    Member::new("nominalInterestRate", Type::Decimal),
    Member::new("vinNumber", Type::Text),
    Member::new("monthlyPriceIncludingVat", Type::Decimal),
    Member::new("leasingCode", Type::Text),
    Member::new("depositAmountReceived", Type::Decimal),
    Member::new("caseState", Type::Object(STATE)),
    Member::new("caseActivity", Type::List(ACTIVITY)),
];

const STATE: &[Member] = &[
    Member::new("state", Type::Text),
    Member::new("stateMessage", Type::Text),
];

const ACTIVITY: ListItem = ListItem {
    members: &[
        Member::new("activityName", Type::Text),
        Member::new("activityCode", Type::Integer),
        Member::new("completed", Type::Bool),
    ],
    one_of: &[],
};

/// A message in its stored form: dates as instants, numbers without trailing zeros.
pub struct Message {
    /// The case as the sender numbers it.
    pub case: u64,
    /// The dealer of the case.
    pub dealer: i64,
    pub content: Document,
}

impl Message {
    pub fn read(body: &JsonBody) -> Result<Self> {
        let given = body.document(&SCHEMA)?;
        let mut content = given.inner("case").unwrap_or_default();
        rewrite(&mut content, |ty, value| match (ty, value) {
            (Type::Instant, Value::Text(text)) => moment::date(text).map(|date| Value::Text(format!("{date}Z"))),
            (Type::Decimal, Value::Number(_)) => {
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

/// A stored message as readers get it: dates in Danish time.
pub fn shown(content: &str) -> Result<Document> {
    let mut message = Document::stored(content)?;
    rewrite(&mut message, |ty, value| match (ty, value) {
        (Type::Instant, Value::Text(text)) => moment::date(text).map(|date| Value::Text(moment::danish(date))),
        _ => None,
    });
    Ok(message)
}

/// Replaces the values of known members for which `new` returns one.
fn rewrite(message: &mut Document, new: impl Fn(Type, &Value) -> Option<Value>) {
    for (name, value) in message.members_mut().iter_mut() {
        let member = CASE.iter().find(|member| member.name == name);
        if let Some(new) = member.and_then(|member| new(member.ty, value)) {
            *value = new;
        }
    }
}

pub struct NewMessage;

impl PartialSchema for NewMessage {
    fn schema() -> RefOr<ApiSchema> {
        describe(
            &SCHEMA,
            "A message about a case. Members that are not listed here are kept too.",
        )
    }
}

impl ToSchema for NewMessage {}

/// A message's `case`.
pub struct CaseMessage;

impl PartialSchema for CaseMessage {
    fn schema() -> RefOr<ApiSchema> {
        const SHOWN: Schema = Schema {
            name: "case",
            partial: false,
            members: CASE,
        };
        describe(
            &SHOWN,
            "The content of a message. It may have members that are not listed here.",
        )
    }
}

impl ToSchema for CaseMessage {}
