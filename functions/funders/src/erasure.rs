//! What the domain's rows have of a person: quotes, proposals with their documents, the customer, the vehicles as the person's
//! quotes describe them, the funders' events, and the entries of lists.

use jiff::Timestamp;
use model::Result;
use model::id::ProfileId;
use model::partner::FUNDERS;
use runtime::http::list::{Entry, made_at, month_of};
use runtime::port::store::{Item, Key, typed};
use runtime::work::erasure::{ErasableRows, ErasureMatch, FoundSubject, SubjectSearch};
use runtime::work::row::{Row, Table};

use crate::event::EventRow;
use crate::profile::ProfileRow;
use crate::proposal::{ProposalRow, documents};
use crate::quote::QuoteRow;
use crate::{Env, customer, proposal, quote, vehicle};

impl ErasableRows for Env {
    fn erasable(&self) -> Result<Table<'_>> {
        self.table()
    }

    fn erasable_files(&self) -> Result<Option<&str>> {
        self.bucket().map(Some)
    }

    fn calls(partner: &str) -> bool {
        FUNDERS.contains(&partner)
    }

    async fn matches(&self, search: &SubjectSearch, row: Item) -> Result<Vec<ErasureMatch>> {
        let key = Key::of(self.table()?.name, &row);
        let found = match key.sk.as_deref().unwrap_or_default() {
            "QUOTE" => quote_match(self, search, typed(row)?).await?,
            "PROPOSAL" => proposal_match(self, search, &typed(row)?)?,
            "EVENT" => event_match(search, key, &typed(row)?),
            "CUSTOMER" => customer_match(search, key, &typed(row)?),
            sk if key.pk.starts_with("VEHICLE#") => match sk == "VEHICLE" || sk.starts_with("OWNER#") {
                true => vehicle_match(search, key, &typed(row)?),
                false => None,
            },
            sk => match sk.parse() {
                Ok(id) => entry_match(self, search, key, id, row).await?,
                Err(_) => None,
            },
        };
        Ok(found.into_iter().collect())
    }
}

async fn quote_match(env: &Env, search: &SubjectSearch, row: QuoteRow) -> Result<Option<ErasureMatch>> {
    let (rows, request) = (env.table()?, row.request()?);
    let email = &request.customer_details.email;
    let (id, uuid) = (row.id.to_string(), *row.id.as_uuid());
    let erasure = search
        .subject(&id)
        .or_else(|| search.email(email.as_str(), row.created_at));
    let Some(erasure) = erasure else { return Ok(None) };
    let mut found = FoundSubject::new(&id);
    let lists = [month_of(quote::list::LIST, &uuid), customer::quotes_of(email)];
    let mut keys: Vec<Key> = lists.iter().map(|list| Entry::key(rows.name, list, uuid)).collect();
    if let Some(cap_id) = &request.vehicle_details.cap_id {
        found = found.with_mark(mark(&vehicle::partition(cap_id), row.created_at));
        // Another quote may have described the vehicle since.
        for vehicle in [vehicle::key(env, cap_id)?, vehicle::key_of(env, cap_id, &row.owner)?] {
            if let Some(profile) = rows.read::<ProfileRow>(&vehicle).await?
                && profile.as_of == row.created_at
            {
                keys.extend(listed(&vehicle, &profile));
                keys.push(vehicle);
            }
        }
    }
    keys.push(QuoteRow::key(rows, &row.id));
    Ok(Some(ErasureMatch {
        erasure,
        found: vec![found],
        rows: keys,
    }))
}

fn proposal_match(env: &Env, search: &SubjectSearch, row: &ProposalRow) -> Result<Option<ErasureMatch>> {
    let (rows, email) = (env.table()?, row.customer()?.email);
    let (id, uuid) = (row.id.to_string(), *row.id.as_uuid());
    let by_id = search
        .subject(&id)
        .or_else(|| search.subject(&row.quote_id.to_string()));
    let erasure = by_id.or_else(|| search.email(email.as_str(), row.created_at));
    let Some(erasure) = erasure else { return Ok(None) };
    let lists = [month_of(proposal::list::LIST, &uuid), customer::proposals_of(&email)];
    let mut keys: Vec<Key> = lists.iter().map(|list| Entry::key(rows.name, list, uuid)).collect();
    keys.push(ProposalRow::key(rows, &row.id));
    Ok(Some(ErasureMatch {
        erasure,
        found: vec![FoundSubject::new(&id).with_files(documents::prefix(row.id))],
        rows: keys,
    }))
}

/// A funder's reason can be about the person.
fn event_match(search: &SubjectSearch, key: Key, row: &EventRow) -> Option<ErasureMatch> {
    let erasure = search.subject(&row.proposal_id.to_string())?;
    Some(ErasureMatch::of_rows(erasure, vec![key]))
}

fn customer_match(search: &SubjectSearch, key: Key, row: &ProfileRow) -> Option<ErasureMatch> {
    let erasure = search.email(customer::address_of(&key.pk)?, row.as_of)?;
    Some(ErasureMatch::of_rows(
        erasure,
        listed(&key, row).into_iter().chain([key]).collect(),
    ))
}

fn vehicle_match(search: &SubjectSearch, key: Key, row: &ProfileRow) -> Option<ErasureMatch> {
    let erasure = search.mark(&mark(&key.pk, row.as_of))?;
    Some(ErasureMatch::of_rows(
        erasure,
        listed(&key, row).into_iter().chain([key]).collect(),
    ))
}

/// An entry whose row is gone, or that a worker in flight has written again. `id` orders it: a quote's, a proposal's or a
/// profile's.
async fn entry_match(
    env: &Env,
    search: &SubjectSearch,
    key: Key,
    id: ProfileId,
    row: Item,
) -> Result<Option<ErasureMatch>> {
    if key.pk == customer::LIST {
        let entry: Entry = typed(row)?;
        let email = customer::address_of(entry.row_partition()).unwrap_or_default();
        let Some(erasure) = search.email(email, made_at(id.as_uuid())) else {
            return Ok(None);
        };
        // With its row it is erased or kept.
        let rows = env.table()?;
        let profile: Option<ProfileRow> = rows.read(&rows.key(entry.row_partition(), "CUSTOMER")).await?;
        return Ok(profile.is_none().then(|| ErasureMatch::of_rows(erasure, vec![key])));
    }
    let of_list = customer::address_of(&key.pk).and_then(|email| search.email(email, made_at(id.as_uuid())));
    let erasure = of_list.or_else(|| search.subject(&id.to_string()));
    Ok(erasure.map(|erasure| ErasureMatch::of_rows(erasure, vec![key])))
}

/// The entry of a customer or a vehicle in the list of all.
fn listed(key: &Key, row: &ProfileRow) -> Option<Key> {
    let list = match key.sk.as_deref() {
        Some("CUSTOMER") => customer::LIST,
        Some("VEHICLE") => vehicle::LIST,
        _ => return None,
    };
    Some(Entry::key(&key.table, list, *row.id.as_uuid()))
}

/// Recognises a vehicle's row that has its details from a quote of this time.
fn mark(partition: &str, quoted_at: Timestamp) -> String {
    format!("{partition}#{quoted_at}")
}

#[cfg(test)]
mod tests;
