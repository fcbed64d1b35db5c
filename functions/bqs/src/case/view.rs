//! A case as its channel sees it.

use model::json::Document;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use utoipa::openapi::{AllOfBuilder, Array, ObjectBuilder, Ref, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::progress::CaseProgress;
use super::refused::RefusedDocument;
use super::row::{CaseRow, Sequence};
use super::schema::CaseChanges;

const PROGRESS: &str = "progress";

/// A case's document and number, and its refused documents, if there are any.
pub struct CaseView {
    sequence: Sequence,
    document: Document,
    refused_documents: Vec<RefusedDocument>,
}

/// A case, with the progress of its changes.
pub struct CaseWithProgress {
    case: CaseView,
    progress: CaseProgress,
}

impl CaseView {
    pub fn with(self, progress: CaseProgress) -> CaseWithProgress {
        CaseWithProgress { case: self, progress }
    }

    /// The case with this document.
    pub fn of(row: &CaseRow, document: Document) -> Self {
        Self {
            sequence: row.sequence,
            document,
            refused_documents: row.refused.last.clone(),
        }
    }
}

impl CaseView {
    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("sequence", &self.sequence)?;
        for (name, value) in self.document.members().iter() {
            // Before the hub set it, this was a member like any other.
            if !name.eq_ignore_ascii_case(PROGRESS) {
                map.serialize_entry(name, value)?;
            }
        }
        if !self.refused_documents.is_empty() {
            map.serialize_entry("refusedDocuments", &self.refused_documents)?;
        }
        Ok(())
    }
}

impl Serialize for CaseView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.write(&mut map)?;
        map.end()
    }
}

impl Serialize for CaseWithProgress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.case.write(&mut map)?;
        map.serialize_entry(PROGRESS, &self.progress)?;
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
                    Some("Documents that the hub refused after its response: the last 20, oldest first.".into());
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

impl PartialSchema for CaseWithProgress {
    fn schema() -> RefOr<Schema> {
        let mut progress = Ref::from_schema_name(CaseProgress::name());
        progress.description = "The progress of its changes to the upstream BQS.".to_owned();
        let progress = ObjectBuilder::new().property(PROGRESS, progress).required(PROGRESS);
        let both = AllOfBuilder::new()
            .item(Ref::from_schema_name(CaseView::name()))
            .item(progress);
        both.description(Some("A case, with the progress of its changes."))
            .into()
    }
}

impl ToSchema for CaseWithProgress {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((CaseView::name().into_owned(), CaseView::schema()));
        schemas.push((CaseProgress::name().into_owned(), CaseProgress::schema()));
        CaseView::schemas(schemas);
        CaseProgress::schemas(schemas);
    }
}
