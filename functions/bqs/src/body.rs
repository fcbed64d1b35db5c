//! A JSON body that a handler reads by its own schema.

use std::collections::BTreeMap;

use model::Result;
use model::json::{Document, Schema};
use runtime::{Input, Media, Parts};

/// An unread JSON body, and the path parameters.
pub struct JsonBody {
    pub path: BTreeMap<String, String>,
    bytes: Vec<u8>,
}

impl Input for JsonBody {
    const MEDIA: Media = Media::Json;

    fn read(parts: &Parts) -> Result<Self> {
        let bytes = if parts.body.is_empty() { &[] } else { parts.json()? };
        Ok(Self {
            path: parts.path.clone(),
            bytes: bytes.to_vec(),
        })
    }
}

impl JsonBody {
    pub fn document(&self, schema: &Schema) -> Result<Document> {
        Document::read(&self.bytes, schema)
    }
}
