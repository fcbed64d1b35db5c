//! Completes a domain's part of the API document from its functions. A handler describes what only it refuses. Credentials,
//! idempotency keys, and the refusals that follow from a function's declaration, are added here.

use std::time::Duration;

use http::StatusCode;
use model::error::Origin;
use model::id::CorrelationId;
use model::{Error, Kind};
use serde_json::Value;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{
    Components, ContentBuilder, Header, ObjectBuilder, OpenApi, PathItem, Ref, RefOr, Required, Response,
    ResponseBuilder,
};
use utoipa::{PartialSchema as _, ToSchema as _};

use crate::http::caller::Identity;
use crate::http::document::Media;
use crate::http::problem::{Family, FieldProblem};
use crate::trigger::domain::Domain;
use crate::trigger::function::Function;
use crate::trigger::{Access, Route};

/// Adds credentials, headers and refusals to each operation.
pub fn complete<E: Domain>(mut api: OpenApi, functions: &[(&'static str, Function<E>)]) -> OpenApi {
    let mut components = api.components.take().unwrap_or_default();
    for item in api.paths.paths.values_mut() {
        for operation in operations(item) {
            if let Some(route) = named(functions, operation).and_then(|(_, function)| function.route()) {
                describe(operation, &route, &mut components);
            }
        }
    }
    api.components = Some(components);
    api
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let all = [
        &mut item.get,
        &mut item.head,
        &mut item.post,
        &mut item.put,
        &mut item.patch,
        &mut item.delete,
    ];
    all.into_iter().flatten()
}

/// An operation's id begins with its function's name.
pub(super) fn named<'a, E: Domain>(
    functions: &'a [(&'static str, Function<E>)],
    operation: &Operation,
) -> Option<&'a (&'static str, Function<E>)> {
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let named = functions.iter().filter(|(name, _)| id.starts_with(name));
    named.max_by_key(|(name, _)| name.len())
}

fn describe<E: Domain>(operation: &mut Operation, route: &Route<E>, components: &mut Components) {
    if let Access::Callers(_) = route.access {
        operation.security = Some(vec![SecurityRequirement::new(
            route.family.scheme,
            Vec::<String>::new(),
        )]);
    }
    for status in operation.responses.responses.keys() {
        let given = |kind: &Kind| route.family.status(*kind).as_str() == status;
        let known = status.as_str() < "400" || Kind::ALL.iter().any(given);
        assert!(
            known,
            "{:?} describes {status}, which no failure has",
            operation.operation_id
        );
    }
    for (status, reason) in refusals(operation, route) {
        refuse(operation, status, reason);
    }
    if route.idempotent {
        add_header(operation, "Idempotency-Key", KEY, |text| {
            text.min_length(Some(1)).max_length(Some(255)).pattern(Some("^[ -~]*$"))
        });
    }
    add_header(operation, "x-correlation-id", CORRELATION, |text| text);
    share(operation, route.family, components);
}

/// What the function answers apart from its handler.
fn refusals<E: Domain>(operation: &Operation, route: &Route<E>) -> Vec<(StatusCode, String)> {
    let has_body = operation.request_body.is_some();
    let has_query = operation.parameters.iter().flatten().any(is_query);
    let mut refusals = Vec::new();
    let mut add = |kind, reason: &str| refusals.push((route.family.status(kind), reason.to_owned()));
    let reads = has_body || route.media != Media::Any;
    if reads || route.idempotent {
        add(Kind::Malformed, "the request is malformed");
    }
    if route.media != Media::Any && (has_body || has_query) {
        add(Kind::Invalid, "some values cannot be accepted");
    }
    if let Access::Callers(right) = route.access {
        add(Kind::Unauthenticated, "no valid credential");
        if let Some(role) = E::Caller::role(*right) {
            add(Kind::Forbidden, &format!("the caller lacks the role `{role}`"));
        }
    }
    if route.idempotent {
        add(Kind::InProgress, "a call with the same key is running");
        add(Kind::KeyReused, "the key was used with another query or body");
    }
    if route.calls_partner {
        add(Kind::TooMany, "the caller's quota for this minute is used up");
    }
    if has_body {
        add(Kind::TooLarge, &format!("the body is over {}", size(route.limit)));
        match route.media {
            Media::Json => add(Kind::UnsupportedMedia, "the body is not JSON in UTF-8, or compressed"),
            Media::Form => add(
                Kind::UnsupportedMedia,
                "the content type is not `multipart/form-data` in UTF-8, or the body is compressed",
            ),
            Media::Any => add(Kind::UnsupportedMedia, "the body is not in UTF-8, or compressed"),
        }
    }
    add(Kind::Internal, "the hub is misconfigured or has a defect");
    // A public route that is no webhook reads and writes nothing that must be there.
    if route.webhook || matches!(route.access, Access::Callers(_)) {
        add(Kind::Unavailable, "the hub's storage or a queue failed");
    }
    refusals
}

fn size(bytes: usize) -> String {
    const KIB: usize = 1024;
    match bytes {
        _ if bytes.is_multiple_of(KIB * KIB) => format!("{} MiB", bytes / KIB / KIB),
        _ if bytes.is_multiple_of(KIB) => format!("{} KiB", bytes / KIB),
        _ => format!("{bytes} bytes"),
    }
}

/// Adds a reason to a status, behind those that the handler or an earlier refusal gives.
fn refuse(operation: &mut Operation, status: StatusCode, reason: String) {
    let known = operation.responses.responses.entry(status.as_str().to_owned());
    match known.or_insert_with(|| RefOr::T(Response::new(""))) {
        RefOr::T(response) if response.description.is_empty() => response.description = reason,
        RefOr::T(response) => response.description = format!("{}; {reason}", response.description),
        RefOr::Ref(_) => {}
    }
}

/// Gives each refusal without a body the family's, and makes it one of the document's components.
fn share(operation: &mut Operation, family: Family, components: &mut Components) {
    for (status, response) in &mut operation.responses.responses {
        let status: Option<StatusCode> = status.parse().ok().filter(|status: &StatusCode| status.as_u16() >= 400);
        if let (Some(status), RefOr::T(refusal)) = (status, &*response)
            && refusal.content.is_empty()
        {
            let name = component(family, status, &sentence(&refusal.description), components);
            *response = RefOr::Ref(Ref::from_response_name(name));
        }
    }
}

fn sentence(reasons: &str) -> String {
    let mut letters = reasons.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

fn is_query(parameter: &RefOr<Parameter>) -> bool {
    matches!(parameter, RefOr::T(known) if known.parameter_in == ParameterIn::Query)
}

const EXAMPLE_ID: &str = "0190d5a0-0000-7000-8000-00000000000a";
const KEY: &str =
    "For 24 hours, a repeated request with the same key, query and body gets the first response. A dry run ignores it";
const CORRELATION: &str = "A UUID that the hub logs, sends to partners and returns. Absent: the hub makes one";

fn add_header(
    operation: &mut Operation,
    name: &str,
    description: &str,
    form: impl FnOnce(ObjectBuilder) -> ObjectBuilder,
) {
    let all = operation.parameters.get_or_insert_default();
    let same = |known: &RefOr<Parameter>| matches!(known, RefOr::T(known) if known.name.eq_ignore_ascii_case(name));
    if all.iter().any(same) {
        return;
    }
    let schema = form(ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)));
    let header = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(Schema::Object(schema.build())));
    all.push(RefOr::T(header.build()));
}

fn retry_after() -> Header {
    let seconds = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Integer));
    let mut header = Header::new(seconds.minimum(Some(1)).build());
    header.description = Some("Seconds until the same request can succeed".to_owned());
    header
}

/// The response among the document's components: one for each status, description and shape of body.
fn component(family: Family, status: StatusCode, description: &str, components: &mut Components) -> String {
    let (schema, body) = family.shape.schema(status);
    let base = format!("{schema}{}", status.as_u16());
    let mut name = base.clone();
    let mut number = 1;
    while let Some(RefOr::T(known)) = components.responses.get(&name) {
        if known.description == description {
            return name;
        }
        number += 1;
        name = format!("{base}_{number}");
    }
    components.schemas.entry(schema.clone()).or_insert(body);
    let (field, of_field) = (FieldProblem::name().into_owned(), FieldProblem::schema());
    components.schemas.entry(field).or_insert(of_field);
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(schema)))
        .example(Some(example(family, status, description)));
    let mut response = ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content.build());
    if status == StatusCode::TOO_MANY_REQUESTS {
        response = response.header("Retry-After", retry_after());
    }
    components.responses.insert(name.clone(), response.build().into());
    name
}

/// What a client gets for the first of the reasons.
#[expect(clippy::expect_used, clippy::panic, reason = "a document is made in tests")]
fn example(family: Family, status: StatusCode, reasons: &str) -> Value {
    let kinds = Kind::ALL.into_iter().filter(|kind| family.status(*kind) == status);
    // The hub's own failure of a status before a partner's.
    let kind = kinds.min_by_key(|kind| kind.rule().origin == Origin::Partner);
    let kind = kind.unwrap_or_else(|| panic!("no failure is {status}"));
    let reason = reasons.split("; ").next().unwrap_or(reasons);
    let mut error = Error::new(kind, format!("{reason}."));
    if status == StatusCode::UNPROCESSABLE_ENTITY && kind == Kind::Invalid && reason.starts_with("Some values") {
        error = error.field("limit", "must be from 1 to 100");
    }
    if kind.rule().retryable && status != StatusCode::CONFLICT {
        error = error.retry_after(Some(Duration::from_secs(5)));
    }
    let correlation: CorrelationId = EXAMPLE_ID.parse().expect("an id");
    let rendered = family.render(&error, correlation).expect("a problem");
    serde_json::from_str(&rendered.body).expect("a problem is JSON")
}
