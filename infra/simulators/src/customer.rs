//! The checks that funders make on a customer's data. That they make exactly these is our assumption.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::form::Form;

/// Checks the shape of a UK postcode, with or without its space. Does not check that the postcode exists.
pub fn is_postcode(text: &str) -> bool {
    let compact: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    let Some((outward, inward)) = compact.split_last_chunk::<3>() else {
        return false;
    };
    let [digit, letters @ ..] = inward;
    let alphanumeric = outward.iter().all(u8::is_ascii_alphanumeric);
    (2..=4).contains(&outward.len())
        && outward.first().is_some_and(u8::is_ascii_alphabetic)
        && alphanumeric
        && digit.is_ascii_digit()
        && letters.iter().all(u8::is_ascii_alphabetic)
}

pub fn is_email(text: &str) -> bool {
    text.split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.') && !domain.contains('@'))
}

/// A partner's names for the members of a document.
pub struct DocumentNames {
    pub list: &'static str,
    pub kind: &'static str,
    pub content_type: &'static str,
    pub content: &'static str,
}

pub fn check_documents(root: &mut Form<'_, '_>, names: &DocumentNames) {
    for (path, entry) in root.list(names.list) {
        let mut document = root.nested(path, entry);
        document.only(&[names.kind, names.content_type, names.content]);
        document.required_text(names.kind);
        document.choice(names.content_type, &["application/pdf", "image/jpeg", "image/png"]);
        document.matching(
            names.content,
            |content| STANDARD.decode(content).is_ok(),
            "must be base64",
        );
    }
}
