//! `GET /api/quotes`

use garde::Validate;
use jiff::Timestamp;
use model::Result;
use model::quote::QuoteStatus;
use runtime::http::list::{self, List, ListParams, ListWindow, Period, months};
use runtime::port::store;
use runtime::{Cx, Listed};
use serde::Deserialize;
use utoipa::IntoParams;

use super::row::QuoteRow;
use super::view::QuoteView;
use crate::Env;
use crate::customer::quotes_of;

/// Prefix of the lists of all quotes, one list per month.
pub const LIST: &str = "QUOTES";

#[derive(Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuotes {
    /// Only this funder's quotes.
    #[garde(length(max = 40))]
    #[param(max_length = 40)]
    funder: Option<String>,
    /// Only quotes that have this status now.
    #[garde(skip)]
    status: Option<QuoteStatus>,
}

impl ListQuotes {
    fn matches(&self, row: &QuoteRow, now: Timestamp) -> bool {
        self.funder.as_ref().is_none_or(|funder| *funder == row.funder_name)
            && self.status.is_none_or(|status| status == row.status_at(now))
    }
}

/// The caller's quotes, newest first; for staff all quotes.
///
/// A new quote is listed within seconds.
#[utoipa::path(
    get,
    path = "/api/quotes",
    operation_id = "funders-quote-list",
    params(ListQuotes, Period, ListParams),
    responses((status = 200, description = "A page of quotes", body = Listed<QuoteView>))
)]
pub async fn list(cx: Cx<Env>, input: List<ListQuotes, ListWindow>) -> Result<Listed<QuoteView>> {
    let (now, caller) = (cx.now(), &cx.caller);
    let List { filter, params: window } = input;
    let (from, to) = window.span(now)?;
    let lists = match &caller.email {
        _ if caller.staff => months(LIST, from, to),
        // A caller without a verified address cannot have asked for a quote.
        email => email.iter().map(quotes_of).collect(),
    };
    let keep = |item| {
        let row: QuoteRow = store::typed(item)?;
        let wanted = caller.may_see(&row.owner) && filter.matches(&row, now);
        wanted.then(|| QuoteView::of_row(&row, now)).transpose()
    };
    let page = list::page(&cx.env.entries(lists)?, window, keep).await?;
    Ok(page.listed("Quotes"))
}
