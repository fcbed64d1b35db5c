//! The store on DynamoDB.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, KeysAndAttributes, Put, PutRequest, ReturnValue,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem, WriteRequest,
};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use model::{Error, Kind, Result};

use super::access::Store;
use super::backoff::Backoff;
use super::condition::{Expression, When};
use super::query::Query;
use super::row::{COUNT, Item, Key, TTL, counted, lives};
use super::write::{Write, Written};
use crate::port::clock::Clock;

pub struct Dynamo {
    client: LazyLock<Client, Box<dyn FnOnce() -> Client + Send>>,
}

/// DynamoDB takes at most this many rows in one batch.
const BATCH: usize = 25;
/// And reads at most this many.
const READS: usize = 100;
/// The pause after a transaction met another, and how often it is attempted.
const CONFLICT: (Duration, u32) = (Duration::from_millis(20), 7);
/// The pause after DynamoDB left a part of a batch for later, and how often the rest of a batch is attempted.
const UNPROCESSED: (Duration, u32) = (Duration::from_millis(50), 5);

impl Dynamo {
    /// The client is made at its first use: most functions name no table.
    pub fn new(client: impl FnOnce() -> Client + Send + 'static) -> Self {
        Self {
            client: LazyLock::new(Box::new(client)),
        }
    }

    async fn write_one(&self, key: &Key, item: Item, when: &When) -> Result<Written> {
        let now = Clock::System.now();
        let condition = Expression::of(when, now);
        let sent = self
            .client
            .put_item()
            .table_name(&key.table)
            .set_item(Some(item.clone()))
            .condition_expression(condition.text)
            .set_expression_attribute_names(Some(condition.names))
            .set_expression_attribute_values(Some(condition.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match sent.map_err(SdkError::into_service_error) {
            Ok(_) => Ok(Written::Done),
            Err(error) => match error {
                aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(refusal) => {
                    // The SDK repeats a write whose answer was lost; finding our own row means that it had arrived.
                    if refusal.item.as_ref() == Some(&item) {
                        return Ok(Written::Done);
                    }
                    Ok(Written::Refused(vec![refusal.item.filter(|row| lives(row, now))]))
                }
                error => Err(failure("PutItem", &key.table, error)),
            },
        }
    }

    /// One transaction, retried while other transactions hold the same rows.
    async fn write_all(&self, writes: Vec<Write>) -> Result<Written> {
        let table = writes.first().map(|write| write.key.table.clone()).unwrap_or_default();
        let now = Clock::System.now();
        let items = writes
            .iter()
            .map(|write| part(write, now))
            .collect::<Result<Vec<_>>>()?;
        let mut backoff = Backoff::new(CONFLICT.0, CONFLICT.1);
        loop {
            let transaction = self
                .client
                .transact_write_items()
                .set_transact_items(Some(items.clone()));
            let reasons = match transaction.send().await.map_err(SdkError::into_service_error) {
                Ok(_) => return Ok(Written::Done),
                Err(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                    canceled.cancellation_reasons.unwrap_or_default()
                }
                Err(error) => return Err(failure("TransactWriteItems", &table, error)),
            };
            let is = |code| reasons.iter().any(|reason| reason.code() == Some(code));
            if is("ConditionalCheckFailed") {
                let stored = reasons.into_iter().map(|reason| reason.item);
                return Ok(Written::Refused(
                    stored.map(|row| row.filter(|row| lives(row, now))).collect(),
                ));
            }
            if !is("TransactionConflict") {
                let codes: Vec<_> = reasons.iter().filter_map(|reason| reason.code()).collect();
                let why = format!("TransactWriteItems on {table} was canceled: {codes:?}");
                return Err(Error::new(Kind::Unavailable, why));
            }
            if !backoff.wait().await {
                let why = format!("TransactWriteItems on {table} met other writes every time");
                return Err(Error::new(Kind::Unavailable, why));
            }
        }
    }

    /// Writes at most 25 rows.
    async fn append_batch(&self, table: &str, batch: &[Item]) -> Result<()> {
        let mut requests = Vec::new();
        for item in batch {
            let put = PutRequest::builder().set_item(Some(item.clone())).build();
            let put = put.map_err(|error| Error::new(Kind::Internal, "a row is incomplete").because(error))?;
            requests.push(WriteRequest::builder().put_request(put).build());
        }
        let mut left = HashMap::from([(table.to_owned(), requests)]);
        let mut backoff = Backoff::new(UNPROCESSED.0, UNPROCESSED.1);
        loop {
            let request = self.client.batch_write_item().set_request_items(Some(left));
            let sent = request.send().await;
            let sent = sent.map_err(|error| failure("BatchWriteItem", table, error.into_service_error()))?;
            left = sent.unprocessed_items.unwrap_or_default();
            if left.is_empty() {
                return Ok(());
            }
            if !backoff.wait().await {
                return Err(unprocessed("BatchWriteItem", table));
            }
        }
    }

    /// Reads at most 100 rows.
    async fn get_batch(&self, batch: &[Key]) -> Result<Vec<(Key, Item)>> {
        let table = batch.first().map(|key| key.table.as_str()).unwrap_or_default();
        let mut left: HashMap<String, Vec<Item>> = HashMap::new();
        for key in batch {
            left.entry(key.table.clone()).or_default().push(key.item());
        }
        let mut found = Vec::new();
        let mut backoff = Backoff::new(UNPROCESSED.0, UNPROCESSED.1);
        loop {
            let mut request = self.client.batch_get_item();
            for (table, keys) in left {
                let keys = KeysAndAttributes::builder().set_keys(Some(keys)).build();
                let keys = keys.map_err(|error| Error::new(Kind::Internal, "a key is incomplete").because(error))?;
                request = request.request_items(table, keys);
            }
            let answer = request.send().await;
            let answer = answer.map_err(|error| failure("BatchGetItem", table, error.into_service_error()))?;
            for (table, items) in answer.responses.unwrap_or_default() {
                let live = items.into_iter().filter(|row| lives(row, Clock::System.now()));
                found.extend(live.map(|row| (Key::of(&table, &row), row)));
            }
            let again = answer.unprocessed_keys.unwrap_or_default().into_iter();
            left = again.map(|(table, keys)| (table, keys.keys)).collect();
            if left.is_empty() {
                return Ok(found);
            }
            if !backoff.wait().await {
                return Err(unprocessed("BatchGetItem", table));
            }
        }
    }

    /// Adds one to a counter that has not expired, or begins one again that has. None if the counter is in the other state.
    async fn count_one(&self, key: &Key, ttl: Option<i64>, begin_again: bool) -> Result<Option<u64>> {
        const LIVES: &str = "attribute_not_exists(#ttl) OR #ttl > :now";
        const EXPIRED: &str = "#ttl <= :now";
        let number = |number: i64| AttributeValue::N(number.to_string());
        let (condition, change) = match (begin_again, ttl) {
            (false, None) => (LIVES, "ADD #count :one"),
            (false, Some(_)) => (LIVES, "ADD #count :one SET #ttl = :ttl"),
            (true, None) => (EXPIRED, "SET #count = :one REMOVE #ttl"),
            (true, Some(_)) => (EXPIRED, "SET #count = :one, #ttl = :ttl"),
        };
        let mut update = self.client.update_item();
        if let Some(ttl) = ttl {
            update = update.expression_attribute_values(":ttl", number(ttl));
        }
        let sent = update
            .table_name(&key.table)
            .set_key(Some(key.item()))
            .update_expression(change)
            .condition_expression(condition)
            .expression_attribute_names("#count", COUNT)
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":now", number(Clock::System.now().as_second()))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await;
        match sent.map_err(SdkError::into_service_error) {
            Ok(row) => Ok(Some(counted(&row.attributes.unwrap_or_default()))),
            Err(error) if error.is_conditional_check_failed_exception() => Ok(None),
            Err(error) => Err(failure("UpdateItem", &key.table, error)),
        }
    }
}

/// One part of a transaction.
fn part(write: &Write, now: Timestamp) -> Result<TransactWriteItem> {
    let condition = Expression::of(&write.when, now);
    let part = TransactWriteItem::builder();
    let built = match &write.item {
        Some(item) => Put::builder()
            .table_name(&write.key.table)
            .set_item(Some(item.clone()))
            .condition_expression(condition.text)
            .set_expression_attribute_names(Some(condition.names))
            .set_expression_attribute_values(Some(condition.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map(|put| part.put(put)),
        None => ConditionCheck::builder()
            .table_name(&write.key.table)
            .set_key(Some(write.key.item()))
            .condition_expression(condition.text)
            .set_expression_attribute_names(Some(condition.names))
            .set_expression_attribute_values(Some(condition.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map(|check| part.condition_check(check)),
    };
    let built = built.map_err(|error| Error::new(Kind::Internal, "a write is incomplete").because(error))?;
    Ok(built.build())
}

impl Store for Dynamo {
    fn get<'a>(&'a self, key: &'a Key, consistent: bool) -> BoxFuture<'a, Result<Option<Item>>> {
        Box::pin(async move {
            let request = self.client.get_item().table_name(&key.table).set_key(Some(key.item()));
            let found = request.consistent_read(consistent).send().await;
            let found = found.map_err(|error| failure("GetItem", &key.table, error.into_service_error()))?;
            Ok(found.item.filter(|row| lives(row, Clock::System.now())))
        })
    }

    fn write(&self, mut writes: Vec<Write>) -> BoxFuture<'_, Result<Written>> {
        Box::pin(async move {
            match (writes.pop(), writes.is_empty()) {
                (None, _) => Ok(Written::Done),
                (
                    Some(Write {
                        key,
                        item: Some(item),
                        when,
                    }),
                    true,
                ) => self.write_one(&key, item, &when).await,
                (Some(last), _) => {
                    writes.push(last);
                    self.write_all(writes).await
                }
            }
        })
    }

    fn append<'a>(&'a self, table: &'a str, items: Vec<Item>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            for batch in items.chunks(BATCH) {
                self.append_batch(table, batch).await?;
            }
            Ok(())
        })
    }

    fn get_all<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Option<Item>>>> {
        Box::pin(async move {
            let mut found: HashMap<Key, Item> = HashMap::new();
            for batch in keys.chunks(READS) {
                found.extend(self.get_batch(batch).await?);
            }
            Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
        })
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Item>>> {
        Box::pin(async move {
            // An empty range, which DynamoDB would refuse.
            if query
                .from
                .as_ref()
                .zip(query.to.as_ref())
                .is_some_and(|(from, to)| from > to)
            {
                return Ok(Vec::new());
            }
            let (pk, sk) = query.keys();
            let mut condition = "#pk = :pk".to_owned();
            let mut request = self
                .client
                .query()
                .expression_attribute_names("#pk", pk)
                .expression_attribute_values(":pk", AttributeValue::S(query.pk.clone()));
            for (name, bound) in [(":from", &query.from), (":to", &query.to)] {
                if let Some(bound) = bound {
                    request = request.expression_attribute_values(name, AttributeValue::S(bound.clone()));
                }
            }
            condition.push_str(match (&query.from, &query.to) {
                (None, None) => "",
                (Some(_), None) => " AND #sk >= :from",
                (None, Some(_)) => " AND #sk <= :to",
                (Some(_), Some(_)) => " AND #sk BETWEEN :from AND :to",
            });
            if query.from.is_some() || query.to.is_some() {
                request = request.expression_attribute_names("#sk", sk);
            }
            if !query.members.is_empty() {
                // Whether a row lives is decided here, by its ttl.
                let members = query.members.iter().chain(&["ttl"]);
                let named: Vec<String> = (0..=query.members.len()).map(|n| format!("#m{n}")).collect();
                for (place, member) in named.iter().zip(members) {
                    request = request.expression_attribute_names(place, *member);
                }
                request = request.projection_expression(named.join(", "));
            }
            let request = request
                .table_name(&query.table)
                .set_index_name(query.index.map(|index| index.name.into()))
                .key_condition_expression(condition)
                .consistent_read(query.consistent)
                .scan_index_forward(query.oldest_first)
                .limit(query.limit.into());
            let (mut rows, mut from) = (Vec::new(), query.start());
            loop {
                let found = request.clone().set_exclusive_start_key(from).send().await;
                let found = found.map_err(|error| failure("Query", &query.table, error.into_service_error()))?;
                let live = found.items.unwrap_or_default().into_iter();
                rows.extend(live.filter(|row| lives(row, Clock::System.now())));
                from = found.last_evaluated_key;
                // Expired rows leave room for more.
                if rows.len() >= query.limit.into() || from.is_none() {
                    rows.truncate(query.limit.into());
                    return Ok(rows);
                }
            }
        })
    }

    fn count<'a>(&'a self, key: &'a Key, ttl: Option<i64>) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            // Another instance may be the first to begin an expired counter again.
            for begin_again in [false, true, false] {
                if let Some(count) = self.count_one(key, ttl, begin_again).await? {
                    return Ok(count);
                }
            }
            let why = format!("a counter in {} keeps expiring", key.table);
            Err(Error::new(Kind::Unavailable, why))
        })
    }
}

fn unprocessed(what: &str, table: &str) -> Error {
    let why = format!("{what} on {table} left rows unprocessed every time");
    Error::new(Kind::Unavailable, why)
}

/// An SDK failure as an error. A validation or access error of AWS is a mistake of ours; the others may pass.
fn failure<E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static>(
    what: &str,
    table: &str,
    error: E,
) -> Error {
    let code = error.code().unwrap_or("no answer").to_owned();
    let is_mistake = [
        "ValidationException",
        "AccessDeniedException",
        "ResourceNotFoundException",
    ]
    .contains(&code.as_str());
    let kind = if is_mistake {
        Kind::Misconfigured
    } else {
        Kind::Unavailable
    };
    Error::new(kind, format!("{what} on {table} failed: {code}")).because(DisplayErrorContext(error).to_string())
}
