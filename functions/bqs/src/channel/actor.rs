//! Who acts in a request, and again after a refused write: it may be the caller's own permissions that have changed.

use std::time::Duration;

use model::{Error, Kind, Result};
use runtime::{Cx, Domain};

use super::{Caller, Role};
use crate::Env;

/// How often others may be faster.
const TRIES: u8 = 16;

/// A caller who acts in a role.
pub struct Actor<'a> {
    cx: &'a Cx<Env>,
    /// As it is known now.
    pub caller: Caller,
    role: Role,
    tries: u8,
}

impl<'a> Actor<'a> {
    pub fn new(cx: &'a Cx<Env>, role: Role) -> Result<Self> {
        cx.caller.must_have(role)?;
        Ok(Self {
            cx,
            caller: cx.caller.clone(),
            role,
            tries: 0,
        })
    }

    /// After a refused write: who the caller is now, and whether they still may.
    pub async fn again(&mut self) -> Result<()> {
        self.tries += 1;
        if self.tries == TRIES {
            return Err(Error::new(Kind::InProgress, "Others are changing this too. Ask again.")
                .retry_after(Some(Duration::from_secs(1))));
        }
        self.caller = self.cx.env.caller(&self.cx.headers, self.cx.now()).await?;
        self.caller.must_have(self.role)
    }

    /// What came of an attempt. None where others were faster, and it is to be made again.
    pub async fn settle<T>(&mut self, outcome: Result<T>) -> Result<Option<T>> {
        match outcome {
            Err(error) if error.kind == Kind::InProgress => self.again().await.map(|()| None),
            outcome => outcome.map(Some),
        }
    }
}
