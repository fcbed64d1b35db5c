//! `$default`: requests that match no route.
//!
//! An unknown path is 404. A known path with another method is 405 with `Allow`. A known path with a trailing slash is 308 to
//! the path without it. A custom domain's base path or a stage's name may stand before the hub's path.
//!
//! OPTIONS is 204. API Gateway answers a browser's preflight itself only if no route takes it, and `$default` takes every
//! method. It adds its CORS headers to this response, and a browser calls only if the status is 2xx.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use http::{HeaderValue, Method, StatusCode, header};
use model::{Error, Kind, Result};
use runtime::http::problem::{AspNet, Family};
use runtime::http::reply::Rendered;
use runtime::{Cx, Domain, Input, Media, Parts};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::Env;

/// The API document, which lists the hub's routes. A test holds it to the handlers.
pub const DOCUMENT: &str = include_str!("../openapi.json");

#[derive(Deserialize)]
struct RouteList {
    /// By path pattern, then by method in lower case.
    paths: BTreeMap<String, BTreeMap<String, IgnoredAny>>,
}

/// Paths whose clients read another spec's problems than the hub's own, and the wording of those. An unknown path and an unknown
/// method have no partner and no challenge.
const SPECS: [(&str, Family); 1] = [(
    "/v1/bqs-case",
    Family {
        shape: &AspNet,
        ..Env::FAMILY
    },
)];

/// The problems that clients of this path read.
fn family(path: &str) -> Family {
    let is_below = |prefix: &str| {
        let mut rests = path.match_indices(prefix).map(|(at, _)| path.get(at + prefix.len()..));
        rests.any(|rest| rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    };
    let own = SPECS.into_iter().find(|(prefix, _)| is_below(prefix));
    own.map_or(Env::FAMILY, |(_, family)| family)
}

/// A request whose body is not read, because no route takes it. A redirect repeats its query.
pub struct UnreadRequest {
    query: String,
}

impl Input for UnreadRequest {
    const MEDIA: Media = Media::Any;

    fn read(parts: &Parts) -> Result<Self> {
        Ok(Self {
            query: parts.query.to_owned(),
        })
    }
}

pub async fn fallback(cx: Cx<Env>, request: UnreadRequest) -> Result<Rendered> {
    let plain = cx.path.strip_suffix('/').filter(|plain| !plain.is_empty());
    let methods = methods(plain.unwrap_or(&cx.path));
    if cx.method == Method::OPTIONS {
        let mut rendered = Rendered::empty(StatusCode::NO_CONTENT);
        if let Some(methods) = methods {
            allow(&mut rendered, &methods);
        }
        return Ok(rendered);
    }
    let render = |kind, why| family(&cx.path).render(&Error::new(kind, why), cx.correlation);
    let Some(methods) = methods else {
        return render(Kind::NotFound, "There is no such route.");
    };
    if methods.iter().any(|method| *method == cx.method.as_str()) {
        return match plain {
            Some(plain) => redirect(plain, &request.query),
            // The gateway would have taken the route, so the path only ends like one.
            None => render(Kind::NotFound, "There is no such route."),
        };
    }
    let mut rendered = render(Kind::MethodNotAllowed, "This route does not take that method.")?;
    allow(&mut rendered, &methods);
    Ok(rendered)
}

fn allow(rendered: &mut Rendered, methods: &[String]) {
    if let Ok(methods) = HeaderValue::from_str(&methods.join(", ")) {
        rendered.headers.insert(header::ALLOW, methods);
    }
}

/// To the same path without its last slash. The reference is relative, because the client's path can begin with more.
fn redirect(path: &str, query: &str) -> Result<Rendered> {
    let name = path.rsplit('/').next().map(encoded).unwrap_or_default();
    let to = if query.is_empty() {
        format!("../{name}")
    } else {
        format!("../{name}?{query}")
    };
    let location = HeaderValue::from_str(&to).map_err(|_| Error::new(Kind::NotFound, "There is no such route."))?;
    let mut rendered = Rendered::empty(StatusCode::PERMANENT_REDIRECT);
    rendered.headers.insert(header::LOCATION, location);
    Ok(rendered)
}

/// The last name of a path, which the gateway has decoded.
fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte);
    let bytes = name.bytes().map(|byte| match byte {
        plain_byte if plain(plain_byte) => char::from(plain_byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    bytes.collect()
}

/// The methods of the route with which this path ends, in upper case.
fn methods(path: &str) -> Option<Vec<String>> {
    let ends = path.match_indices('/').filter_map(|(at, _)| path.get(at..));
    ends.into_iter().find_map(methods_of)
}

fn methods_of(path: &str) -> Option<Vec<String>> {
    static ROUTES: OnceLock<BTreeMap<String, Vec<String>>> = OnceLock::new();
    let routes = ROUTES.get_or_init(|| {
        let document = serde_json::from_str(DOCUMENT).unwrap_or(RouteList { paths: BTreeMap::new() });
        let upper = |methods: BTreeMap<String, IgnoredAny>| {
            methods.into_keys().map(|method| method.to_ascii_uppercase()).collect()
        };
        document
            .paths
            .into_iter()
            .map(|(path, methods)| (path, upper(methods)))
            .collect()
    });
    // A literal route wins over one with parameters, as in the gateway.
    routes
        .get(path)
        .or_else(|| {
            routes
                .iter()
                .find(|(pattern, _)| matches(pattern, path))
                .map(|(_, methods)| methods)
        })
        .cloned()
}

fn matches(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(expected), Some(found)) if expected == found => {}
            (Some(expected), Some(found)) if expected.starts_with('{') && !found.is_empty() => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests;
