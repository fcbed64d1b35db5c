//! What follows a quote, behind the request: it is listed, its customer and vehicle are brought up to date, and once it is
//! decided the world is told. Doing it again changes nothing.

use model::event::EventType;
use model::id::{EventId, QuoteId};
use model::quote::{Environment, QuoteStatus};
use model::{Result, quote::QuoteRequest};
use runtime::bus::Event;
use runtime::listing::{Entry, month_of};
use runtime::store::Outcome;
use runtime::{Cx, Domain};
use serde::Serialize;

use super::list::LIST;
use super::row::QuoteRow;
use crate::{Env, customer, profile, vehicle};

/// What subscribers learn of a quote.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct News<'a> {
    quote_id: QuoteId,
    funder_name: &'a str,
    environment: Environment,
    status: QuoteStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
}

/// Lists the quote, keeps what it tells, and announces it where it is decided.
pub async fn follow_up(cx: &Cx<Env>, row: &mut QuoteRow) -> Result<()> {
    let request = row.request()?;
    let (listed, kept) = tokio::join!(list(&cx.env, row, &request), keep(cx, row, &request));
    listed?;
    kept?;
    announce(cx, row).await
}

async fn list(env: &Env, row: &QuoteRow, request: &QuoteRequest) -> Result<()> {
    let (id, key) = (*row.id.as_uuid(), QuoteRow::key(env, row.id)?);
    let lists = [
        month_of(LIST, row.id.as_uuid()),
        customer::quotes_of(&request.customer_details.email),
    ];
    let entries: Result<Vec<_>> = lists.iter().map(|list| Entry::item(list, id, &key, row.ttl)).collect();
    env.store().append(env.table()?, entries?).await
}

async fn keep(cx: &Cx<Env>, row: &QuoteRow, request: &QuoteRequest) -> Result<()> {
    let (env, at, now) = (&cx.env, row.created_at, cx.now());
    let (person, car) = (&request.customer_details, &request.vehicle_details);
    let customer = profile::keep(env, customer::key(env, &person.email)?, customer::LIST, person, at, now);
    let vehicle = async {
        match &car.cap_id {
            Some(cap_id) => profile::keep(env, vehicle::key(env, cap_id)?, vehicle::LIST, car, at, now).await,
            // It cannot be told from others.
            None => Ok(()),
        }
    };
    let (customer, vehicle) = tokio::join!(customer, vehicle);
    customer.and(vehicle)
}

/// Tells the world of a decided quote, and writes down that it was told. The event's id is made from what it says, so that
/// telling it again after a crash is recognised.
pub async fn announce(cx: &Cx<Env>, row: &mut QuoteRow) -> Result<()> {
    // Made into a proposal before it was told of: then it still was generated first.
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
    let news = News {
        quote_id: row.id,
        funder_name: &row.funder_name,
        environment: row.environment,
        status,
        code: row.failure.as_ref().map(|failure| failure.code.as_str()),
    };
    let event = Event::new(
        EventId::named(row.id.as_uuid(), kind.as_str()),
        kind,
        row.happened_at(kind),
        &news,
    )?;
    cx.env.bus().publish(vec![event]).await?;
    row.announced(status);
    let write = row.replace(&cx.env, cx.now())?;
    match cx.env.store().write(vec![write]).await? {
        // Somebody has moved it on meanwhile; what it is now is told by whoever did.
        Outcome::Done | Outcome::Refused(_) => Ok(()),
    }
}
