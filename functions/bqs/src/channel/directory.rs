//! The channels by name, the admins among them, and the audit of their changes.

use std::collections::BTreeSet;

use jiff::Timestamp;
use model::id::CorrelationId;
use model::{Error, Kind, Result};
use runtime::port::store::{Key, Query, When, Write, typed};
use runtime::{Cx, Domain};
use serde::{Deserialize, Serialize};

use super::{Caller, ChannelRow, Permissions, Role};
use crate::Env;

const NAMES: &str = "CHANNELS";
const ADMINS: &str = "ADMINS";
/// Names in one read.
const BATCH: u16 = 1000;

#[derive(Serialize, Deserialize)]
struct NameRow {
    name: String,
}

/// Every channel's name, in order.
pub async fn names(env: &Env) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    loop {
        // The name and a space sort after the name itself and before every longer name that begins with it.
        let from = names.last().map(|name| format!("{name} "));
        let query = Query::new(env.table()?, NAMES, BATCH).oldest_first().consistent();
        let rows = env.store().query(&query.from(from)).await?;
        if rows.is_empty() {
            return Ok(names);
        }
        for row in rows {
            names.push(typed::<NameRow>(row)?.name);
        }
    }
}

/// The channels with the role `admin`. Every request that adds or removes an admin writes this row too, so that two requests
/// that remove the last two admins conflict here.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct AdminsRow {
    names: BTreeSet<String>,
    revision: i64,
}

impl AdminsRow {
    async fn load(env: &Env) -> Result<Self> {
        Ok(env.read(&Self::key(env)?).await?.unwrap_or_default())
    }

    fn key(env: &Env) -> Result<Key> {
        Ok(Key::new(env.table()?, ADMINS, Some(ADMINS)))
    }

    fn replace(&self, env: &Env) -> Result<Write> {
        let when = match self.revision {
            0 => When::Absent,
            revision => When::number("revision", revision),
        };
        let next = Self {
            names: self.names.clone(),
            revision: self.revision.saturating_add(1),
        };
        Write::put(Self::key(env)?, &next, when)
    }
}

/// A change of a channel, stored without an expiry.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuditRow<'a> {
    action: &'static str,
    channel: &'a str,
    /// The channel whose key was used.
    by: &'a str,
    at: Timestamp,
    correlation_id: CorrelationId,
    before: Option<&'a Permissions>,
    after: &'a Permissions,
}

/// A change of a channel, by an admin.
pub struct ChannelChange<'a> {
    pub action: &'static str,
    pub before: Option<&'a ChannelRow>,
    pub after: &'a ChannelRow,
}

impl ChannelChange<'_> {
    /// All writes of the change, on the condition that the caller's permissions are unchanged.
    pub async fn writes(&self, cx: &Cx<Env>, caller: &Caller) -> Result<Vec<Write>> {
        let (env, after) = (&*cx.env, self.after);
        let mut writes = vec![self.audit(cx, caller)?];
        match self.before {
            None => {
                writes.push(after.create(env)?);
                writes.push(name_row(env, &after.name)?);
            }
            Some(before) => writes.push(after.replace(env, before.revision)?),
        }
        writes.extend(self.admins(env).await?);
        if caller.channel != after.name {
            writes.push(caller.unchanged(env)?);
        } else if !self.before.is_some_and(|before| caller.is(before)) {
            return Err(Error::new(
                Kind::InProgress,
                "The caller's own permissions are being changed.",
            ));
        }
        Ok(writes)
    }

    fn audit(&self, cx: &Cx<Env>, caller: &Caller) -> Result<Write> {
        let row = AuditRow {
            action: self.action,
            channel: &self.after.name,
            by: &caller.channel,
            at: cx.now(),
            correlation_id: cx.correlation,
            before: self.before.map(|before| &before.permissions),
            after: &self.after.permissions,
        };
        let pk = format!("AUDIT#{}", self.after.name);
        let sk = format!("{:010}", self.after.revision);
        Write::put(Key::new(cx.env.table()?, pk, Some(&sk)), &row, When::Absent)
    }

    /// The write of the admins' row, if the change adds or removes an admin. The last admin cannot be removed.
    async fn admins(&self, env: &Env) -> Result<Option<Write>> {
        let is_admin = |row: &ChannelRow| row.permissions.roles.contains(&Role::Admin);
        let (was, becomes) = (self.before.is_some_and(is_admin), is_admin(self.after));
        if was == becomes {
            return Ok(None);
        }
        let mut admins = AdminsRow::load(env).await?;
        if becomes {
            admins.names.insert(self.after.name.clone());
        } else {
            admins.names.remove(&self.after.name);
        }
        if admins.names.is_empty() {
            return Err(Error::new(Kind::Conflict, "This is the last admin."));
        }
        admins.replace(env).map(Some)
    }
}

fn name_row(env: &Env, name: &str) -> Result<Write> {
    let row = NameRow { name: name.to_owned() };
    Write::put(Key::new(env.table()?, NAMES, Some(name)), &row, When::Absent)
}

/// The writes of a channel that no admin creates: for tests, as `cargo xtask channel create` does.
#[cfg(test)]
pub async fn bootstrap(env: &Env, row: &ChannelRow) -> Result<Vec<Write>> {
    let change = ChannelChange {
        action: "create",
        before: None,
        after: row,
    };
    let mut writes = vec![row.create(env)?, name_row(env, &row.name)?];
    writes.extend(change.admins(env).await?);
    Ok(writes)
}
