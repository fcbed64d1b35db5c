//! `GET /api/proposals`

use garde::Validate;
use jiff::Timestamp;
use model::Result;
use model::proposal::ProposalStatus;
use runtime::listing::{self, Cursor, Page, Window, months};
use runtime::problem::Problem;
use runtime::{Cx, Domain, Listed, store};
use serde::Deserialize;

use super::row::ProposalRow;
use super::view::ProposalView;
use crate::Env;
use crate::customer::proposals_of;

/// What the months' lists of proposals are called.
pub const LIST: &str = "PROPOSALS";

#[derive(Deserialize, Validate)]
pub struct Which {
    #[garde(length(max = 40))]
    funder: Option<String>,
    #[garde(skip)]
    status: Option<ProposalStatus>,
    #[garde(skip)]
    from: Option<Timestamp>,
    #[garde(skip)]
    to: Option<Timestamp>,
    #[garde(range(min = 1, max = 100))]
    limit: Option<u16>,
    #[garde(skip)]
    cursor: Option<Cursor>,
}

/// The caller's proposals, newest first; for staff everybody's.
///
/// A new proposal is listed within seconds.
#[utoipa::path(
    get,
    path = "/api/proposals",
    operation_id = "funders-proposal-list",
    tag = "funders",
    params(
        ("funder" = Option<String>, Query, description = "Only this funder's", max_length = 40),
        ("status" = Option<ProposalStatus>, Query, description = "Only those that are so now"),
        ("from" = Option<Timestamp>, Query, description = "Made at this instant or later"),
        ("to" = Option<Timestamp>, Query, description = "Made at this instant or earlier"),
        ("limit" = Option<u16>, Query, description = "At most so many; 20 where absent", minimum = 1, maximum = 100),
        ("cursor" = Option<Cursor>, Query, description = "`nextCursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of proposals", body = Listed<ProposalView>),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Invalid", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn list(cx: Cx<Env>, which: Which) -> Result<Listed<ProposalView>> {
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
        Some(email) => vec![proposals_of(email)],
        // Whoever has no verified address could not ask for a quote either.
        None => return Ok(Page::empty().listed("Proposals")),
    };
    let page = listing::page(cx.env.store().as_ref(), cx.env.table()?, partitions, window, |row| {
        let row: ProposalRow = store::typed(row)?;
        let wanted = caller.may_see(&row.owner)
            && which.funder.as_ref().is_none_or(|funder| *funder == row.funder_name)
            && which.status.is_none_or(|status| status == row.status);
        Ok(wanted.then(|| ProposalView::of(&row)))
    });
    Ok(page.await?.listed("Proposals"))
}
