//! The store on DynamoDB.

use std::collections::HashMap;
use std::sync::LazyLock;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, Put, PutRequest, ReturnValuesOnConditionCheckFailure, TransactWriteItem, WriteRequest,
};
use futures_util::future::BoxFuture;
use model::{Error, Kind, Result};

use super::condition::Expression;
use super::{Item, Key, Outcome, Store, Write};

pub struct Dynamo {
    client: LazyLock<Client, Box<dyn FnOnce() -> Client + Send>>,
}

/// DynamoDB takes at most this many rows in one batch.
const BATCH: usize = 25;

impl Dynamo {
    /// The client is made at its first use: most functions name no table.
    pub fn new(client: impl FnOnce() -> Client + Send + 'static) -> Self {
        Self {
            client: LazyLock::new(Box::new(client)),
        }
    }

    async fn write_one(&self, write: Write) -> Result<Outcome> {
        let condition = Expression::of(&write.when);
        let sent = self
            .client
            .put_item()
            .table_name(&write.key.table)
            .set_item(Some(write.item.clone()))
            .condition_expression(condition.text)
            .set_expression_attribute_names(Some(condition.names))
            .set_expression_attribute_values(some(condition.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match sent.map_err(SdkError::into_service_error) {
            Ok(_) => Ok(Outcome::Done),
            Err(error) => match error {
                aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(refusal) => {
                    // The SDK repeats a write whose answer was lost; finding our own row means that it had arrived.
                    if refusal.item.as_ref() == Some(&write.item) {
                        return Ok(Outcome::Done);
                    }
                    Ok(Outcome::Refused(vec![refusal.item]))
                }
                error => Err(failure("PutItem", &write.key.table, error)),
            },
        }
    }

    async fn write_all(&self, writes: Vec<Write>) -> Result<Outcome> {
        let mut transaction = self.client.transact_write_items();
        for write in &writes {
            let condition = Expression::of(&write.when);
            let put = Put::builder()
                .table_name(&write.key.table)
                .set_item(Some(write.item.clone()))
                .condition_expression(condition.text)
                .set_expression_attribute_names(Some(condition.names))
                .set_expression_attribute_values(some(condition.values))
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .build()
                .map_err(|error| Error::new(Kind::Internal, "a write is incomplete").because(error))?;
            transaction = transaction.transact_items(TransactWriteItem::builder().put(put).build());
        }
        let table = writes.first().map(|write| write.key.table.clone()).unwrap_or_default();
        match transaction.send().await.map_err(SdkError::into_service_error) {
            Ok(_) => Ok(Outcome::Done),
            Err(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                let reasons = canceled.cancellation_reasons.unwrap_or_default();
                if reasons
                    .iter()
                    .any(|reason| reason.code() == Some("ConditionalCheckFailed"))
                {
                    return Ok(Outcome::Refused(
                        reasons.into_iter().map(|reason| reason.item).collect(),
                    ));
                }
                let codes: Vec<_> = reasons.iter().filter_map(|reason| reason.code()).collect();
                Err(Error::new(
                    Kind::Unavailable,
                    format!("TransactWriteItems on {table} was canceled: {codes:?}"),
                ))
            }
            Err(error) => Err(failure("TransactWriteItems", &table, error)),
        }
    }
}

impl Store for Dynamo {
    fn get<'a>(&'a self, key: &'a Key, consistent: bool) -> BoxFuture<'a, Result<Option<Item>>> {
        Box::pin(async move {
            let request = self.client.get_item().table_name(&key.table).set_key(Some(key.item()));
            let found = request.consistent_read(consistent).send().await;
            Ok(found
                .map_err(|error| failure("GetItem", &key.table, error.into_service_error()))?
                .item)
        })
    }

    fn write(&self, mut writes: Vec<Write>) -> BoxFuture<'_, Result<Outcome>> {
        Box::pin(async move {
            match (writes.pop(), writes.is_empty()) {
                (None, _) => Ok(Outcome::Done),
                (Some(only), true) => self.write_one(only).await,
                (Some(last), false) => {
                    writes.push(last);
                    self.write_all(writes).await
                }
            }
        })
    }

    fn append<'a>(&'a self, table: &'a str, items: Vec<Item>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            for batch in items.chunks(BATCH) {
                let mut requests = Vec::new();
                for item in batch {
                    let put = PutRequest::builder().set_item(Some(item.clone())).build();
                    let put = put.map_err(|error| Error::new(Kind::Internal, "a row is incomplete").because(error))?;
                    requests.push(WriteRequest::builder().put_request(put).build());
                }
                let mut left = HashMap::from([(table.to_owned(), requests)]);
                while !left.is_empty() {
                    let sent = self
                        .client
                        .batch_write_item()
                        .set_request_items(Some(left))
                        .send()
                        .await;
                    let sent = sent.map_err(|error| failure("BatchWriteItem", table, error.into_service_error()))?;
                    left = sent.unprocessed_items.unwrap_or_default();
                }
            }
            Ok(())
        })
    }

    fn query<'a>(&'a self, table: &'a str, pk: &'a str, limit: u16) -> BoxFuture<'a, Result<Vec<Item>>> {
        Box::pin(async move {
            let found = self
                .client
                .query()
                .table_name(table)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
                .scan_index_forward(false)
                .limit(limit.into())
                .send()
                .await;
            let found = found.map_err(|error| failure("Query", table, error.into_service_error()))?;
            Ok(found.items.unwrap_or_default())
        })
    }
}

/// DynamoDB refuses an empty map of values.
fn some<K, V>(map: HashMap<K, V>) -> Option<HashMap<K, V>> {
    (!map.is_empty()).then_some(map)
}

/// An SDK failure in our words. What AWS calls a validation or an access error is our mistake; the rest may pass.
fn failure<E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static>(
    what: &str,
    table: &str,
    error: E,
) -> Error {
    let code = error.code().unwrap_or("no answer").to_owned();
    let ours = [
        "ValidationException",
        "AccessDeniedException",
        "ResourceNotFoundException",
    ]
    .contains(&code.as_str());
    let kind = if ours { Kind::Misconfigured } else { Kind::Unavailable };
    Error::new(kind, format!("{what} on {table} failed: {code}")).because(DisplayErrorContext(error).to_string())
}
