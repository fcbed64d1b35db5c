//! Cases: dealers create, change, read and score them.

pub mod consent;
pub mod create;
pub mod documents;
pub mod get;
pub mod parts;
mod progress;
pub mod refused;
pub mod row;
mod running;
pub mod schema;
pub mod score;
pub mod update;
mod view;
pub mod write;

use model::Result;
use runtime::{Cx, Raw};

use self::row::{CaseRow, Sequence};
use crate::Env;

/// A channel that may no longer use a case learns nothing of what it did to it before.
pub async fn may_repeat(cx: Cx<Env>, request: Raw) -> Result<()> {
    let sequence = Sequence::parse(request.path.get("sequence"))?;
    CaseRow::of(&cx.env, &cx.caller, sequence).await.map(drop)
}

#[cfg(test)]
mod tests;
