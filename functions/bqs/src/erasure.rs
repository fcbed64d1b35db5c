//! What the domain's rows have of a person: cases with their changes, documents and messages, and single messages about other
//! cases.
//!
//! What stays has no personal data: the counter, so that no number is given again; the heads of messages, on which readers'
//! cursors depend; the link to the number upstream, so that it never means another case.

use model::Result;
use model::id::ErasureId;
use partners_cases::{Bqs, CaseSystem};
use runtime::port::store::{Item, Key, Query, typed};
use runtime::work::erasure::{ErasableRows, ErasureMatch, FoundSubject, ResponsePart, SubjectSearch};
use runtime::work::row::{Row, Table};
use serde::Deserialize;
use uuid::Uuid;

use crate::Env;
use crate::case::create::CASE_PATH;
use crate::case::row::{CaseRow, ChangeKind, ChangeRow, Sequence};
use crate::document::{StoredDocument, file_key};
use crate::forward::{ForwardRow, UpstreamRow};
use crate::message::{self, CaseNumber, MessageRow};

const BATCH: u16 = 100;

impl ErasableRows for Env {
    fn erasable(&self) -> Result<Table<'_>> {
        self.table()
    }

    fn erasable_files(&self) -> Result<Option<&str>> {
        self.bucket().map(Some)
    }

    fn calls(partner: &str) -> bool {
        partner == Bqs.name()
    }

    async fn matches(&self, search: &SubjectSearch, row: Item) -> Result<Vec<ErasureMatch>> {
        let rows = self.table()?;
        let key = Key::of(rows.name, &row);
        let sk = key.sk.as_deref().unwrap_or_default();
        if let Some(number) = CaseNumber::of_partition(&key.pk) {
            return message_match(rows, search, number, row).await;
        }
        if let Some(sequence) = key.pk.strip_prefix("CASE#").and_then(|number| number.parse().ok()) {
            let case = Sequence(sequence);
            let document = document(case, sk, &row);
            let Some(erasure) = case_erasure(rows, search, case, sk, row).await? else {
                return Ok(Vec::new());
            };
            let mut matched = case_match(rows, erasure, case).await?;
            // A row that has expired is scanned and not queried.
            matched.found.extend(document?);
            if !matched.rows.contains(&key) {
                matched.rows.insert(0, key);
            }
            return Ok(vec![matched]);
        }
        if key.pk.starts_with("UPSTREAM#") && sk == "UPSTREAM" {
            let link: UpstreamRow = typed(row)?;
            if let Some(erasure) = erasure_of(rows, search, link.sequence).await? {
                let found = FoundSubject::new(link.sequence).with_mark(upstream_mark(link.upstream));
                let messages = message::all_of(rows, CaseNumber::Upstream(link.upstream)).await?;
                return Ok(vec![ErasureMatch {
                    erasure,
                    found: vec![found],
                    rows: messages,
                }]);
            }
        }
        Ok(Vec::new())
    }

    fn leads_to(search: &SubjectSearch, part: ResponsePart<'_>) -> Option<ErasureId> {
        match part {
            ResponsePart::Location(path) => search.subject(path.strip_prefix(CASE_PATH)?),
            ResponsePart::Body(text) => search.mark(&document_mark(text)),
        }
    }
}

/// The erasure that names the case, or that has found it. A case that got its number later stays.
async fn erasure_of(rows: Table<'_>, search: &SubjectSearch, case: Sequence) -> Result<Option<ErasureId>> {
    let named = search.case(case.0).or_else(|| search.subject(&case.to_string()));
    let Some(erasure) = named else { return Ok(None) };
    let row = CaseRow::load(rows, &case).await?;
    let is_later = row.is_some_and(|row| search.is_later(erasure, row.created_at));
    Ok((!is_later).then_some(erasure))
}

fn upstream_mark(number: u64) -> String {
    format!("UPSTREAM#{number}")
}

fn document_mark(id: impl std::fmt::Display) -> String {
    format!("DOCUMENT#{id}")
}

/// The erasure to which a row of a case leads.
async fn case_erasure(
    rows: Table<'_>,
    search: &SubjectSearch,
    case: Sequence,
    sk: &str,
    row: Item,
) -> Result<Option<ErasureId>> {
    if let Some(known) = erasure_of(rows, search, case).await? {
        return Ok(Some(known));
    }
    if sk == "CASE" {
        let row: CaseRow = typed(row)?;
        return Ok(search.email_in(row.json(), row.created_at));
    }
    if sk.starts_with("CHANGE#") {
        let row: ChangeRow = typed(row)?;
        return Ok(search.email_in(&row.body, row.at));
    }
    Ok(None)
}

/// Everything of a case. The case's own row comes last.
async fn case_match(rows: Table<'_>, erasure: ErasureId, case: Sequence) -> Result<ErasureMatch> {
    let (mut keys, mut found, mut last) = (Vec::new(), vec![FoundSubject::new(case)], None);
    let mut upstream = Vec::new();
    loop {
        let query = Query::new(rows.name, case.partition(), BATCH);
        let read = rows.store.query(&query.oldest_first().consistent().after(last)).await?;
        last = read.last().cloned();
        if last.is_none() {
            break;
        }
        for row in read {
            let key = Key::of(rows.name, &row);
            let sk = key.sk.clone().unwrap_or_default();
            found.extend(document(case, &sk, &row)?);
            match sk.as_str() {
                "FORWARD" => {
                    let row: ForwardRow = typed(row)?;
                    upstream.extend(row.upstream.into_iter().chain(row.created));
                }
                "CASE" => {
                    let refused = typed::<CaseRow>(row)?.refused.last.into_iter();
                    found.extend(
                        refused.map(|document| FoundSubject::new(case).with_files(file_key(document.document_id))),
                    );
                }
                _ => {}
            }
            keys.push(key);
        }
    }
    // The link is found by itself, and may be without its forwarder's row.
    for number in upstream {
        let link = UpstreamRow::load(rows, &number).await?;
        if link.is_some_and(|link| link.sequence == case) {
            found.push(FoundSubject::new(case).with_mark(upstream_mark(number)));
            keys.extend(message::all_of(rows, CaseNumber::Upstream(number)).await?);
        }
    }
    keys.extend(message::all_of(rows, CaseNumber::Hub(case.0)).await?);
    keys.sort_by_key(|key| key.sk.as_deref() == Some("CASE"));
    Ok(ErasureMatch {
        erasure,
        found,
        rows: keys,
    })
}

/// An announced document, of which no more has to be read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Announced {
    document_id: Uuid,
}

/// The document that a row is about, if it is about one.
fn document(case: Sequence, sk: &str, row: &Item) -> Result<Option<FoundSubject>> {
    let id = if sk.starts_with("UPLOAD#") {
        typed::<Announced>(row.clone())?.document_id
    } else if sk.starts_with("CHANGE#") {
        let change: ChangeRow = typed(row.clone())?;
        if change.kind != ChangeKind::Document {
            return Ok(None);
        }
        StoredDocument::read(&change.body)?.document_id
    } else {
        return Ok(None);
    };
    let found = FoundSubject::new(case).with_files(file_key(id));
    Ok(Some(found.with_mark(document_mark(id))))
}

/// A message of an erased case, or one that has the person's address itself.
async fn message_match(
    rows: Table<'_>,
    search: &SubjectSearch,
    number: CaseNumber,
    row: Item,
) -> Result<Vec<ErasureMatch>> {
    let key = Key::of(rows.name, &row);
    let sk = key.sk.clone().unwrap_or_default();
    let of_case = match number {
        CaseNumber::Hub(number) => erasure_of(rows, search, Sequence(number)).await?,
        CaseNumber::Upstream(number) => search.mark(&upstream_mark(number)),
    };
    let matched = |erasure, rows| Ok(vec![ErasureMatch::of_rows(erasure, rows)]);
    if let Some(erasure) = of_case {
        let mut keys = message::all_of(rows, number).await?;
        // One that has expired is scanned and not queried.
        if sk != "HEAD" && !keys.contains(&key) {
            keys.push(key);
        }
        return matched(erasure, keys);
    }
    if !sk.starts_with("DEALER#") {
        return Ok(Vec::new());
    }
    let message: MessageRow = typed(row)?;
    match search.email_in(&message.content, message.received().timestamp()) {
        Some(erasure) => matched(erasure, message::one_of(rows, number, &message).await?),
        None => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests;
