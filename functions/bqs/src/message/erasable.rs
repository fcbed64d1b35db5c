//! The rows of messages that are about to be deleted. The head of their number stays, because it has no personal data and a
//! reader's cursor depends on it.

use model::Result;
use runtime::port::store::{Key, Query};
use runtime::work::row::Table;

use super::head::Head;
use super::row::{CaseNumber, ContentRow, MessageRow};

const BATCH: u16 = 1000;
const HEAD: &str = "HEAD";

/// The rows of all messages under a number, after which its head waits for none of them.
pub async fn all_of(rows: Table<'_>, case: CaseNumber) -> Result<Vec<Key>> {
    let (mut keys, mut last) = (Vec::new(), None);
    loop {
        let query = Query::new(rows.name, case.partition(), BATCH).members(&["pk", "sk"]);
        let found = rows.store.query(&query.oldest_first().consistent().after(last)).await?;
        let each = found.iter().map(|row| Key::of(rows.name, row));
        keys.extend(each.filter(|key| key.sk.as_deref() != Some(HEAD)));
        last = found.into_iter().last();
        if last.is_none() {
            break;
        }
    }
    Head::release(rows, case.number(), &keys).await?;
    Ok(keys)
}

/// The rows of one message, after which the head of its number does not wait for it.
pub async fn one_of(rows: Table<'_>, case: CaseNumber, message: &MessageRow) -> Result<Vec<Key>> {
    let mut keys = vec![
        ContentRow::key(rows, case, &message.content)?,
        message.place.key(rows, case),
    ];
    let of_text = ContentRow::key_of_text(rows, case, &message.content);
    if !keys.contains(&of_text) && rows.store.get(&of_text, true).await?.is_some() {
        keys.push(of_text);
    }
    Head::release(rows, case.number(), &keys).await?;
    Ok(keys)
}
