//! `GET /api/proposals`

use garde::Validate;
use model::Result;
use model::proposal::ProposalStatus;
use runtime::http::list::{self, List, ListParams, ListWindow, Period, months};
use runtime::port::store;
use runtime::{Cx, Listed};
use serde::Deserialize;
use utoipa::IntoParams;

use super::row::ProposalRow;
use super::view::ProposalView;
use crate::Env;
use crate::customer::proposals_of;

/// Prefix of the lists of all proposals, one list per month.
pub const LIST: &str = "PROPOSALS";

#[derive(Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListProposals {
    /// Only this funder's proposals.
    #[garde(length(max = 40))]
    #[param(max_length = 40)]
    funder: Option<String>,
    /// Only proposals that have this status now.
    #[garde(skip)]
    status: Option<ProposalStatus>,
}

impl ListProposals {
    fn matches(&self, row: &ProposalRow) -> bool {
        self.funder.as_ref().is_none_or(|funder| *funder == row.funder_name)
            && self.status.is_none_or(|status| status == row.shown().0)
    }
}

/// The caller's proposals, newest first; for staff all proposals.
///
/// A new proposal is listed within seconds.
#[utoipa::path(
    get,
    path = "/api/proposals",
    operation_id = "funders-proposal-list",
    params(ListProposals, Period, ListParams),
    responses((status = 200, description = "A page of proposals", body = Listed<ProposalView>))
)]
pub async fn list(cx: Cx<Env>, input: List<ListProposals, ListWindow>) -> Result<Listed<ProposalView>> {
    let caller = &cx.caller;
    let List { filter, params: window } = input;
    let (from, to) = window.span(cx.now())?;
    let lists = match &caller.email {
        _ if caller.staff => months(LIST, from, to),
        // A caller without a verified address cannot have asked for a quote.
        email => email.iter().map(proposals_of).collect(),
    };
    let keep = |item| {
        let row: ProposalRow = store::typed(item)?;
        let wanted = caller.may_see(&row.owner) && filter.matches(&row);
        wanted.then(|| ProposalView::of(&row)).transpose()
    };
    let page = list::page(&cx.env.entries(lists)?, window, keep).await?;
    Ok(page.listed("Proposals"))
}
