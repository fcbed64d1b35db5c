//! Input that is a form with files: `multipart/form-data`.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::stream;
use model::{Error, Kind, Result};
use multer::Multipart;

use crate::http::document::{Input, Media, Parts};

/// No form here has more fields.
const MOST: usize = 20;

/// The fields of a form in their order, and the path parameters.
#[derive(Debug)]
pub struct Form {
    pub path: BTreeMap<String, String>,
    fields: Vec<FormField>,
}

#[derive(Debug)]
pub struct FormField {
    pub name: String,
    /// The sender's claim, which proves nothing: without parameters, in lower case.
    pub media_type: Option<String>,
    pub bytes: Bytes,
}

impl FormField {
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.bytes).map_err(|_| Error::invalid(&self.name, "must be text"))
    }
}

impl Form {
    /// The field of this name. A name given twice is refused, because two readers could pick different ones.
    pub fn field(&self, name: &str) -> Result<Option<&FormField>> {
        let mut found = self.fields.iter().filter(|field| field.name == name);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(Error::invalid(name, "must not be given twice")),
            (field, None) => Ok(field),
        }
    }
}

impl Input for Form {
    const MEDIA: Media = Media::Form;

    fn read(parts: &Parts) -> Result<Self> {
        let boundary = multer::parse_boundary(parts.content_type.unwrap_or_default()).map_err(refused)?;
        parts.check_readable()?;
        let body = Bytes::copy_from_slice(&parts.body);
        // The whole body is in memory, so the parser never waits.
        let fields = fields(body, boundary).now_or_never();
        Ok(Self {
            path: parts.path.clone(),
            fields: fields
                .unwrap_or_else(|| Err(multer::Error::IncompleteStream))
                .map_err(refused)??,
        })
    }
}

async fn fields(body: Bytes, boundary: String) -> multer::Result<Result<Vec<FormField>>> {
    let mut form = Multipart::new(stream::iter([Ok::<_, std::io::Error>(body)]), boundary);
    let mut fields = Vec::new();
    while let Some(field) = form.next_field().await? {
        if fields.len() == MOST {
            let many = format!("The form must have at most {MOST} fields.");
            return Ok(Err(Error::new(Kind::Malformed, many)));
        }
        let Some(name) = field.name().map(str::to_owned) else {
            return Ok(Err(Error::new(Kind::Malformed, "A field of the form has no name.")));
        };
        fields.push(FormField {
            name,
            media_type: field.content_type().map(|kind| kind.essence_str().to_ascii_lowercase()),
            bytes: field.bytes().await?,
        });
    }
    Ok(Ok(fields))
}

/// The message repeats nothing of the body.
fn refused(error: multer::Error) -> Error {
    match error {
        multer::Error::NoMultipart | multer::Error::DecodeContentType(_) => {
            Error::new(Kind::UnsupportedMedia, "The content type must be multipart/form-data.")
        }
        multer::Error::NoBoundary => Error::new(Kind::Malformed, "The content type names no boundary."),
        _ => Error::new(Kind::Malformed, "The body is not a whole form."),
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=XX";
    const FORM: &str = "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a \u{202e}.pdf\"\r\n\
        Content-Type: Application/PDF; x=y\r\n\r\n%PDF-1.4\r\n--X\n\r\n--XX\r\n\
        Content-Disposition: form-data; name=\"code\"\r\n\r\n123\r\n--XX--\r\n";

    fn read(content_type: &str, body: &[u8]) -> Result<Form> {
        Form::read(&Parts {
            path: [("sequence".to_owned(), "7".to_owned())].into(),
            content_type: Some(content_type).filter(|kind| !kind.is_empty()),
            body: Cow::Borrowed(body),
            limit: 4096,
            ..Parts::default()
        })
    }

    #[test]
    fn fields_are_read_with_their_types_and_exact_bytes() {
        let form = read(TYPE, FORM.as_bytes()).unwrap();
        let file = form.field("file").unwrap().unwrap();
        assert_eq!(file.media_type.as_deref(), Some("application/pdf"));
        assert_eq!(&file.bytes[..], b"%PDF-1.4\r\n--X\n");
        let code = form.field("code").unwrap().unwrap();
        assert_eq!((code.media_type.as_deref(), code.text().unwrap()), (None, "123"));
        assert!(form.field("fileBase64").unwrap().is_none());
        assert_eq!(form.path["sequence"], "7");
        let quoted = FORM.replace("XX", "a b");
        assert!(read("multipart/form-data; boundary=\"a b\"", quoted.as_bytes()).is_ok());
    }

    #[test]
    fn another_content_type_is_415() {
        for kind in [
            "",
            "application/json",
            "multipart/mixed; boundary=XX",
            "\u{e4}",
            "multipart/form-data; boundary=XX; charset=iso-8859-1",
        ] {
            assert_eq!(
                read(kind, FORM.as_bytes()).unwrap_err().kind,
                Kind::UnsupportedMedia,
                "{kind}"
            );
        }
    }

    #[test]
    fn what_is_no_whole_form_is_malformed() {
        let many = "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n".repeat(21) + "--XX--";
        let nameless = FORM.replace("; name=\"code\"", "");
        for body in ["", "{}", "--XX", &FORM[..FORM.len() - 8], &FORM[..40], &many, &nameless] {
            assert_eq!(read(TYPE, body.as_bytes()).unwrap_err().kind, Kind::Malformed, "{body}");
        }
        assert_eq!(
            read("multipart/form-data", FORM.as_bytes()).unwrap_err().kind,
            Kind::Malformed
        );
    }

    #[test]
    fn size_and_repetition_are_limited() {
        let large = FORM.replace("123", &"1".repeat(4096));
        assert_eq!(read(TYPE, large.as_bytes()).unwrap_err().kind, Kind::TooLarge);
        let twice = FORM.replace("\"code\"", "\"file\"");
        let refused = read(TYPE, twice.as_bytes()).unwrap().field("file").unwrap_err();
        assert_eq!((refused.kind, refused.fields[0].path.as_str()), (Kind::Invalid, "file"));
        let binary = [&FORM.as_bytes()[..FORM.len() - 11], b"\xff\r\n--XX--"].concat();
        assert_eq!(
            read(TYPE, &binary)
                .unwrap()
                .field("code")
                .unwrap()
                .unwrap()
                .text()
                .unwrap_err()
                .kind,
            Kind::Invalid
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..400), cut in 0..FORM.len()) {
            let _ = read(TYPE, &body);
            let mut mixed = FORM.as_bytes()[..cut].to_vec();
            mixed.extend(&body);
            let _ = read(TYPE, &mixed);
        }

        #[test]
        fn a_files_bytes_are_its_own(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let head = "--0f1e2d3c\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n";
            let body = [head.as_bytes(), &bytes, b"\r\n--0f1e2d3c--"].concat();
            let form = read("multipart/form-data; boundary=0f1e2d3c", &body).unwrap();
            prop_assert_eq!(&form.field("file").unwrap().unwrap().bytes[..], &bytes[..]);
        }
    }
}
