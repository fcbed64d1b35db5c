//! Where a new document is counted: its case and its channel's day. They are read together, and their rows are written with the
//! document's own on the condition that they are as they were read.

use model::Result;
use runtime::Cx;

use super::channel_day::ChannelDay;
use crate::Env;
use crate::case::row::{CaseRow, Sequence};
use crate::channel::Caller;

pub struct DocumentPlace {
    pub case: CaseRow,
    pub day: ChannelDay,
}

impl DocumentPlace {
    /// The place of a document in one of the caller's own cases.
    pub async fn load(cx: &Cx<Env>, caller: &Caller, sequence: Sequence) -> Result<Self> {
        let (case, day) = tokio::try_join!(
            CaseRow::of(&cx.env, caller, sequence),
            ChannelDay::today(cx.env.table()?, &caller.channel, cx.now())
        )?;
        Ok(Self { case, day })
    }

    /// Counts a document of `size` bytes, if there is room for it.
    pub fn add(&mut self, cx: &Cx<Env>, size: u64) -> Result<()> {
        self.case.documents = self.case.documents.with_document(size)?;
        self.day.add(size, cx.now())
    }
}
