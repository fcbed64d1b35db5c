//! Reads what BQS is asked.

use axum::http::StatusCode;
use multer::Multipart;
use serde_json::{Map, Value};

use super::problem::Refused;
use crate::server::Asked;

/// The members that the spec says to watch. That a case without them is refused is our assumption.
const NEEDED: [&str; 3] = ["agreementCode", "brandCode", "dealer"];

pub type Document = Map<String, Value>;

/// A JSON object.
pub fn object(asked: &Asked) -> Result<Document, Refused> {
    let is_json = |kind: &str| kind.to_ascii_lowercase().starts_with("application/json");
    if !asked.header("content-type").is_some_and(is_json) {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE.into());
    }
    serde_json::from_slice(&asked.body).map_err(|error| {
        let (line, column) = (error.line().saturating_sub(1), error.column());
        let place = format!("Path: $ | LineNumber: {line} | BytePositionInLine: {column}.");
        Refused::invalid("$", format!("The JSON value could not be converted. {place}"))
    })
}

pub fn case(asked: &Asked) -> Result<Document, Refused> {
    let document = change(asked)?;
    match NEEDED
        .iter()
        .find(|name| !document.get(**name).is_some_and(Value::is_number))
    {
        Some(missing) => Err(Refused::invalid(
            format!("$.{missing}"),
            format!("The {missing} field is required."),
        )),
        None => Ok(document),
    }
}

/// The misspelt `admininstrationFeeIsManual` is the only spelling on this wire. That the other one is refused, and not
/// ignored as ASP.NET would, is ours: the hub must not send it.
pub fn change(asked: &Asked) -> Result<Document, Refused> {
    let document = object(asked)?;
    let calculation = document.get("calculation").and_then(Value::as_object);
    if calculation.is_some_and(|members| members.contains_key("administrationFeeIsManual")) {
        return Err(Refused::invalid(
            "$.calculation.administrationFeeIsManual",
            "There is no such member.",
        ));
    }
    Ok(document)
}

/// A member that must be a text with something in it.
pub fn text<'a>(document: &'a Document, name: &str) -> Result<&'a str, Refused> {
    let text = document
        .get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty());
    text.ok_or_else(|| Refused::invalid(format!("$.{name}"), format!("The {name} field is required.")))
}

/// Whoever the case itself names.
pub fn organization(document: &Document) -> &str {
    let details = document.get("customer").and_then(|customer| customer.get("details"));
    let number = details.and_then(|details| details.get("organizationNumber"));
    number.and_then(Value::as_str).unwrap_or_default()
}

pub fn flag(document: &Document, name: &str) -> bool {
    document.get(name).and_then(Value::as_bool).unwrap_or(false)
}

/// A form with `code` and a `file` or a `fileBase64`: how many bytes the file has.
pub fn upload(asked: &Asked) -> Result<usize, Refused> {
    let kind = asked.header("content-type").unwrap_or_default();
    let boundary = multer::parse_boundary(kind).map_err(|_| Refused::from(StatusCode::UNSUPPORTED_MEDIA_TYPE))?;
    let form = Multipart::new(
        futures_util::stream::iter([Ok::<_, std::io::Error>(asked.body.clone())]),
        boundary,
    );
    // The whole body is here: nothing waits.
    let fields = futures_util::FutureExt::now_or_never(fields(form)).and_then(Result::ok);
    let fields = fields.ok_or_else(|| Refused::invalid("", "Failed to read the request form."))?;
    let given = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, size)| *size);
    if given("code").is_none_or(|size| size == 0) {
        return Err(Refused::invalid("code", "The code field is required."));
    }
    match (given("file"), given("fileBase64")) {
        (Some(size), None) if size > 0 => Ok(size),
        (None, Some(size)) if size > 0 => Ok(size / 4 * 3),
        _ => Err(Refused::invalid("file", "The file field is required.")),
    }
}

/// Each field's name and size.
async fn fields(mut form: Multipart<'_>) -> multer::Result<Vec<(String, usize)>> {
    let mut fields = Vec::new();
    while let Some(field) = form.next_field().await? {
        let name = field.name().unwrap_or_default().to_owned();
        fields.push((name, field.bytes().await?.len()));
    }
    Ok(fields)
}
