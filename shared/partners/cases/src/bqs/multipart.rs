//! The form that carries a document.

use bytes::Bytes;

use crate::case_system::Upload;

/// The content type and the body. The document's own hash separates the fields: a document cannot contain its own hash.
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
