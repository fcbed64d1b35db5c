//! The API document: made from the handlers, committed as `functions/operations/openapi.json`, held equal by this test.

use std::fs;
use std::path::Path;

use utoipa::OpenApi;
use utoipa::openapi::Server;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

/// Everything the hub answers, from the handlers' own descriptions.
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = funders::Api::openapi();
    document.merge(operations::Api::openapi());
    document.info = utoipa::openapi::InfoBuilder::new()
        .title("Trunkline")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "One integration hub between front ends and funders, banks, marketplaces and back offices.",
        ))
        .build();
    // Relative to /api-docs/openapi.json: wherever that is served, below a path of the emulator's for one, the API is.
    document.servers = Some(vec![Server::new("..")]);
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    document
}

#[test]
fn the_committed_document_is_what_the_handlers_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let committed = root.join("functions/operations/openapi.json");
    let said = document().to_pretty_json().unwrap() + "\n";
    if fs::read_to_string(&committed).unwrap_or_default() != said {
        let fresh = root.join("target/openapi.json");
        fs::create_dir_all(fresh.parent().unwrap()).unwrap();
        fs::write(&fresh, said).unwrap();
        panic!(
            "the API has changed: read the difference, then cp {} {}",
            fresh.display(),
            committed.display()
        );
    }
}
