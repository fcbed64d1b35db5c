//! `GET /api/quotes`

use garde::Validate;
use jiff::Timestamp;
use model::Result;
use model::quote::QuoteStatus;
use runtime::listing::{self, Cursor, Page, Window, months};
use runtime::problem::Problem;
use runtime::{Cx, Domain, Listed, store};
use serde::Deserialize;

use super::row::QuoteRow;
use super::view::QuoteView;
use crate::Env;
use crate::customer::quotes_of;

/// What the months' lists of quotes are called.
pub const LIST: &str = "QUOTES";

#[derive(Deserialize, Validate)]
pub struct Which {
    #[garde(length(max = 40))]
    funder: Option<String>,
    #[garde(skip)]
    status: Option<QuoteStatus>,
    #[garde(skip)]
    from: Option<Timestamp>,
    #[garde(skip)]
    to: Option<Timestamp>,
    #[garde(range(min = 1, max = 100))]
    limit: Option<u16>,
    #[garde(skip)]
    cursor: Option<Cursor>,
}

/// The caller's quotes, newest first; for staff everybody's.
///
/// A new quote is listed within seconds.
#[utoipa::path(
    get,
    path = "/api/quotes",
    operation_id = "funders-quote-list",
    tag = "funders",
    params(
        ("funder" = Option<String>, Query, description = "Only this funder's", max_length = 40),
        ("status" = Option<QuoteStatus>, Query, description = "Only those that are so now"),
        ("from" = Option<Timestamp>, Query, description = "Made at this instant or later"),
        ("to" = Option<Timestamp>, Query, description = "Made at this instant or earlier"),
        ("limit" = Option<u16>, Query, description = "At most so many; 20 where absent", minimum = 1, maximum = 100),
        ("cursor" = Option<Cursor>, Query, description = "`nextCursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of quotes", body = Listed<QuoteView>),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Invalid", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn list(cx: Cx<Env>, which: Which) -> Result<Listed<QuoteView>> {
    let (now, caller) = (cx.now(), &cx.caller);
    let window = Window {
        from: which.from,
        to: which.to,
        cursor: which.cursor,
        limit: which.limit,
    };
    let (from, to) = window.span(now)?;
    let partitions = match &caller.email {
        _ if caller.staff => months(LIST, from, to),
        Some(email) => vec![quotes_of(email)],
        // Whoever has no verified address could not ask for a quote either.
        None => return Ok(Page::empty().listed("Quotes")),
    };
    let page = listing::page(cx.env.store().as_ref(), cx.env.table()?, partitions, window, |row| {
        let row: QuoteRow = store::typed(row)?;
        let wanted = caller.may_see(&row.owner)
            && which.funder.as_ref().is_none_or(|funder| *funder == row.funder_name)
            && which.status.is_none_or(|status| status == row.status_at(now));
        wanted
            .then(|| Ok(QuoteView::of(&row, &row.request()?.contract_details, now)))
            .transpose()
    });
    Ok(page.await?.listed("Quotes"))
}
