//! How the API document is made from the handlers and their functions.

use model::id::CorrelationId;
use model::{Error, Kind};
use runtime::http::problem::Family;
use runtime::testing::complete;
use runtime::{Domain, Function};
use serde_json::Value;
use utoipa::OpenApi as _;
use utoipa::openapi::schema::{Object, Schema};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{InfoBuilder, License, OpenApi, RefOr, Server};

use super::operations::operations_mut;
use super::{examples, references, tags, webhooks};

/// What a reader needs before the operations. `{problems}` is the table of failures.
const INTRODUCTION: &str = include_str!("introduction.md");

/// The document's members in the order in which a reader wants them.
const MEMBERS: [&str; 7] = ["openapi", "info", "servers", "tags", "paths", "webhooks", "components"];

/// Everything that the hub answers and sends.
pub fn document() -> Value {
    let mut document = referring();
    examples::read(&mut document);
    document
}

/// The same with the names of files in the places of examples.
pub fn referring() -> Value {
    let mut document = serde_json::to_value(described()).unwrap();
    references::share(&mut document);
    put_dry_runs_last(&mut document);
    tags::group(&mut document);
    webhooks::add(&mut document);
    examples::fill(&mut document);
    examples::refer(&mut document);
    document
}

/// An operation's first success is what it is for: a generated client returns its type. A dry run's 200 becomes `2XX`.
fn put_dry_runs_last(document: &mut Value) {
    for (_, _, operation) in operations_mut(document) {
        let responses = operation["responses"].as_object_mut().unwrap();
        let is_dry = |response: &Value| {
            response["description"]
                .as_str()
                .is_some_and(|what| what.starts_with("With `dryRun`"))
        };
        if responses.get("200").is_some_and(is_dry) {
            let dry = responses.remove("200").unwrap();
            responses.insert("2XX".to_owned(), dry);
        }
    }
}

/// What the handlers describe and their functions declare.
fn described() -> OpenApi {
    let mut document = OpenApi::default();
    add(&mut document, funders::Api::openapi(), &funders::entry::functions());
    add(&mut document, bqs::Api::openapi(), &bqs::entry::functions());
    add(&mut document, mmob::Api::openapi(), &mmob::entry::functions());
    add(
        &mut document,
        operations::Api::openapi(),
        &operations::entry::functions(),
    );
    let problems = problems(&[funders::Env::FAMILY, mmob::Env::FAMILY]);
    let mut license = License::new("MIT");
    license.identifier = Some("MIT".to_owned());
    document.info = InfoBuilder::new()
        .title("Trunkline")
        .version(env!("CARGO_PKG_VERSION"))
        .license(Some(license))
        .description(Some(INTRODUCTION.replace("{problems}", &table(&problems))))
        .build();
    // Relative to /api-docs/openapi.json, so that it also holds below a path, as at the emulator.
    document.servers = Some(vec![Server::new("..")]);
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let key = ApiKeyValue::with_description("x-api-key", "The API key of a channel");
    components.add_security_scheme("apiKey", SecurityScheme::ApiKey(ApiKey::Header(key)));
    let problem = components.schemas.get_mut("Problem").unwrap();
    publish(&problems, object(problem));
    document
}

/// Adds a domain's part. It begins with the responses of the domains before it, so that one name is one response.
fn add<E: Domain>(document: &mut OpenApi, mut api: OpenApi, functions: &[(&'static str, Function<E>)]) {
    let responses = &mut document.components.get_or_insert_default().responses;
    let own = &mut api.components.get_or_insert_default().responses;
    own.append(responses);
    document.merge(complete(api, functions));
}

/// Every failure as a client of these domains sees it.
fn problems(families: &[Family]) -> Vec<Value> {
    let correlation = CorrelationId::new("2026-01-05T10:00:00Z".parse().unwrap());
    let mut problems: Vec<Value> = Vec::new();
    for (family, kind) in families.iter().flat_map(|family| Kind::ALL.map(|kind| (family, kind))) {
        let rendered = family.render(&Error::new(kind, ""), correlation).unwrap();
        let problem: Value = serde_json::from_str(&rendered.body).unwrap();
        if problems.iter().all(|known| known["code"] != problem["code"]) {
            problems.push(problem);
        }
    }
    problems
}

/// The failures as a table, for people.
fn table(problems: &[Value]) -> String {
    let head = "| code | title | status | who has to act | may succeed later, unchanged |\n|---|---|---|---|---|";
    let mut table = head.to_owned();
    for problem in problems {
        let text = |member: &str| problem[member].as_str().unwrap();
        let again = if problem["retryable"].as_bool().unwrap() {
            "yes"
        } else {
            "no"
        };
        let (code, title, origin) = (text("code"), text("title"), text("origin"));
        table.push_str(&format!(
            "\n| `{code}` | {title} | {} | {origin} | {again} |",
            problem["status"]
        ));
    }
    table
}

/// Lists the words of the failures, for programs.
fn publish(problems: &[Value], schema: &mut Object) {
    for member in ["code", "origin"] {
        let mut words: Vec<Value> = Vec::new();
        for problem in problems {
            if !words.contains(&problem[member]) {
                words.push(problem[member].clone());
            }
        }
        object(schema.properties.get_mut(member).unwrap()).enum_values = Some(words);
    }
}

fn object(schema: &mut RefOr<Schema>) -> &mut Object {
    match schema {
        RefOr::T(Schema::Object(object)) => object,
        _ => panic!("not an object"),
    }
}

/// The document as it is committed.
pub fn text(document: &Value) -> String {
    let members = document.as_object().unwrap();
    assert!(members.keys().all(|name| MEMBERS.contains(&name.as_str())));
    let members = MEMBERS.iter().filter_map(|name| Some((name, members.get(*name)?)));
    let members = members.map(|(name, value)| {
        let value = serde_json::to_string_pretty(value).unwrap().replace('\n', "\n  ");
        format!("  \"{name}\": {value}")
    });
    let text = format!("{{\n{}\n}}\n", members.collect::<Vec<_>>().join(",\n"));
    text.split('\n').map(examples::written).collect::<Vec<_>>().join("\n")
}
