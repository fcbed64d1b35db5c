//! The follow-up of a quote, behind the request: a worker lists it, updates its customer and vehicle, and publishes an event
//! once the quote is decided. Repeating it changes nothing.

use model::Result;
use model::event::EventType;
use model::id::{EventId, QuoteId};
use model::quote::{Environment, QuoteRequest, QuoteStatus};
use runtime::Cx;
use runtime::http::list::{Entry, month_of};
use runtime::port::bus::Event;
use runtime::work::row::{Revised, Row};
use serde::Serialize;
use utoipa::ToSchema;

use super::list::LIST;
use super::row::QuoteRow;
use crate::{Env, customer, profile, vehicle};

/// The data of a quote's events.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuoteEventData<'a> {
    /// The quote.
    quote_id: QuoteId,
    /// The funder that was asked for the price.
    funder_name: &'a str,
    /// The funder's environment.
    environment: Environment,
    /// The quote's new status.
    status: QuoteStatus,
    /// The code of the failure, of a quote that FAILED.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
}

/// Lists the quote, updates its profiles, and publishes its event if it is decided.
pub async fn follow_up(cx: &Cx<Env>, row: &mut QuoteRow) -> Result<()> {
    let request = row.request()?;
    let (listed, updated) = tokio::join!(list(&cx.env, row, &request), update_profiles(cx, row, &request));
    listed?;
    updated?;
    announce(cx, row).await
}

async fn list(env: &Env, row: &QuoteRow, request: &QuoteRequest) -> Result<()> {
    let (rows, id) = (env.table()?, *row.id.as_uuid());
    let key = QuoteRow::key(rows, &row.id);
    let lists = [
        month_of(LIST, row.id.as_uuid()),
        customer::quotes_of(&request.customer_details.email),
    ];
    let entries: Result<Vec<_>> = lists.iter().map(|list| Entry::item(list, id, &key, row.ttl)).collect();
    rows.append(entries?).await
}

async fn update_profiles(cx: &Cx<Env>, row: &QuoteRow, request: &QuoteRequest) -> Result<()> {
    let (env, at, now) = (&cx.env, row.created_at, cx.now());
    let (person, car) = (&request.customer_details, &request.vehicle_details);
    let customer = customer::key(env, &person.email)?;
    let customer = profile::update(env, customer, Some(customer::LIST), person, at, now);
    let vehicle = async {
        // A vehicle without an id cannot be recognised.
        let Some(cap_id) = &car.cap_id else {
            return Ok(());
        };
        let (of_all, of_owner) = (vehicle::key(env, cap_id)?, vehicle::key_of(env, cap_id, &row.owner)?);
        let (of_all, of_owner) = tokio::join!(
            profile::update(env, of_all, Some(vehicle::LIST), car, at, now),
            profile::update(env, of_owner, None, car, at, now)
        );
        of_all.and(of_owner)
    };
    let (customer, vehicle) = tokio::join!(customer, vehicle);
    customer.and(vehicle)
}

/// Publishes the event of a decided quote and then records it. The event's id depends only on the quote and the event type,
/// so that subscribers recognise an event that a crash repeats.
pub async fn announce(cx: &Cx<Env>, row: &mut QuoteRow) -> Result<()> {
    // A quote converted before its event was published still needs the event that it was generated.
    let early = row.status == QuoteStatus::Converted && row.announced.is_none();
    let status = if early { QuoteStatus::Generated } else { row.status };
    let kind = match status {
        QuoteStatus::Generated => EventType::QuoteGenerated,
        QuoteStatus::Failed => EventType::QuoteFailed,
        QuoteStatus::Expired => EventType::QuoteExpired,
        QuoteStatus::Pending | QuoteStatus::Converted => return Ok(()),
    };
    if row.announced == Some(status) {
        return Ok(());
    }
    let data = QuoteEventData {
        quote_id: row.id,
        funder_name: &row.funder_name,
        environment: row.environment,
        status,
        code: row.failure.as_ref().map(|failure| failure.code.as_str()),
    };
    let id = EventId::named(row.id.as_uuid(), kind.as_str());
    let event = Event::new(id, kind, row.happened_at(kind), &data)?;
    cx.env.bus().publish(vec![event]).await?;
    row.announced(status);
    // If this is refused, another worker has changed the quote, and publishes its new status.
    row.save(cx.env.table()?, cx.now()).await.map(drop)
}
