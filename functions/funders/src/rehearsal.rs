//! `dryRun`: what a funder would be sent, exactly, with nothing sent and no secret shown.

use bytes::Bytes;
use http::Request;
use model::Result;
use model::id::{CorrelationId, QuoteId};
use model::proposal::Proposal;
use model::quote::{Contract, QuoteRequest};
use partners::{Ask, Auth, Call, Funder};
use runtime::transport::Target;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What would be sent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rehearsal {
    pub dry_run: bool,
    /// In order. A step that needs an earlier answer shows in parentheses where it would come from.
    pub requests: Vec<Sent>,
    pub warnings: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    /// As the integration log calls it.
    pub operation: &'static str,
    pub method: String,
    pub url: String,
    /// Credentials are not shown.
    pub headers: BTreeMap<String, String>,
    #[schema(value_type = Object)]
    pub body: Option<Box<RawValue>>,
}

impl Rehearsal {
    pub fn of_quote(
        funder: &dyn Funder,
        target: &Target,
        request: &QuoteRequest,
        reference: QuoteId,
        correlation: CorrelationId,
    ) -> Result<Self> {
        let ask = Ask {
            reference,
            correlation,
            request,
        };
        let calls: Result<Vec<Call>> = funder
            .rehearsal()
            .iter()
            .map(|so_far| funder.quote(&ask, so_far))
            .collect();
        let requests = calls?.iter().map(|call| Sent::of(target, call, correlation)).collect();
        Ok(Self {
            dry_run: true,
            requests,
            warnings: warnings(&request.contract_details),
        })
    }

    pub fn of_proposal(
        funder: &dyn Funder,
        target: &Target,
        proposal: &Proposal,
        correlation: CorrelationId,
    ) -> Result<Self> {
        let call = funder.propose(proposal)?;
        Ok(Self {
            dry_run: true,
            requests: vec![Sent::of(target, &call, correlation)],
            warnings: Vec::new(),
        })
    }
}

impl Sent {
    fn of(target: &Target, call: &Call, correlation: CorrelationId) -> Self {
        let request: &Request<Bytes> = &call.request;
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
            ("x-correlation-id".to_owned(), correlation.to_string()),
        ];
        Self {
            operation: call.operation,
            method: request.method().to_string(),
            url: format!("{}{}", target.base_url.trim_end_matches('/'), request.uri()),
            headers: given.chain(added).collect(),
            body: serde_json::from_slice(request.body()).ok(),
        }
    }
}

/// What a funder is not sent, since it has no meaning there.
pub fn warnings(asked: &Contract) -> Vec<String> {
    let extra = [
        ("apr", asked.apr.is_some()),
        ("balloonPayment", asked.balloon_payment.is_some()),
    ];
    let hire = asked.quote_type.is_contract_hire();
    let extra = extra.into_iter().filter(|(_, given)| hire && *given);
    extra
        .map(|(name, _)| format!("{name} has no meaning for contract hire; it was not sent"))
        .collect()
}
