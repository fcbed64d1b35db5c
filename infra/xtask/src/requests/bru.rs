//! Bruno's text format, <https://docs.usebruno.com/bru-lang/overview>: blocks of indented lines.

use std::collections::BTreeMap;

use super::request::{Body, Field, Request};

/// The collection's own file: its requests name their caller, and this adds the caller's header.
pub const COLLECTION: &str = "\
script:pre-request {
  // `cargo xtask env` gives each caller's header: its name, a colon and its value.
  const caller = bru.getRequestVar('caller');
  const header = caller && bru.getProcessEnv(caller);
  if (header) {
    const [name, value] = header.split(': ');
    req.setHeader(name, value);
  }
}

docs {
  One request for each operation, with the examples of the API document. `cargo xtask requests` makes them.

  Start the local stack with `cargo xtask up`, run `cargo xtask env > docs/requests/.env` in the root of the tree, and choose the
  environment `local`. The tokens end after 12 hours: run the second command again.

  The path parameter of a request has the id that an earlier request has made, and the document's example before that.
}
";

pub fn environment(variables: &BTreeMap<&str, String>) -> String {
    let address = [("HUB".to_owned(), "{{process.env.HUB}}".to_owned())];
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()));
    block("vars", pairs(address.into_iter().chain(variables)))
}

pub fn folder(name: &str, description: &str, place: usize) -> String {
    let meta = block("meta", format!("name: {name}\nseq: {place}"));
    [meta, block("docs", description.to_owned())].join("\n")
}

pub fn request(request: &Request, place: usize) -> String {
    let body = match request.body {
        Some(Body::Json(_)) => "json",
        Some(Body::Form(_)) => "multipartForm",
        None => "none",
    };
    let mut blocks = vec![
        block("meta", format!("name: {}\ntype: http\nseq: {place}", request.name)),
        block(
            request.method,
            format!("url: {{{{HUB}}}}{}\nbody: {body}\nauth: none", address(request)),
        ),
        block("params:query", fields(&request.query)),
        block(
            "params:path",
            pairs(
                request
                    .parameters
                    .iter()
                    .map(|name| ((*name).to_owned(), format!("{{{{{name}}}}}"))),
            ),
        ),
        block("headers", fields(&request.headers)),
    ];
    match &request.body {
        Some(Body::Json(example)) => blocks.push(block("body:json", format!("{example:#}"))),
        Some(Body::Form(form)) => blocks.push(block("body:multipart-form", pairs(form.iter().cloned()))),
        None => {}
    }
    let caller = request.caller.map(|name| format!("caller: {name}"));
    blocks.push(block("vars:pre-request", caller.unwrap_or_default()));
    let result = request
        .result
        .as_ref()
        .map(|(name, member)| format!("{name}: {member}"));
    blocks.push(block("vars:post-response", result.unwrap_or_default()));
    blocks.push(block(
        "assert",
        format!("res.status: in {}", request.statuses.join(", ")),
    ));
    blocks.push(block("docs", request.description.to_owned()));
    blocks.retain(|block| !block.is_empty());
    blocks.join("\n")
}

/// Bruno reads the query from the address too.
fn address(request: &Request) -> String {
    let sent = request.query.iter().filter(|field| field.is_sent);
    let query: Vec<String> = sent.map(|field| format!("{}={}", field.name, field.value)).collect();
    if query.is_empty() {
        return request.path.clone();
    }
    format!("{}?{}", request.path, query.join("&"))
}

fn fields(fields: &[Field]) -> String {
    pairs(fields.iter().map(|field| {
        let mark = if field.is_sent { "" } else { "~" };
        (format!("{mark}{}", field.name), field.value.clone())
    }))
}

fn pairs(pairs: impl Iterator<Item = (String, String)>) -> String {
    let lines = pairs.map(|(name, value)| format!("{name}: {value}").trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

/// A block, or nothing without content.
fn block(name: &str, content: String) -> String {
    let lines: Vec<String> = content
        .lines()
        .map(|line| format!("  {line}").trim_end().to_owned())
        .collect();
    match lines.is_empty() {
        true => String::new(),
        false => format!("{name} {{\n{}\n}}\n", lines.join("\n")),
    }
}
