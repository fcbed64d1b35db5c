//! Who acts in a request, and again after a refused write: it may be the caller's own permissions that have changed.

use model::{Kind, Result};
use runtime::Cx;

use super::{Caller, Role, identify};
use crate::Env;

/// How often a write is tried that others are faster than.
const TRIES: u8 = 16;

/// A caller who acts in a role.
pub struct Actor {
    pub caller: Caller,
    role: Role,
    tries: u8,
}

impl Actor {
    pub fn new(cx: &Cx<Env>, role: Role) -> Result<Self> {
        cx.caller.must_have(role)?;
        Ok(Self {
            caller: cx.caller.clone(),
            role,
            tries: TRIES,
        })
    }

    /// What came of an attempt. Nothing where it was refused and should be made again, by the caller as they are now.
    pub async fn settle<T>(&mut self, cx: &Cx<Env>, outcome: Result<T>) -> Result<Option<T>> {
        self.tries = self.tries.saturating_sub(1);
        match outcome {
            Err(error) if error.kind == Kind::InProgress && self.tries > 0 => {
                self.caller = identify(&cx.env, &cx.headers).await?;
                self.caller.must_have(self.role)?;
                Ok(None)
            }
            outcome => outcome.map(Some),
        }
    }
}
