//! The conditions a write can have: few, so that the store and its stand-in cannot differ.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::row::{Item, TTL};

#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// There is no row, or its `ttl` has passed.
    Absent,
    /// The member has this value.
    Equal(&'static str, AttributeValue),
    /// The member is a number below this one.
    Below(&'static str, i64),
    All(Vec<When>),
    Any(Vec<When>),
}

impl When {
    pub fn text(member: &'static str, value: impl Into<String>) -> Self {
        Self::Equal(member, AttributeValue::S(value.into()))
    }

    pub fn number(member: &'static str, value: i64) -> Self {
        Self::Equal(member, AttributeValue::N(value.to_string()))
    }

    /// Whether it holds for this row, which has not expired, or for no row.
    pub fn holds(&self, row: Option<&Item>) -> bool {
        match self {
            Self::Absent => row.is_none(),
            Self::Equal(member, value) => row.and_then(|row| row.get(*member)) == Some(value),
            Self::Below(member, bound) => row
                .and_then(|row| row.get(*member)?.as_n().ok()?.parse::<i64>().ok())
                .is_some_and(|number| number < *bound),
            Self::All(all) => all.iter().all(|when| when.holds(row)),
            Self::Any(any) => any.iter().any(|when| when.holds(row)),
        }
    }
}

/// A condition as DynamoDB takes it.
#[derive(Debug, Default)]
pub struct Expression {
    pub text: String,
    pub names: HashMap<String, String>,
    pub values: HashMap<String, AttributeValue>,
}

impl Expression {
    /// A row that has expired counts as absent, although DynamoDB deletes it later.
    pub fn of(when: &When, now: Timestamp) -> Self {
        let mut expression = Self::default();
        let condition = expression.write(when);
        let ttl = expression.name(TTL);
        let now = expression.value(AttributeValue::N(now.as_second().to_string()));
        expression.text = if when.holds(None) {
            format!("({condition}) OR {ttl} <= {now}")
        } else {
            format!("({condition}) AND (attribute_not_exists({ttl}) OR {ttl} > {now})")
        };
        expression
    }

    fn write(&mut self, when: &When) -> String {
        match when {
            When::Absent => format!("attribute_not_exists({})", self.name("pk")),
            When::Equal(member, value) => format!("{} = {}", self.name(member), self.value(value.clone())),
            When::Below(member, bound) => {
                format!(
                    "{} < {}",
                    self.name(member),
                    self.value(AttributeValue::N(bound.to_string()))
                )
            }
            When::All(all) => self.join(all, " AND "),
            When::Any(any) => self.join(any, " OR "),
        }
    }

    fn join(&mut self, parts: &[When], word: &str) -> String {
        let parts: Vec<_> = parts.iter().map(|part| format!("({})", self.write(part))).collect();
        parts.join(word)
    }

    /// Through a placeholder, because `status` and `ttl` are reserved words.
    fn name(&mut self, member: &str) -> String {
        let placeholder = format!("#{member}");
        self.names.insert(placeholder.clone(), member.to_owned());
        placeholder
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }
}
