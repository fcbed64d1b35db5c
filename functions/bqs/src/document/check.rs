//! What a form brings: a document in one of two fields, small enough, and of a type that its first bytes agree with.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use model::{Error, Kind, Result};
use runtime::blob::media_type;
use runtime::{Field, Form};

use crate::case::row::Sequence;

/// Bytes of a document, decoded: in base64 twice over, a form's and the gateway's, it has to fit into 6 MB.
pub const LIMIT: usize = 3 * 1024 * 1024;
const LONGEST_CODE: usize = 20;

/// A document that may be kept.
#[derive(Debug)]
pub struct Checked {
    pub code: String,
    pub media_type: &'static str,
    pub bytes: Bytes,
}

/// Nothing is unpacked or rendered.
pub fn check(form: &Form, sequence: Sequence) -> Result<Checked> {
    let field = |name| {
        form.field(name)?
            .ok_or_else(|| Error::invalid(name, "The field is required."))
    };
    let code = code(field("code")?.text()?)?.to_owned();
    let (bytes, declared) = match (form.field("file")?, form.field("fileBase64")?) {
        (Some(file), None) => (sized(file, file.bytes.len(), sequence)?.bytes.clone(), &file.media_type),
        // Four characters stand for three bytes: what is too large is refused before anything is decoded.
        (None, Some(text)) => (decoded(sized(text, text.bytes.len() / 4 * 3, sequence)?)?, &None),
        (Some(_), Some(_)) => return Err(Error::invalid("file", "Only one of file and fileBase64 may be given.")),
        (None, None) => return Err(Error::invalid("file", "One of file and fileBase64 is required.")),
    };
    if bytes.is_empty() {
        return Err(Error::invalid("file", "The file is empty."));
    }
    if bytes.len() > LIMIT {
        return Err(too_large(sequence));
    }
    let media_type = media_type(&bytes).filter(|found| agrees(declared.as_deref(), found));
    let media_type = media_type.ok_or_else(|| {
        let what = "The file must be a PDF, a JPEG or a PNG, and be called what it is.";
        Error::new(Kind::UnsupportedMedia, what)
    })?;
    Ok(Checked {
        code,
        media_type,
        bytes,
    })
}

/// A document definition code, which goes into a form of our own.
pub fn code(text: &str) -> Result<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if (1..=LONGEST_CODE).contains(&text.len()) && text.bytes().all(plain) {
        return Ok(text);
    }
    let what = format!("The code must be 1 to {LONGEST_CODE} letters, digits, `_` or `-`.");
    Err(Error::invalid("code", what))
}

fn sized(field: &Field, size: usize, sequence: Sequence) -> Result<&Field> {
    // Padding is not told from data here.
    if size > LIMIT + 2 {
        return Err(too_large(sequence));
    }
    Ok(field)
}

fn too_large(sequence: Sequence) -> Error {
    let what = format!("A document here must be at most {LIMIT} bytes. A larger one can be uploaded by itself.");
    Error::new(Kind::TooLarge, what).about(format_args!("/v1/bqs-case/document/{sequence}/upload"))
}

fn decoded(field: &Field) -> Result<Bytes> {
    let decoded = BASE64_STANDARD.decode(&field.bytes);
    decoded
        .map(Bytes::from)
        .map_err(|_| Error::invalid("fileBase64", "The value is not base64."))
}

/// Clients that do not know a file's type say so with the general one, or say nothing.
fn agrees(declared: Option<&str>, found: &str) -> bool {
    match declared {
        None | Some("application/octet-stream") => true,
        Some("image/jpg") => found == "image/jpeg",
        Some(declared) => declared == found,
    }
}
