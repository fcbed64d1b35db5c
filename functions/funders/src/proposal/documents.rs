//! Documents that come with a proposal: limited before they are decoded, checked without being unpacked, stored as files
//! and never in a row.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures_util::future::try_join_all;
use model::error::all;
use model::file;
use model::id::ProposalId;
use model::proposal::ProposalDocument;
use model::{Error, Kind, Result};
use runtime::port::blob;
use serde::{Deserialize, Serialize};

use crate::Env;

/// For all documents together, decoded.
pub const MAX_BYTES: usize = 3 * 1024 * 1024;
const MAX_DOCUMENTS: usize = 10;

/// A document that has been accepted.
pub struct CheckedProposalDocument {
    kind: String,
    media_type: &'static str,
    bytes: Bytes,
}

/// A stored document, without its content.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredProposalDocument {
    #[serde(rename = "type")]
    pub kind: String,
    pub media_type: String,
    pub size: u64,
    pub sha256: String,
    pub key: String,
}

/// Decodes and checks the documents of a request.
pub fn check(sent: &BTreeMap<String, String>) -> Result<Vec<CheckedProposalDocument>> {
    if sent.len() > MAX_DOCUMENTS {
        return Err(Error::invalid(
            "additionalDocuments",
            format!("must be at most {MAX_DOCUMENTS}"),
        ));
    }
    // Four characters stand for three bytes, so that a large request is refused before anything is decoded.
    let size: usize = sent.values().map(|text| text.len() / 4 * 3).sum();
    if size > MAX_BYTES + 2 * MAX_DOCUMENTS {
        return Err(too_large());
    }
    let decoded = all(sent.iter().map(|(kind, text)| decoded(kind, text)))?;
    let size: usize = decoded.iter().map(|(_, bytes)| bytes.len()).sum();
    if size > MAX_BYTES {
        return Err(too_large());
    }
    all(decoded.into_iter().map(|(kind, bytes)| recognised(kind, bytes)))
}

fn too_large() -> Error {
    Error::new(
        Kind::TooLarge,
        format!("The documents must be at most {MAX_BYTES} bytes together."),
    )
}

fn decoded<'a>(kind: &'a str, text: &str) -> Result<(&'a str, Bytes)> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !(1..=40).contains(&kind.len()) || !kind.bytes().all(plain) {
        return Err(Error::invalid(
            "additionalDocuments",
            "document types must be 1 to 40 letters, digits, underscores or hyphens",
        ));
    }
    let bytes = BASE64_STANDARD.decode(text);
    let bytes = bytes.map_err(|_| Error::invalid(path(kind), "must be base64"))?;
    Ok((kind, bytes.into()))
}

fn path(kind: &str) -> String {
    format!("additionalDocuments.{kind}")
}

fn recognised(kind: &str, bytes: Bytes) -> Result<CheckedProposalDocument> {
    let media_type = file::check(&bytes).map_err(|flaw| Error::invalid(path(kind), flaw.to_string()))?;
    Ok(CheckedProposalDocument {
        kind: kind.to_owned(),
        media_type,
        bytes,
    })
}

/// The documents as a funder would get them, with their sizes in place of their contents.
pub fn placeholders(documents: &[CheckedProposalDocument]) -> Vec<ProposalDocument> {
    let shown = documents.iter().map(|document| ProposalDocument {
        kind: document.kind.clone(),
        media_type: document.media_type.to_owned(),
        content: format!("({} bytes in base64)", document.bytes.len()),
    });
    shown.collect()
}

/// How the keys of a proposal's documents begin.
pub fn prefix(id: ProposalId) -> String {
    format!("proposals/{id}/")
}

/// Stores the documents under keys that reveal nothing about them.
pub async fn store(
    env: &Env,
    id: ProposalId,
    documents: Vec<CheckedProposalDocument>,
) -> Result<Vec<StoredProposalDocument>> {
    if documents.is_empty() {
        return Ok(Vec::new());
    }
    let bucket = env.bucket()?;
    try_join_all(documents.into_iter().enumerate().map(|(place, document)| async move {
        let key = format!("{}{place}", prefix(id));
        let stored = StoredProposalDocument {
            kind: document.kind,
            media_type: document.media_type.to_owned(),
            size: document.bytes.len().try_into().unwrap_or(u64::MAX),
            sha256: blob::sha256(&document.bytes),
            key: key.clone(),
        };
        env.blobs()
            .put(bucket, &key, document.media_type, document.bytes)
            .await?;
        Ok(stored)
    }))
    .await
}

/// Reads the documents back, in the form that funders take.
pub async fn load(env: &Env, stored: &[StoredProposalDocument]) -> Result<Vec<ProposalDocument>> {
    if stored.is_empty() {
        return Ok(Vec::new());
    }
    let bucket = env.bucket()?;
    try_join_all(stored.iter().map(|one| async move {
        let bytes = env.blobs().get(bucket, &one.key, one.size).await?;
        let bytes = bytes.ok_or_else(|| Error::new(Kind::Unavailable, "a document is not there"))?;
        // The scanner's verdict is about these bytes.
        if blob::sha256(&bytes) != one.sha256 {
            return Err(Error::new(
                Kind::Unavailable,
                "a document is not the one that was stored",
            ));
        }
        Ok(ProposalDocument {
            kind: one.kind.clone(),
            media_type: one.media_type.clone(),
            content: BASE64_STANDARD.encode(bytes),
        })
    }))
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(each: &[(&str, String)]) -> BTreeMap<String, String> {
        each.iter()
            .map(|(kind, text)| ((*kind).to_owned(), text.clone()))
            .collect()
    }

    fn pdf(size: usize) -> String {
        let mut bytes = b"%PDF-1.7\n%%EOF".to_vec();
        bytes.resize(size, b' ');
        BASE64_STANDARD.encode(bytes)
    }

    #[test]
    fn a_documents_own_bytes_decide_its_type() {
        let found = check(&sent(&[("proofOfAddress", pdf(100))])).unwrap();
        let types: Vec<_> = found.iter().map(|document| document.media_type).collect();
        assert_eq!(types, ["application/pdf"]);
        for other in [
            &b"<svg>"[..],
            b"PK\x03\x04",
            b"",
            b"<html>%PDF-",
            b"GIF89a",
            b"%PDF-1.7",
            b"\xff\xd8\xff\xe0rest",
            b"\x89PNG\r\n\x1a\nrest",
            b"%PDF-1.7\n<</S/JavaScript/JS(x)>>\n%%EOF",
        ] {
            let refused = check(&sent(&[("x", BASE64_STANDARD.encode(other))])).err().unwrap();
            assert_eq!(refused.kind, Kind::Invalid);
            assert_eq!(refused.fields[0].path, "additionalDocuments.x");
        }
    }

    #[test]
    fn base64_is_strict() {
        for text in [
            "%%%",
            "JVBERi0x LjQ=",
            "JVBERi0xLjQ",
            "JVBERi0xLjQ=\n",
            "data:application/pdf;base64,JVBERi0=",
        ] {
            let refused = check(&sent(&[("x", text.into()), ("good", pdf(99)), ("y", text.into())]));
            let refused = refused.err().unwrap();
            let fields: Vec<_> = refused
                .fields
                .iter()
                .map(|field| (field.path.as_str(), field.message.as_str()))
                .collect();
            let bad = ["additionalDocuments.x", "additionalDocuments.y"].map(|path| (path, "must be base64"));
            assert_eq!((refused.kind, fields), (Kind::Invalid, bad.to_vec()), "{text}");
        }
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_decoded() {
        // This is not base64: decoding it would give another error.
        let bomb = "%".repeat(MAX_BYTES / 3 * 4 + 1000);
        assert_eq!(check(&sent(&[("x", bomb)])).err().unwrap().kind, Kind::TooLarge);
        assert!(check(&sent(&[("x", pdf(MAX_BYTES))])).is_ok());
        assert_eq!(
            check(&sent(&[("x", pdf(MAX_BYTES + 1))])).err().unwrap().kind,
            Kind::TooLarge
        );
        let halves = [("x", pdf(MAX_BYTES / 2 + 1)), ("y", pdf(MAX_BYTES / 2 + 1))];
        assert_eq!(check(&sent(&halves)).err().unwrap().kind, Kind::TooLarge);
    }

    #[test]
    fn a_type_is_a_plain_word() {
        for kind in ["", "../x", "a b", &"x".repeat(41)] {
            assert_eq!(
                check(&sent(&[(kind, pdf(20))])).err().unwrap().kind,
                Kind::Invalid,
                "{kind:?}"
            );
        }
    }
}
