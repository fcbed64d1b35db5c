//! `channel create`: writes a channel of the BQS API directly to its table. A stage's first admin channel needs this,
//! because only an admin can create channels over HTTP. A local stack gets its sample channels the same way.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clap::Args;
use clap::builder::PossibleValuesParser;
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::failure::{Context, Failure, Result};
use crate::files;
use crate::progress::{note, print};
use crate::session::Session;

const ROLES: [&str; 6] = [
    "case.write",
    "case.read",
    "message.read",
    "message.write",
    "document.write",
    ADMIN,
];
const ADMIN: &str = "admin";
/// The sample channels. Upstream uses the second on a local stack to send messages.
pub const DEALER_CHANNEL: &str = "vwfs-dk-example-public";
pub const UPSTREAM_CHANNEL: &str = "vwfs-dk-message-example";
pub const ADMIN_CHANNEL: &str = "vwfs-dk-integrationportal-admin-example";
const MAX_NAME_LENGTH: usize = 64;
/// As long as the hub keeps the audit of its own changes, in seconds.
const AUDIT_RETENTION: i64 = 6 * 365 * 24 * 60 * 60;

#[derive(Args)]
pub struct Channel {
    /// Letters, digits, '.', '_' and '-'
    #[arg(long)]
    name: String,
    /// A role of the channel; may be repeated
    #[arg(long = "role", value_parser = PossibleValuesParser::new(ROLES))]
    roles: Vec<String>,
    /// A dealer whose cases the channel may handle; may be repeated
    #[arg(long = "dealer")]
    dealers: Vec<i64>,
    /// A brand that the channel may use; may be repeated
    #[arg(long = "brand")]
    brands: Vec<i64>,
    /// An agreement that the channel may use; may be repeated
    #[arg(long = "agreement")]
    agreements: Vec<i64>,
}

/// A dealer's channel, the upstream BQS's and an admin's.
fn samples() -> [Channel; 3] {
    let channel = |name: &str, roles: &[&str], [dealers, brands, agreements]: [&[i64]; 3]| Channel {
        name: name.to_owned(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        dealers: dealers.to_vec(),
        brands: brands.to_vec(),
        agreements: agreements.to_vec(),
    };
    let dealer = ["case.write", "case.read", "message.read", "document.write"];
    [
        channel(
            DEALER_CHANNEL,
            &dealer,
            [&[921, 789, 737, 114, 755], &[4, 11], &[3600, 3701]],
        ),
        channel(UPSTREAM_CHANNEL, &["message.write"], [&[]; 3]),
        channel(ADMIN_CHANNEL, &[ADMIN], [&[]; 3]),
    ]
}

/// Calls an AWS operation. Tests replace [`Aws::call`].
type CallAws<'a> = &'a dyn Fn(&str, &[(&str, &str)]) -> Result<Value>;

pub fn create(channel: &Channel, stage: &str, stack_dir: Option<&Path>) -> Result<()> {
    let session = Session::open(stage, stack_dir)?;
    let aws = &session.aws;
    let table = session.output("TableChannels")?;
    let key = create_in(&|operation, options| aws.call(operation, options), table, channel)?;
    print(format!(
        "The API key of {}. It is not shown again:\n{key}",
        channel.name
    ));
    Ok(())
}

fn create_in(call: CallAws, table: &str, channel: &Channel) -> Result<String> {
    if !is_name(&channel.name) {
        let allowed = "letters, digits, '.', '_' and '-', the first a letter or a digit";
        return Err(format!("a channel's name is 1 to {MAX_NAME_LENGTH} {allowed}").into());
    }
    let stored = StoredChannels::read(call, table, &[channel])?;
    if stored.hashes.contains_key(&channel.name) {
        return Err(format!("the channel {} exists already", channel.name).into());
    }
    let key = generate(&channel.name)?;
    stored.add(call, table, &[(channel, &key)])?;
    Ok(key)
}

/// Creates the sample channels that are missing, and returns the API keys of all of them. The keys are also in a file
/// beside the stack, so that a new table gets the same keys.
pub fn ensure_samples(aws: &Aws, table: &str, dir: &Path) -> Result<BTreeMap<String, String>> {
    ensure(&|operation, options| aws.call(operation, options), table, dir)
}

fn ensure(call: CallAws, table: &str, dir: &Path) -> Result<BTreeMap<String, String>> {
    let file = dir.join("api-keys.json");
    let saved = files::read_json(&file).unwrap_or_default();
    let samples = samples();
    let mut keys = BTreeMap::new();
    for sample in &samples {
        let known = saved.get(&sample.name).and_then(Value::as_str).map(str::to_owned);
        keys.insert(sample.name.clone(), known.map_or_else(|| generate(&sample.name), Ok)?);
    }
    files::write_private(&file, &json!(keys))?;
    let stored = StoredChannels::read(call, table, &samples.each_ref())?;
    let mut missing = Vec::new();
    for sample in &samples {
        let Some(key) = keys.get(&sample.name) else { continue };
        if !stored.hashes.contains_key(&sample.name) {
            missing.push((sample, key.as_str()));
        }
    }
    if !missing.is_empty() {
        stored.add(call, table, &missing)?;
    }
    keys.retain(|name, key| {
        let current = stored.hashes.get(name).is_none_or(|stored| *stored == hash(key));
        if !current {
            note(format!(
                "the API key of {name} was rotated, so stack.json leaves it out"
            ));
        }
        current
    });
    Ok(keys)
}

/// Channels in the table.
struct StoredChannels {
    /// The hash of each channel's key, by the channel's name.
    hashes: BTreeMap<String, String>,
    /// The row that lists the admins.
    admins: Option<Value>,
}

impl StoredChannels {
    fn read(call: CallAws, table: &str, channels: &[&Channel]) -> Result<Self> {
        let rows = channels
            .iter()
            .map(|channel| primary_key(&format!("CHANNEL#{}", channel.name), "CHANNEL"));
        let keys: Vec<Value> = rows.chain([primary_key("ADMINS", "ADMINS")]).collect();
        let request = json!({table: {"Keys": keys, "ConsistentRead": true}}).to_string();
        let answer = call("dynamodb batch-get-item", &[("request-items", &request)])?;
        let rows = answer.get("Responses").and_then(|responses| responses.get(table));
        let rows = rows.and_then(Value::as_array).context("DynamoDB returned no rows")?;
        let mut stored = Self {
            hashes: BTreeMap::new(),
            admins: None,
        };
        for row in rows {
            match (text(row, "name"), text(row, "keyHash")) {
                (Some(name), Some(hash)) => drop(stored.hashes.insert(name, hash)),
                _ => stored.admins = Some(row.clone()),
            }
        }
        Ok(stored)
    }

    /// Writes new channels with their keys in one transaction.
    fn add(&self, call: CallAws, table: &str, channels: &[(&Channel, &str)]) -> Result<()> {
        let now = Timestamp::now();
        let rows = channels.iter().flat_map(|(channel, key)| channel.rows(key, now));
        let now = now.to_string();
        let mut writes: Vec<Value> = rows.map(|row| put(table, row, json!({}))).collect();
        let admins: Vec<&str> = channels
            .iter()
            .filter(|(channel, _)| channel.roles.iter().any(|role| role == ADMIN))
            .map(|(channel, _)| channel.name.as_str())
            .collect();
        if !admins.is_empty() {
            writes.push(self.with_admins(table, &admins, &now));
        }
        let writes = Value::from(writes).to_string();
        let written = call("dynamodb transact-write-items", &[("transact-items", &writes)]);
        written.map(drop).map_err(|failure| {
            if failure.to_string().contains("ConditionalCheckFailed") {
                return Failure::from("another operator changed the channels at the same time: try again");
            }
            failure
        })
    }

    fn with_admins(&self, table: &str, more: &[&str], now: &str) -> Value {
        let revision = self
            .admins
            .as_ref()
            .and_then(|row| row.pointer("/revision/N")?.as_str());
        let names = self.admins.as_ref().and_then(|row| row.pointer("/names/L")?.as_array());
        let mut names = names.cloned().unwrap_or_default();
        names.extend(more.iter().map(|name| json!({"S": name})));
        let next = revision
            .and_then(|revision| revision.parse::<i64>().ok())
            .unwrap_or_default()
            + 1;
        let row = json!({
            "pk": {"S": "ADMINS"}, "sk": {"S": "ADMINS"}, "names": {"L": names},
            "revision": {"N": next.to_string()}, "updatedAt": {"S": now},
        });
        let unchanged = revision.map_or_else(
            || json!({}),
            |revision| {
                json!({
                    "ConditionExpression": "#revision = :revision",
                    "ExpressionAttributeNames": {"#revision": "revision"},
                    "ExpressionAttributeValues": {":revision": {"N": revision}},
                })
            },
        );
        put(table, row, unchanged)
    }
}

impl Channel {
    /// The channel's rows, as `functions/bqs/src/channel` reads them.
    fn rows(&self, key: &str, now: Timestamp) -> [Value; 3] {
        let audit_end = now.as_second().saturating_add(AUDIT_RETENTION).to_string();
        let now = now.to_string();
        let numbers =
            |codes: &[i64]| json!({"L": codes.iter().map(|code| json!({"N": code.to_string()})).collect::<Vec<_>>()});
        let roles: Vec<Value> = self.roles.iter().map(|role| json!({"S": role})).collect();
        let permissions = json!({
            "roles": {"L": roles},
            "allowedDealerCodes": numbers(&self.dealers),
            "allowedBrandCodes": numbers(&self.brands),
            "allowedAgreements": numbers(&self.agreements),
        });
        let name = json!({"S": self.name});
        let mut channel = json!({
            "pk": {"S": format!("CHANNEL#{}", self.name)}, "sk": {"S": "CHANNEL"}, "name": name,
            "keyHash": {"S": hash(key)}, "revision": {"N": "1"}, "createdAt": {"S": now}, "updatedAt": {"S": now},
        });
        merge(&mut channel, &permissions);
        let listed = json!({"pk": {"S": "CHANNELS"}, "sk": name, "name": name});
        let audit = json!({
            "pk": {"S": format!("AUDIT#{}", self.name)}, "sk": {"S": "0000000001"}, "action": {"S": "create"},
            "channel": name, "by": {"S": "cargo xtask"}, "at": {"S": now}, "before": {"NULL": true}, "after": {"M": permissions},
            "ttl": {"N": audit_end},
        });
        [channel, listed, audit]
    }
}

fn merge(into: &mut Value, from: &Value) {
    if let (Some(into), Some(from)) = (into.as_object_mut(), from.as_object()) {
        into.extend(from.clone());
    }
}

/// Writes a row. Without another condition the row must not exist.
fn put(table: &str, row: Value, condition: Value) -> Value {
    let mut put = json!({"TableName": table, "Item": row, "ConditionExpression": "attribute_not_exists(pk)"});
    merge(&mut put, &condition);
    json!({"Put": put})
}

fn primary_key(pk: &str, sk: &str) -> Value {
    json!({"pk": {"S": pk}, "sk": {"S": sk}})
}

fn text(row: &Value, member: &str) -> Option<String> {
    row.get(member)?.get("S")?.as_str().map(str::to_owned)
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    name.len() <= MAX_NAME_LENGTH && name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain)
}

fn generate(channel: &str) -> Result<String> {
    let mut bytes = [0; 32];
    let random = SystemRandom::new();
    random.fill(&mut bytes).map_err(|_| Failure::from("no random bytes"))?;
    Ok(format!("{channel}.{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)))
}

fn hash(key: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, key.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// A fake table with these rows. It records the input of each call.
    fn table(rows: Value, calls: &RefCell<Vec<Value>>) -> impl Fn(&str, &[(&str, &str)]) -> Result<Value> {
        move |operation, options| {
            let input = options.first().map(|(_, value)| serde_json::from_str(value).unwrap());
            calls.borrow_mut().push(input.unwrap());
            Ok(match operation {
                "dynamodb batch-get-item" => json!({"Responses": {"channels": rows}}),
                _ => Value::Null,
            })
        }
    }

    fn channel(name: &str, roles: &[&str]) -> Channel {
        let [mut sample, ..] = samples();
        sample.name = name.into();
        sample.roles = roles.iter().map(|role| (*role).into()).collect();
        sample
    }

    #[test]
    fn a_channel_is_written_with_the_hash_of_its_key() {
        let calls = RefCell::default();
        let key = create_in(&table(json!([]), &calls), "channels", &channel("one", &["admin"])).unwrap();
        assert!(key.starts_with("one.") && key.len() == "one.".len() + 43);
        let calls = calls.take();
        let text = calls[1].to_string();
        assert!(text.contains(&hash(&key)) && !text.contains(&key), "{text}");
        let puts = calls[1].as_array().unwrap();
        let pks: Vec<_> = puts.iter().map(|put| put.pointer("/Put/Item/pk/S").unwrap()).collect();
        assert_eq!(pks, ["CHANNEL#one", "CHANNELS", "AUDIT#one", "ADMINS"]);
        for put in puts {
            assert_eq!(
                put.pointer("/Put/ConditionExpression").unwrap(),
                "attribute_not_exists(pk)"
            );
        }
    }

    #[test]
    fn a_new_admin_is_added_to_the_existing_ones() {
        let calls = RefCell::default();
        let admins = json!([{"names": {"L": [{"S": "old"}]}, "revision": {"N": "7"}}]);
        create_in(&table(admins, &calls), "channels", &channel("new", &["admin"])).unwrap();
        let calls = calls.take();
        let put = calls[1]
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .pointer("/Put")
            .unwrap()
            .clone();
        assert_eq!(
            put.pointer("/Item/names/L").unwrap(),
            &json!([{"S": "old"}, {"S": "new"}])
        );
        assert_eq!(put.pointer("/Item/revision/N").unwrap(), "8");
        assert_eq!(put.pointer("/ExpressionAttributeValues/:revision/N").unwrap(), "7");
        let calls = RefCell::default();
        create_in(
            &table(json!([]), &calls),
            "channels",
            &channel("reader", &["case.read"]),
        )
        .unwrap();
        assert!(!calls.take()[1].to_string().contains("ADMINS"));
    }

    #[test]
    fn an_existing_channel_is_not_overwritten() {
        let calls = RefCell::default();
        let existing = json!([{"name": {"S": "one"}, "keyHash": {"S": "hash"}}]);
        assert!(create_in(&table(existing, &calls), "channels", &channel("one", &[])).is_err());
        assert_eq!(calls.take().len(), 1);
        for name in ["", ".a", "a#b", &"x".repeat(65)] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn the_samples_keep_their_keys() {
        let dir = std::env::temp_dir().join(format!("trunkline-channels-{}", std::process::id()));
        files::make_dir(&dir).unwrap();
        let calls = RefCell::default();
        let keys = ensure(&table(json!([]), &calls), "channels", &dir).unwrap();
        assert_eq!(keys.len(), 3);
        assert_eq!(calls.borrow()[1].as_array().unwrap().len(), 3 * 3 + 1);
        let row = |(name, key): (&String, &String)| json!({"name": {"S": name}, "keyHash": {"S": hash(key)}});
        let rows: Vec<Value> = keys.iter().map(row).collect();
        let calls = RefCell::default();
        assert_eq!(ensure(&table(json!(rows), &calls), "channels", &dir).unwrap(), keys);
        assert_eq!(calls.borrow().len(), 1, "no write");
        // A new table gets the same keys. A rotated key is unknown here, so it is left out.
        assert_eq!(ensure(&table(json!([]), &calls), "channels", &dir).unwrap(), keys);
        let rotated = json!([{"name": {"S": "vwfs-dk-message-example"}, "keyHash": {"S": "other"}}]);
        let left = ensure(&table(rotated, &calls), "channels", &dir).unwrap();
        assert!(left.len() == 2 && !left.contains_key("vwfs-dk-message-example"));
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
