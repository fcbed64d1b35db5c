//! Checks a form: a document in one of two fields, within the limit, that is a whole file of its type.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use model::error::both;
use model::file::{self, FileFlaw};
use model::{Error, Kind, Result};
use runtime::{Form, FormField};

use crate::case::row::Sequence;

/// The decoded size. The document is in base64 twice, in the form and at the gateway, and has to fit into 6 MB.
pub const MAX_DOCUMENT_BYTES: usize = 3 * 1024 * 1024;
const MAX_CODE_LENGTH: usize = 20;

/// A document that passed the checks.
#[derive(Debug)]
pub struct CheckedDocument {
    pub code: String,
    pub media_type: &'static str,
    pub bytes: Bytes,
}

/// The document as it is: it is not unpacked.
pub fn check(form: &Form, sequence: Sequence) -> Result<CheckedDocument> {
    let (code, (media_type, bytes)) = both(given_code(form), document(form, sequence))?;
    Ok(CheckedDocument {
        code,
        media_type,
        bytes,
    })
}

fn given_code(form: &Form) -> Result<String> {
    let field = form.field("code")?;
    let field = field.ok_or_else(|| Error::invalid("code", "The field is required."))?;
    Ok(code(field.text()?)?.to_owned())
}

fn document(form: &Form, sequence: Sequence) -> Result<(&'static str, Bytes)> {
    // A browser sends an input that is left empty too, so an empty field counts only where the other is absent.
    let (file, text) = match both(form.field("file"), form.field("fileBase64"))? {
        (Some(file), Some(text)) if file.bytes.is_empty() => (None, Some(text)),
        (Some(file), Some(text)) if text.bytes.is_empty() => (Some(file), None),
        given => given,
    };
    let (bytes, declared) = match (file, text) {
        (Some(file), None) => (sized(file, file.bytes.len(), sequence)?.bytes.clone(), &file.media_type),
        // Four characters encode three bytes, so the size is known before decoding.
        (None, Some(text)) => (decoded(sized(text, text.bytes.len() / 4 * 3, sequence)?)?, &None),
        (Some(_), Some(_)) => return Err(Error::invalid("file", "Only one of file and fileBase64 may be given.")),
        (None, None) => return Err(Error::invalid("file", "One of file and fileBase64 is required.")),
    };
    if bytes.is_empty() {
        return Err(Error::invalid("file", "The file is empty."));
    }
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(too_large(sequence));
    }
    let other_type = || {
        let what = "The file must be a PDF, a JPEG or a PNG, and have that content type.";
        Error::new(Kind::UnsupportedMedia, what)
    };
    let media_type = file::check(&bytes).map_err(|flaw| match flaw {
        FileFlaw::UnknownType => other_type(),
        flaw => Error::invalid("file", format!("The file {flaw}.")),
    })?;
    if !agrees(declared.as_deref(), media_type) {
        return Err(other_type());
    }
    Ok((media_type, bytes))
}

/// A document definition code. It also goes into the form that the hub sends upstream.
pub fn code(text: &str) -> Result<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if (1..=MAX_CODE_LENGTH).contains(&text.len()) && text.bytes().all(plain) {
        return Ok(text);
    }
    let what = format!("The code must be 1 to {MAX_CODE_LENGTH} letters, digits, underscores or hyphens.");
    Err(Error::invalid("code", what))
}

fn sized(field: &FormField, size: usize, sequence: Sequence) -> Result<&FormField> {
    // The estimate counts padding as data.
    if size > MAX_DOCUMENT_BYTES + 2 {
        return Err(too_large(sequence));
    }
    Ok(field)
}

fn too_large(sequence: Sequence) -> Error {
    let what =
        format!("A document here must be at most {MAX_DOCUMENT_BYTES} bytes. A larger one needs a presigned upload.");
    Error::new(Kind::TooLarge, what).instead(format_args!("/v1/bqs-case/document/{sequence}/upload"))
}

fn decoded(field: &FormField) -> Result<Bytes> {
    let decoded = BASE64_STANDARD.decode(&field.bytes);
    decoded
        .map(Bytes::from)
        .map_err(|_| Error::invalid("fileBase64", "The value is not base64."))
}

/// A client that does not know the file's type sends the general one or none.
fn agrees(declared: Option<&str>, found: &str) -> bool {
    match declared {
        None | Some("application/octet-stream") => true,
        Some("image/jpg") => found == file::JPEG,
        Some(declared) => declared == found,
    }
}
