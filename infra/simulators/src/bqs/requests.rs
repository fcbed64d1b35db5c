//! Reads BQS's requests.

use axum::http::StatusCode;
use multer::Multipart;
use serde_json::{Map, Value};

use super::error::BqsError;
use crate::partner::IncomingRequest;

/// The members that the spec singles out. That BQS refuses a case without them is our assumption.
const REQUIRED: [&str; 3] = ["agreementCode", "brandCode", "dealer"];

pub type Document = Map<String, Value>;

/// Reads a JSON object.
pub fn object(request: &IncomingRequest) -> Result<Document, BqsError> {
    let is_json = |kind: &str| kind.to_ascii_lowercase().starts_with("application/json");
    if !request.header("content-type").is_some_and(is_json) {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE.into());
    }
    serde_json::from_slice(&request.body).map_err(|error| {
        let (line, column) = (error.line().saturating_sub(1), error.column());
        let place = format!("Path: $ | LineNumber: {line} | BytePositionInLine: {column}.");
        BqsError::invalid("$", format!("The JSON value could not be converted. {place}"))
    })
}

/// Reads a new case.
pub fn case(request: &IncomingRequest) -> Result<Document, BqsError> {
    let document = change(request)?;
    match REQUIRED
        .iter()
        .find(|name| !document.get(**name).is_some_and(Value::is_number))
    {
        Some(missing) => Err(BqsError::invalid(
            format!("$.{missing}"),
            format!("The {missing} field is required."),
        )),
        None => Ok(document),
    }
}

/// Reads an update. The misspelt `admininstrationFeeIsManual` is the only spelling that BQS knows. ASP.NET would ignore
/// the correct spelling; the simulator refuses it, because the hub must not send it.
pub fn change(request: &IncomingRequest) -> Result<Document, BqsError> {
    let document = object(request)?;
    let calculation = document.get("calculation").and_then(Value::as_object);
    if calculation.is_some_and(|members| members.contains_key("administrationFeeIsManual")) {
        return Err(BqsError::invalid(
            "$.calculation.administrationFeeIsManual",
            "There is no such member.",
        ));
    }
    Ok(document)
}

/// Reads a text that must not be empty.
pub fn text<'a>(document: &'a Document, name: &str) -> Result<&'a str, BqsError> {
    let text = document
        .get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty());
    text.ok_or_else(|| BqsError::invalid(format!("$.{name}"), format!("The {name} field is required.")))
}

/// Returns the organization number of the case's customer.
pub fn organization(document: &Document) -> &str {
    let details = document.get("customer").and_then(|customer| customer.get("details"));
    let number = details.and_then(|details| details.get("organizationNumber"));
    number.and_then(Value::as_str).unwrap_or_default()
}

pub fn flag(document: &Document, name: &str) -> bool {
    document.get(name).and_then(Value::as_bool).unwrap_or(false)
}

/// Reads a form with a `code` and either a `file` or a `fileBase64`. Returns the size of the file.
pub fn upload(request: &IncomingRequest) -> Result<usize, BqsError> {
    let kind = request.header("content-type").unwrap_or_default();
    let boundary = multer::parse_boundary(kind).map_err(|_| BqsError::from(StatusCode::UNSUPPORTED_MEDIA_TYPE))?;
    let form = Multipart::new(
        futures_util::stream::iter([Ok::<_, std::io::Error>(request.body.clone())]),
        boundary,
    );
    // The whole body is in memory, so the future never waits.
    let fields = futures_util::FutureExt::now_or_never(fields(form)).and_then(Result::ok);
    let fields = fields.ok_or_else(|| BqsError::invalid("", "Failed to read the request form."))?;
    let given = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, size)| *size);
    if given("code").is_none_or(|size| size == 0) {
        return Err(BqsError::invalid("code", "The code field is required."));
    }
    match (given("file"), given("fileBase64")) {
        (Some(size), None) if size > 0 => Ok(size),
        (None, Some(size)) if size > 0 => Ok(size / 4 * 3),
        _ => Err(BqsError::invalid("file", "The file field is required.")),
    }
}

/// Returns the name and size of each field.
async fn fields(mut form: Multipart<'_>) -> multer::Result<Vec<(String, usize)>> {
    let mut fields = Vec::new();
    while let Some(field) = form.next_field().await? {
        let name = field.name().unwrap_or_default().to_owned();
        fields.push((name, field.bytes().await?.len()));
    }
    Ok(fields)
}
