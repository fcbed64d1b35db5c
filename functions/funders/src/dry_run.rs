//! `dryRun`: the exact requests that a funder would get. Nothing is sent and no secret is read. Only staff and agents see the
//! funder's address and headers.

use std::collections::BTreeMap;

use call::{Auth, Call};
use model::Result;
use model::id::QuoteId;
use model::proposal::Proposal;
use model::quote::{Contract, QuoteRequest};
use partners_funders::QuoteContext;
use runtime::Cx;
use runtime::transport::Target;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::Env;
use crate::asked::Asked;

/// The requests that the hub would send.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DryRun {
    /// Always true: nothing was sent.
    pub dry_run: bool,
    /// In order. A value from an earlier response is shown in parentheses, with the step that it would come from.
    pub requests: Vec<DryRunRequest>,
    /// The parts of the request that the funder would not be asked for.
    pub warnings: Vec<String>,
}

/// A request that a funder would get.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DryRunRequest {
    /// As in the integration log.
    pub operation: &'static str,
    /// The method.
    pub method: String,
    /// Below the funder's address, with the query.
    pub path: String,
    /// Only staff and agents see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub url: Option<String>,
    /// Only staff and agents see them. Credentials are not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub headers: Option<BTreeMap<String, String>>,
    /// The body, as the funder would get it.
    #[schema(value_type = Object)]
    pub body: Option<Box<RawValue>>,
}

impl DryRun {
    pub fn of_quote(asked: &Asked, request: &QuoteRequest, reference: QuoteId, cx: &Cx<Env>) -> Result<Self> {
        let context = QuoteContext {
            reference,
            correlation: cx.correlation,
            request,
        };
        let steps = asked.funder.dry_run();
        let calls: Result<Vec<Call>> = steps
            .iter()
            .map(|so_far| asked.funder.quote(&context, so_far))
            .collect();
        let shown = |call: &Call| DryRunRequest::of(&asked.target, call, cx);
        Ok(Self {
            dry_run: true,
            requests: calls?.iter().map(shown).collect(),
            warnings: warnings(&request.contract_details),
        })
    }

    pub fn of_proposal(asked: &Asked, proposal: &Proposal, cx: &Cx<Env>) -> Result<Self> {
        let call = asked.funder.propose(proposal)?;
        Ok(Self {
            dry_run: true,
            requests: vec![DryRunRequest::of(&asked.target, &call, cx)],
            warnings: Vec::new(),
        })
    }
}

impl DryRunRequest {
    fn of(target: &Target, call: &Call, cx: &Cx<Env>) -> Self {
        let request = &call.request;
        let header = match target.auth {
            Auth::SignedToken { .. } => "authorization",
            Auth::ApiKey { header, .. } => header,
        };
        let given = request.headers().iter().filter_map(|(name, value)| {
            let value = value.to_str().ok()?;
            Some((name.to_string(), value.to_owned()))
        });
        let added = [
            (header.to_owned(), "[REDACTED]".to_owned()),
            ("x-correlation-id".to_owned(), cx.correlation.to_string()),
        ];
        let (path, seen) = (request.uri().to_string(), cx.caller.may_see_partners());
        Self {
            operation: call.operation,
            method: request.method().to_string(),
            url: seen.then(|| format!("{}{path}", target.base_url.trim_end_matches('/'))),
            path,
            headers: seen.then(|| given.chain(added).collect()),
            body: serde_json::from_slice(request.body()).ok(),
        }
    }
}

/// The values of a request that a funder does not get, because they have no meaning there.
pub fn warnings(contract: &Contract) -> Vec<String> {
    let extra = [
        ("apr", contract.apr.is_some()),
        ("balloonPayment", contract.balloon_payment.is_some()),
    ];
    let hire = contract.quote_type.is_contract_hire();
    let extra = extra.into_iter().filter(|(_, given)| hire && *given);
    extra
        .map(|(name, _)| format!("{name} has no meaning for contract hire; it was not sent"))
        .collect()
}
