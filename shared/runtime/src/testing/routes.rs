//! A domain's routes, as its API document has them.

use std::collections::BTreeSet;

use http::Method;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{OpenApi, RefOr};

use super::api::{complete, named};
use crate::trigger::domain::Domain;
use crate::trigger::function::Function;

/// One operation of the API document.
pub(super) struct DocumentedRoute {
    pub method: Method,
    /// The path with its `{parameters}`.
    pub pattern: String,
    pub function: &'static str,
    /// Whether it takes a body. The hub refuses a bad body that nothing asked for, and the document has no such responses.
    takes_body: bool,
    statuses: BTreeSet<String>,
    /// The names of the query's parameters.
    pub query: Vec<String>,
}

impl DocumentedRoute {
    fn of<E: Domain>(
        functions: &[(&'static str, Function<E>)],
        method: Method,
        pattern: &str,
        operation: &Operation,
    ) -> Option<Self> {
        let (function, _) = named(functions, operation)?;
        Some(Self {
            method,
            pattern: pattern.to_owned(),
            function,
            takes_body: operation.request_body.is_some(),
            statuses: operation.responses.responses.keys().cloned().collect(),
            query: query(operation),
        })
    }

    /// Panics if the document lacks the status of this response.
    pub fn check(&self, event: &ApiGatewayV2httpRequest, status: i64) {
        let conforms = self.takes_body || event.body.is_none();
        assert!(
            !conforms || self.statuses.contains(&status.to_string()),
            "{} {} answers {status}, which the API document lacks",
            self.method,
            self.pattern
        );
    }

    /// The parameters of a path that fits the pattern.
    pub fn captures(&self, path: &str) -> Option<Vec<(String, String)>> {
        let (wanted, given): (Vec<_>, Vec<_>) = (self.pattern.split('/').collect(), path.split('/').collect());
        if wanted.len() != given.len() {
            return None;
        }
        let mut found = Vec::new();
        for (wanted, given) in wanted.into_iter().zip(given) {
            match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) => found.push((name.to_owned(), given.to_owned())),
                None if wanted == given => {}
                None => return None,
            }
        }
        Some(found)
    }
}

fn query(operation: &Operation) -> Vec<String> {
    let parameters = operation.parameters.iter().flatten();
    let inline = parameters.filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    });
    let of_query = inline.filter(|parameter| parameter.parameter_in == ParameterIn::Query);
    of_query.map(|parameter| parameter.name.clone()).collect()
}

pub(super) fn routes<E: Domain>(functions: &[(&'static str, Function<E>)], api: &OpenApi) -> Vec<DocumentedRoute> {
    let api = complete(api.clone(), functions);
    let mut routes = Vec::new();
    for (path, item) in &api.paths.paths {
        for (method, operation) in [
            (Method::GET, &item.get),
            (Method::HEAD, &item.head),
            (Method::POST, &item.post),
            (Method::PUT, &item.put),
            (Method::PATCH, &item.patch),
            (Method::DELETE, &item.delete),
        ] {
            let documented = operation
                .as_ref()
                .and_then(|operation| DocumentedRoute::of(functions, method, path, operation));
            routes.extend(documented);
        }
    }
    // A literal path wins over a parameter, as at the gateway.
    routes.sort_by_key(|route| route.pattern.matches('{').count());
    routes
}
