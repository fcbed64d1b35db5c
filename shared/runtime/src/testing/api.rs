//! Completes a domain's part of the API document from its functions. Credentials, idempotency keys and the usual refusals are
//! declared on the function and nowhere else, so that the document cannot omit them.

use http::StatusCode;
use model::Kind;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{
    Components, ContentBuilder, ObjectBuilder, OpenApi, PathItem, Ref, RefOr, Required, ResponseBuilder,
};

use crate::http::caller::Identity;
use crate::http::problem::Family;
use crate::trigger::domain::Domain;
use crate::trigger::function::Function;
use crate::trigger::{Access, Route};

/// Adds credentials, headers and refusals to each operation. A response that the handler describes stays as it is.
pub fn complete<E: Domain>(mut api: OpenApi, functions: &[(&'static str, Function<E>)]) -> OpenApi {
    let mut components = api.components.take().unwrap_or_default();
    for (path, item) in &mut api.paths.paths {
        for operation in operations(item) {
            if let Some(route) = named(functions, operation).and_then(|(_, function)| function.route()) {
                describe(operation, path, &route, &mut components);
            }
        }
    }
    api.components = Some(components);
    api
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let all = [
        &mut item.get,
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

fn describe<E: Domain>(operation: &mut Operation, path: &str, route: &Route<E>, components: &mut Components) {
    let family = route.family;
    let has_body = operation.request_body.is_some();
    let has_query = operation.parameters.iter().flatten().any(is_query);
    let malformed = if family.status(Kind::Invalid) == family.status(Kind::Malformed) {
        "Malformed, or some values cannot be accepted"
    } else {
        "Malformed"
    };
    let mut refusals = vec![(Kind::Malformed, malformed.to_owned())];
    if let Access::Callers(right) = route.access {
        operation.security = Some(vec![SecurityRequirement::new(family.scheme, Vec::<String>::new())]);
        refusals.push((Kind::Unauthenticated, "No valid credential".to_owned()));
        if let Some(role) = E::Caller::role(*right) {
            refusals.push((Kind::Forbidden, format!("The caller lacks the role `{role}`")));
        }
    }
    if path.contains('{') {
        refusals.push((Kind::NotFound, "Absent, or another caller's".to_owned()));
    }
    if route.idempotent {
        refusals.push((Kind::InProgress, "A call with the same key is still running".to_owned()));
        refusals.push((Kind::KeyReused, "The key was used with another body".to_owned()));
        add_header(operation, "Idempotency-Key", KEY, |text| {
            text.min_length(Some(1)).max_length(Some(255)).pattern(Some("^[ -~]*$"))
        });
    }
    if has_body {
        refusals.push((Kind::TooLarge, "Larger than the route takes".to_owned()));
    }
    // A webhook's handler takes the raw bytes.
    if !route.webhook {
        if has_body {
            let description = "Another content type than the route takes".to_owned();
            refusals.push((Kind::UnsupportedMedia, description));
        }
        if has_body || has_query {
            refusals.push((Kind::Invalid, "Some values cannot be accepted".to_owned()));
        }
    }
    refusals.push((Kind::Internal, "Misconfigured, or a defect".to_owned()));
    refusals.push((Kind::Unavailable, "Storage or a queue failed".to_owned()));
    add_header(operation, "x-correlation-id", CORRELATION, |text| text);
    for (kind, description) in refusals {
        refuse(operation, family, kind, &description, components);
    }
}

fn is_query(parameter: &RefOr<Parameter>) -> bool {
    matches!(parameter, RefOr::T(known) if known.parameter_in == ParameterIn::Query)
}

const KEY: &str = "A repeated request with the same key and body gets the first one's response, for 24 hours";
const CORRELATION: &str = "A UUID that is logged, sent to partners and returned; made where absent";

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

/// Adds a refusal, unless the handler describes the status itself.
fn refuse(operation: &mut Operation, family: Family, kind: Kind, description: &str, components: &mut Components) {
    let status = family.status(kind);
    if operation.responses.responses.contains_key(status.as_str()) {
        return;
    }
    let name = component(family, status, description, components);
    let reference = RefOr::Ref(Ref::from_response_name(name));
    operation
        .responses
        .responses
        .insert(status.as_str().to_owned(), reference);
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
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema)));
    let response = ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content.build());
    components.responses.insert(name.clone(), response.build().into());
    name
}
