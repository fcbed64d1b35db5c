//! A case as its channel sees it.

use model::json::Document;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use utoipa::openapi::{Array, ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::refused::RefusedDocument;
use super::row::{CaseRow, Sequence};
use super::schema::CaseChanges;

/// A case's document and number, and its refused documents, if there are any.
pub struct CaseView {
    sequence: Sequence,
    document: Document,
    refused_documents: Vec<RefusedDocument>,
}

impl CaseView {
    /// The case with this document.
    pub fn of(row: &CaseRow, document: Document) -> Self {
        Self {
            sequence: row.sequence,
            document,
            refused_documents: row.refused.last.clone(),
        }
    }
}

impl Serialize for CaseView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("sequence", &self.sequence)?;
        for (name, value) in self.document.members().iter() {
            map.serialize_entry(name, value)?;
        }
        if !self.refused_documents.is_empty() {
            map.serialize_entry("refusedDocuments", &self.refused_documents)?;
        }
        map.end()
    }
}

impl PartialSchema for CaseView {
    fn schema() -> RefOr<Schema> {
        let known = CaseChanges::schema();
        let number = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .description(Some("The case's number."));
        match known {
            RefOr::T(Schema::Object(mut object)) => {
                object.properties.insert("sequence".into(), number.build().into());
                let mut refused = Array::new(RefusedDocument::schema());
                refused.description =
                    Some("Documents that the hub refused after it had answered, the last 20, oldest first.".into());
                object.properties.insert("refusedDocuments".into(), refused.into());
                object.required.push("sequence".into());
                object.description = Some("A case. It may have members that are not listed here.".into());
                object.into()
            }
            other => other,
        }
    }
}

impl ToSchema for CaseView {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        RefusedDocument::schemas(schemas);
    }
}
