//! What is known of a message: its members as the spec's sample has them. What else it says is kept.

use model::Result;
use runtime::{Input, Parts};
use utoipa::ToSchema;

use super::moment;
use crate::json::{Document, Is, Item, Member, Object, Schema, Value};

/// Its members that are dates.
const DATES: [&str; 3] = ["timestamp", "startDate", "creditApprovalDate"];

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

const STATE: &[Member] = &[
    Member::new("state", Is::Text),
    Member::new("stateMessage", Is::Text),
];

const ACTIVITY: Item = Item {
    members: &[
        Member::new("activityName", Is::Text),
        Member::new("activityCode", Is::Integer),
        Member::new("completed", Is::Flag),
    ],
    one_of: &[],
};

/// A message as it is kept: what is known in one form, dates in UTC.
pub struct Message {
    /// The case that the message names, and the dealer whose it is.
    pub case: i64,
    pub dealer: i64,
    pub content: Object,
}

impl Input for Message {
    fn read(parts: &Parts) -> Result<Self> {
        let given = Document::read(parts.json()?, &SCHEMA)?;
        let number = |member| given.integer(&["case", member]).unwrap_or_default();
        let (case, dealer) = (number("preViewCaseId"), number("dealerNumber"));
        let mut content = given.get(&["case"]).and_then(Value::object).cloned().unwrap_or_default();
        for (name, value) in content.iter_mut() {
            let kept = match (&*value, DATES.contains(&name)) {
                (Value::Text(text), true) => moment::date(text).map(|date| Value::Text(date.to_string())),
                _ => None,
            };
            if let Some(kept) = kept {
                *value = kept;
            }
        }
        Ok(Self { case, dealer, content })
    }
}

/// What was kept, as readers get it: dates in Danish time.
pub fn shown(content: &str) -> Result<Document> {
    let mut message = Document::stored(content)?;
    for (name, value) in message.members_mut().iter_mut() {
        let shown = match (&*value, DATES.contains(&name)) {
            (Value::Text(text), true) => moment::date(text).map(|date| Value::Text(moment::danish(date))),
            _ => None,
        };
        if let Some(shown) = shown {
            *value = shown;
        }
    }
    Ok(message)
}
