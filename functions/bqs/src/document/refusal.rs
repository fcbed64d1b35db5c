//! Documents that are refused after their upload was answered: their case shows them.

use model::{Error, Kind, Result};
use runtime::Cx;
use runtime::port::store::Write;
use runtime::work::row::Row;
use uuid::Uuid;

use super::stored::StoredDocument;
use crate::Env;
use crate::case::refused::{DocumentRefusal, RefusedDocument};
use crate::case::row::{CaseRow, ChangeRow};

/// The write that shows a document as refused on its case.
pub fn show(cx: &Cx<Env>, mut case: CaseRow, id: Uuid, code: String, reason: DocumentRefusal) -> Result<Write> {
    tracing::warn!(case = %case.sequence, document = %id, ?reason, "a document was refused");
    let refused = RefusedDocument {
        document_id: id,
        code,
        reason,
        refused_at: cx.now().into(),
    };
    case.refuse(&cx.env, refused, cx.now())
}

/// The write that shows the document of a change as refused.
pub async fn show_change(cx: &Cx<Env>, change: &ChangeRow, reason: DocumentRefusal) -> Result<Write> {
    let document = StoredDocument::read(&change.body)?;
    let case = CaseRow::load(cx.env.table()?, &change.sequence).await?;
    let case = case.ok_or_else(|| Error::new(Kind::Internal, "a document's case does not exist"))?;
    show(cx, case, document.document_id, document.code, reason)
}
