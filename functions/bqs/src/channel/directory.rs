//! The channels by name, the admins among them, and the audit of their changes.

use std::collections::BTreeSet;

use jiff::Timestamp;
use model::id::CorrelationId;
use model::{Error, Kind, Result};
use runtime::port::store::{Key, Query, When, Write, typed};
use runtime::work::row::{Revised, Row, Table, Version};
use runtime::{Cx, Domain};
use serde::{Deserialize, Serialize};

use super::{Caller, ChannelRow, Permissions, Role};
use crate::Env;

const NAMES: &str = "CHANNELS";
const ADMINS: &str = "ADMINS";

#[derive(Serialize, Deserialize)]
struct NameRow {
    name: String,
}

/// The names of channels in order, at most `limit`, after this one.
pub async fn names(env: &Env, after: Option<&str>, limit: u16) -> Result<Vec<String>> {
    // The name and a space sort after the name itself and before every longer name that begins with it.
    let from = after.map(|name| format!("{name} "));
    let query = Query::new(env.channels()?.name, NAMES, limit)
        .oldest_first()
        .consistent();
    let rows = env.store().query(&query.from(from)).await?;
    rows.into_iter().map(|row| Ok(typed::<NameRow>(row)?.name)).collect()
}

/// The channels with the role `admin`. Every request that adds or removes an admin writes this row too, so that two requests
/// that remove the last two admins conflict here.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct AdminsRow {
    names: BTreeSet<String>,
    #[serde(flatten)]
    version: Version,
}

impl Row for AdminsRow {
    type Id = str;

    fn key(table: Table<'_>, id: &str) -> Key {
        table.key(id, ADMINS)
    }

    fn id(&self) -> &str {
        ADMINS
    }
}

impl Revised for AdminsRow {
    fn version(&mut self) -> &mut Version {
        &mut self.version
    }
}

/// In seconds: a claim about what a channel could see can be made for six years.
const AUDIT_RETENTION: i64 = 6 * 365 * 24 * 60 * 60;

/// A change of a channel.
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
    ttl: i64,
}

/// A change of a channel, by an admin.
pub struct ChannelChange<'a> {
    pub action: &'static str,
    pub before: Option<&'a ChannelRow>,
    /// With what changes.
    pub after: &'a mut ChannelRow,
}

impl ChannelChange<'_> {
    /// All writes of the change, on the condition that the caller's permissions are unchanged.
    pub async fn writes(&mut self, cx: &Cx<Env>, caller: &Caller) -> Result<Vec<Write>> {
        let (env, rows) = (&*cx.env, cx.env.channels()?);
        let mut writes = match self.before {
            None => vec![self.after.create(rows)?, name_row(rows, &self.after.name)?],
            Some(_) => vec![self.after.replace(rows, cx.now())?],
        };
        writes.push(self.audit(cx, caller)?);
        writes.extend(self.admins(rows, cx.now()).await?);
        if caller.channel != self.after.name {
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
            ttl: cx.now().as_second().saturating_add(AUDIT_RETENTION),
        };
        let pk = format!("AUDIT#{}", self.after.name);
        let sk = format!("{:010}", self.after.version.revision());
        Write::put(cx.env.channels()?.key(pk, &sk), &row, When::Absent)
    }

    /// The write of the admins' row, if the change adds or removes an admin. The last admin cannot be removed.
    async fn admins(&self, rows: Table<'_>, now: Timestamp) -> Result<Option<Write>> {
        let is_admin = |row: &ChannelRow| row.permissions.roles.contains(&Role::Admin);
        let (was, becomes) = (self.before.is_some_and(is_admin), is_admin(self.after));
        if was == becomes {
            return Ok(None);
        }
        let mut admins = AdminsRow::load(rows, ADMINS).await?.unwrap_or_default();
        if becomes {
            admins.names.insert(self.after.name.clone());
        } else {
            admins.names.remove(&self.after.name);
        }
        if admins.names.is_empty() {
            return Err(Error::new(Kind::Conflict, "This is the last admin."));
        }
        admins.replace(rows, now).map(Some)
    }
}

fn name_row(rows: Table<'_>, name: &str) -> Result<Write> {
    let row = NameRow { name: name.to_owned() };
    Write::put(rows.key(NAMES, name), &row, When::Absent)
}

/// The writes of a channel that no admin creates: for tests, as `cargo xtask channel create` does.
#[cfg(test)]
pub async fn bootstrap(rows: Table<'_>, row: &mut ChannelRow, now: Timestamp) -> Result<Vec<Write>> {
    let change = ChannelChange {
        action: "create",
        before: None,
        after: row,
    };
    let mut writes = vec![change.after.create(rows)?, name_row(rows, &change.after.name)?];
    writes.extend(change.admins(rows, now).await?);
    Ok(writes)
}
