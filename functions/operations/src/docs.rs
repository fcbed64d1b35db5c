//! `GET /api-docs` and below: a page to read and try the API, the document that it shows, and the files of the page.

use http::header;
use model::{Error, Result};
use runtime::{Cx, StaticFile};

use crate::Env;
use crate::fallback::{DOCUMENT, UnreadRequest};

/// The page runs scripts of the hub only and connects to the hub only. The viewer's style sheet has its icons as `data:`.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A page to read and try the API.
///
/// Its button Authorize takes a token or an API key, and its requests go to the hub that serves it.
#[utoipa::path(
    get,
    path = "/api-docs",
    operation_id = "operations-docs",
    responses((status = 200, description = "The page", body = String, content_type = "text/html", example = "<!doctype html>"))
)]
pub async fn docs(cx: Cx<Env>, _: UnreadRequest) -> Result<StaticFile> {
    let name = cx.path.split_once("/api-docs").map(|(_, rest)| rest);
    let file = match name.ok_or_else(Error::not_found)? {
        "" => StaticFile::new("text/html; charset=utf-8", include_bytes!("../assets/docs.html"))
            .header(header::CONTENT_SECURITY_POLICY, POLICY)
            .header(header::REFERRER_POLICY, "no-referrer"),
        "/openapi.json" => StaticFile::new("application/json", DOCUMENT.as_bytes()),
        "/docs.js" => StaticFile::new("text/javascript; charset=utf-8", include_bytes!("../assets/docs.js")),
        "/swagger-ui-5.35.0.js" => vendored(
            "text/javascript; charset=utf-8",
            include_bytes!("../assets/swagger-ui-5.35.0/swagger-ui-bundle.js.gz"),
        ),
        "/swagger-ui-5.35.0.css" => vendored(
            "text/css; charset=utf-8",
            include_bytes!("../assets/swagger-ui-5.35.0/swagger-ui.css.gz"),
        ),
        _ => return Err(Error::not_found()),
    };
    Ok(file.header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
}

/// The OpenAPI document of every route.
///
/// It is the source of the page and of generated clients. Its server is relative to its own address.
#[utoipa::path(
    get,
    path = "/api-docs/openapi.json",
    operation_id = "operations-docs-openapi",
    responses((status = 200, description = "OpenAPI 3.1", body = Object, example = json!({"openapi": "3.1.0", "info": {"title": "Trunkline"}, "paths": {}})))
)]
pub fn document() {}

/// Checks that the page exists.
///
/// Its length and type, without its content.
#[utoipa::path(
    head,
    path = "/api-docs",
    operation_id = "operations-docs-head",
    responses((status = 200, description = "The headers of the page"))
)]
pub fn head() {}

/// Checks that the OpenAPI document exists.
///
/// Its length and type, without its content.
#[utoipa::path(
    head,
    path = "/api-docs/openapi.json",
    operation_id = "operations-docs-openapi-head",
    responses((status = 200, description = "The headers of the document"))
)]
pub fn document_head() {}

/// A file of the page.
///
/// The name of a vendored file has its version, so that browsers may keep it for a year.
#[utoipa::path(
    get,
    path = "/api-docs/{asset}",
    operation_id = "operations-docs-asset",
    params(("asset" = String, Path, description = "The file's name in the page")),
    responses(
        (status = 200, description = "The file", content((String = "text/javascript", example = "SwaggerUIBundle({ url: 'api-docs/openapi.json' });"), (String = "text/css", example = ".swagger-ui { color: #3b4151 }"))),
        (status = 404, description = "The page has no such file"),
    )
)]
pub fn asset() {}

/// A compressed file of the viewer. Its name has the version, so that its content never changes.
fn vendored(content_type: &'static str, body: &'static [u8]) -> StaticFile {
    StaticFile::new(content_type, body)
        .header(header::CONTENT_ENCODING, "gzip")
        .header(header::CACHE_CONTROL, "public, max-age=31536000, immutable")
}

#[cfg(test)]
mod tests;
