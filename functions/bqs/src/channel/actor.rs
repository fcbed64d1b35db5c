//! A caller who writes. A refused write can mean that the caller's own permissions have changed.

use std::time::Duration;

use model::{Error, Kind, Result};
use runtime::Cx;

use super::Caller;
use crate::Env;

/// A write is refused this often before the caller is asked to try again.
const MAX_TRIES: u8 = 16;

pub struct Actor<'a> {
    cx: &'a Cx<Env>,
    /// With the permissions that were read last.
    pub caller: Caller,
    tries: u8,
}

impl<'a> Actor<'a> {
    pub fn new(cx: &'a Cx<Env>) -> Self {
        Self {
            cx,
            caller: cx.caller.clone(),
            tries: 0,
        }
    }

    /// After a refused write: reads the caller again, who must still hold the function's role.
    pub async fn reload(&mut self) -> Result<()> {
        self.tries += 1;
        if self.tries == MAX_TRIES {
            let busy = "Other requests changed this first. Repeat the request.";
            return Err(Error::new(Kind::InProgress, busy).retry_after(Some(Duration::from_secs(1))));
        }
        self.caller = self.cx.reload_caller().await?;
        Ok(())
    }

    /// The result of an attempt. None means that another request changed something first: attempt it again.
    pub async fn settle<T>(&mut self, attempt: Result<T>) -> Result<Option<T>> {
        match attempt {
            Err(error) if error.kind == Kind::InProgress => self.reload().await.map(|()| None),
            attempt => attempt.map(Some),
        }
    }
}
