//! The form that a document is sent in.

use bytes::Bytes;

/// A document for BQS.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The document definition code, as the dealer gave it.
    pub code: String,
    pub media_type: String,
    pub bytes: Bytes,
    /// Of the bytes, in hex.
    pub sha256: String,
}

/// The content type and the body. What separates the fields is the document's own hash, which it cannot hold.
pub fn form(upload: &Upload) -> (String, Bytes) {
    let boundary: String = upload
        .sha256
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(64)
        .collect();
    let extension = upload.media_type.rsplit('/').next().unwrap_or_default();
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\n{}\r\n--{boundary}\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"document.{extension}\"\r\nContent-Type: {}\r\n\r\n",
        upload.code, upload.media_type
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    let body = [head.as_bytes(), &upload.bytes, tail.as_bytes()].concat();
    (format!("multipart/form-data; boundary={boundary}"), body.into())
}
