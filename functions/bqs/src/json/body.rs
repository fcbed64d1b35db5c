//! A body that a handler reads by a schema of its own, once it knows that the caller may.

use std::collections::BTreeMap;

use model::Result;
use runtime::{Input, Parts};

use super::{Document, Schema};

/// JSON that nobody has looked into, and what stands in the path.
pub struct Body {
    pub path: BTreeMap<String, String>,
    bytes: Vec<u8>,
}

impl Input for Body {
    fn read(parts: &Parts) -> Result<Self> {
        let bytes = if parts.body.is_empty() { &[] } else { parts.json()? };
        Ok(Self {
            path: parts.path.clone(),
            bytes: bytes.to_vec(),
        })
    }
}

impl Body {
    pub fn document(&self, schema: &Schema) -> Result<Document> {
        Document::read(&self.bytes, schema)
    }
}
