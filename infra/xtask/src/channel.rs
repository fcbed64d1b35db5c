//! Channels of the BQS API, written straight into their table: the first admin, whom no admin can make, and the spec's
//! sample channels on a local stack.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clap::Args;
use clap::builder::PossibleValuesParser;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::deploy;
use crate::failure::{Context, Failure, Result};
use crate::files;
use crate::progress::{note, say};
use crate::settings::Settings;
use crate::up::LOCAL;
use crate::venv::Venv;
use crate::workspace::Workspace;

const ROLES: [&str; 6] = [
    "case.write",
    "case.read",
    "message.read",
    "message.write",
    "document.write",
    ADMIN,
];
const ADMIN: &str = "admin";
/// The sample channel that sends messages: a local stack's upstream.
pub const MESSAGES: &str = "vwfs-dk-message-example";
const LONGEST_NAME: usize = 64;

#[derive(Args)]
pub struct Channel {
    /// Letters, digits, '.', '_' and '-'
    #[arg(long)]
    name: String,
    /// What it may do; as often as needed
    #[arg(long = "role", value_parser = PossibleValuesParser::new(ROLES))]
    roles: Vec<String>,
    /// A dealer whose cases it may handle; as often as needed
    #[arg(long = "dealer")]
    dealers: Vec<i64>,
    /// A brand that it may use
    #[arg(long = "brand")]
    brands: Vec<i64>,
    /// An agreement that it may use
    #[arg(long = "agreement")]
    agreements: Vec<i64>,
}

/// The three of the spec.
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
            "vwfs-dk-example-public",
            &dealer,
            [&[921, 789, 737, 114, 755], &[4, 11], &[3600, 3701]],
        ),
        channel(MESSAGES, &["message.write"], [&[]; 3]),
        channel("vwfs-dk-integrationportal-admin-example", &[ADMIN], [&[]; 3]),
    ]
}

/// How AWS is called: here or there.
type Cloud<'a> = &'a dyn Fn(&str, &[(&str, &str)]) -> Result<Value>;

/// `channel create`: in the table of a stage's stack.
pub fn create(channel: &Channel, stage: &str) -> Result<()> {
    let workspace = Workspace::load()?;
    let venv = Venv::ready(&workspace)?;
    let settings = Settings::read(&workspace.root, stage)?;
    let dir = workspace.target.join(LOCAL);
    files::make_dir(&dir)?;
    let aws = Aws::of_stage(stage, &settings.region, &venv, &dir)?;
    let outputs = deploy::outputs(&aws, &settings.stack_name)?;
    let table = outputs.get("TableCases").context("the stack has no table of cases")?;
    let key = make(&|operation, options| aws.call(operation, options), table, channel)?;
    say(format!("The api key of {}, shown this once:\n{key}", channel.name));
    Ok(())
}

fn make(cloud: Cloud, table: &str, channel: &Channel) -> Result<String> {
    if !is_name(&channel.name) {
        let wanted = "letters, digits, '.', '_' and '-', the first a letter or a digit";
        return Err(format!("a channel's name is 1 to {LONGEST_NAME} {wanted}").into());
    }
    let found = Found::read(cloud, table, &[channel])?;
    if found.hashes.contains_key(&channel.name) {
        return Err(format!("there is a channel {}", channel.name).into());
    }
    let key = generate(&channel.name)?;
    found.add(cloud, table, &[(channel, &key)])?;
    Ok(key)
}

/// The api keys of the sample channels, which are made where they are missing. They are kept beside the stack, so that a
/// key survives its table.
pub fn ensure_samples(aws: &Aws, table: &str, dir: &Path) -> Result<BTreeMap<String, String>> {
    ensure(&|operation, options| aws.call(operation, options), table, dir)
}

fn ensure(cloud: Cloud, table: &str, dir: &Path) -> Result<BTreeMap<String, String>> {
    let file = dir.join("api-keys.json");
    let kept = files::read_json(&file).unwrap_or_default();
    let samples = samples();
    let mut keys = BTreeMap::new();
    for sample in &samples {
        let known = kept.get(&sample.name).and_then(Value::as_str).map(str::to_owned);
        keys.insert(sample.name.clone(), known.map_or_else(|| generate(&sample.name), Ok)?);
    }
    files::write_private(&file, &json!(keys))?;
    let found = Found::read(cloud, table, &samples.each_ref())?;
    let mut missing = Vec::new();
    for sample in &samples {
        let Some(key) = keys.get(&sample.name) else { continue };
        if !found.hashes.contains_key(&sample.name) {
            missing.push((sample, key.as_str()));
        }
    }
    if !missing.is_empty() {
        found.add(cloud, table, &missing)?;
    }
    keys.retain(|name, key| {
        let good = found.hashes.get(name).is_none_or(|stored| *stored == hash(key));
        if !good {
            note(format!("{name} has been given another api key"));
        }
        good
    });
    Ok(keys)
}

/// What the table holds of channels: the hashes of their keys by name, and the row of the admins.
struct Found {
    hashes: BTreeMap<String, String>,
    admins: Option<Value>,
}

impl Found {
    fn read(cloud: Cloud, table: &str, channels: &[&Channel]) -> Result<Self> {
        let rows = channels
            .iter()
            .map(|channel| place(&format!("CHANNEL#{}", channel.name), "CHANNEL"));
        let keys: Vec<Value> = rows.chain([place("ADMINS", "ADMINS")]).collect();
        let wanted = json!({table: {"Keys": keys, "ConsistentRead": true}}).to_string();
        let answer = cloud("dynamodb batch-get-item", &[("request-items", &wanted)])?;
        let rows = answer.get("Responses").and_then(|responses| responses.get(table));
        let rows = rows.and_then(Value::as_array).context("the table does not answer")?;
        let mut found = Self {
            hashes: BTreeMap::new(),
            admins: None,
        };
        for row in rows {
            match (text(row, "name"), text(row, "keyHash")) {
                (Some(name), Some(hash)) => drop(found.hashes.insert(name, hash)),
                _ => found.admins = Some(row.clone()),
            }
        }
        Ok(found)
    }

    /// Writes channels that are not there, with their keys: all of them or none.
    fn add(&self, cloud: Cloud, table: &str, channels: &[(&Channel, &str)]) -> Result<()> {
        let now = jiff::Timestamp::now().to_string();
        let rows = channels.iter().flat_map(|(channel, key)| channel.rows(key, &now));
        let mut writes: Vec<Value> = rows.map(|row| put(table, row, json!({}))).collect();
        let admins: Vec<&str> = channels
            .iter()
            .filter(|(channel, _)| channel.roles.iter().any(|role| role == ADMIN))
            .map(|(channel, _)| channel.name.as_str())
            .collect();
        if !admins.is_empty() {
            writes.push(self.with_admins(table, &admins));
        }
        let writes = Value::from(writes).to_string();
        let written = cloud("dynamodb transact-write-items", &[("transact-items", &writes)]);
        written.map(drop).map_err(|failure| {
            if failure.to_string().contains("ConditionalCheckFailed") {
                return Failure::from("somebody has changed channels at the same moment: try again");
            }
            failure
        })
    }

    fn with_admins(&self, table: &str, more: &[&str]) -> Value {
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
            "pk": {"S": "ADMINS"}, "sk": {"S": "ADMINS"}, "names": {"L": names}, "revision": {"N": next.to_string()},
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
    /// The rows that make it, as `functions/bqs/src/channel` reads them.
    fn rows(&self, key: &str, now: &str) -> [Value; 3] {
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
        });
        [channel, listed, audit]
    }
}

fn merge(into: &mut Value, from: &Value) {
    if let (Some(into), Some(from)) = (into.as_object_mut(), from.as_object()) {
        into.extend(from.clone());
    }
}

/// A row that must not be there yet, unless the condition says otherwise.
fn put(table: &str, row: Value, condition: Value) -> Value {
    let mut put = json!({"TableName": table, "Item": row, "ConditionExpression": "attribute_not_exists(pk)"});
    merge(&mut put, &condition);
    json!({"Put": put})
}

fn place(pk: &str, sk: &str) -> Value {
    json!({"pk": {"S": pk}, "sk": {"S": sk}})
}

fn text(row: &Value, member: &str) -> Option<String> {
    row.get(member)?.get("S")?.as_str().map(str::to_owned)
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    name.len() <= LONGEST_NAME && name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain)
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

    /// A table with these rows of channels, and what was asked of it.
    fn table(rows: Value, asked: &RefCell<Vec<Value>>) -> impl Fn(&str, &[(&str, &str)]) -> Result<Value> {
        move |operation, options| {
            let said = options.first().map(|(_, value)| serde_json::from_str(value).unwrap());
            asked.borrow_mut().push(said.unwrap());
            Ok(match operation {
                "dynamodb batch-get-item" => json!({"Responses": {"cases": rows}}),
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
        let asked = RefCell::default();
        let key = make(&table(json!([]), &asked), "cases", &channel("one", &["admin"])).unwrap();
        assert!(key.starts_with("one.") && key.len() == "one.".len() + 43);
        let asked = asked.take();
        let text = asked[1].to_string();
        assert!(text.contains(&hash(&key)) && !text.contains(&key), "{text}");
        let puts = asked[1].as_array().unwrap();
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
    fn an_admin_joins_those_there_are() {
        let asked = RefCell::default();
        let admins = json!([{"names": {"L": [{"S": "old"}]}, "revision": {"N": "7"}}]);
        make(&table(admins, &asked), "cases", &channel("new", &["admin"])).unwrap();
        let asked = asked.take();
        let put = asked[1]
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
        let asked = RefCell::default();
        make(&table(json!([]), &asked), "cases", &channel("reader", &["case.read"])).unwrap();
        assert!(!asked.take()[1].to_string().contains("ADMINS"));
    }

    #[test]
    fn what_is_there_stays() {
        let asked = RefCell::default();
        let there = json!([{"name": {"S": "one"}, "keyHash": {"S": "hash"}}]);
        assert!(make(&table(there, &asked), "cases", &channel("one", &[])).is_err());
        assert_eq!(asked.take().len(), 1);
        for name in ["", ".a", "a#b", &"x".repeat(65)] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn the_samples_keep_their_keys() {
        let dir = std::env::temp_dir().join(format!("trunkline-channels-{}", std::process::id()));
        files::make_dir(&dir).unwrap();
        let asked = RefCell::default();
        let keys = ensure(&table(json!([]), &asked), "cases", &dir).unwrap();
        assert_eq!(keys.len(), 3);
        assert_eq!(asked.borrow()[1].as_array().unwrap().len(), 3 * 3 + 1);
        let row = |(name, key): (&String, &String)| json!({"name": {"S": name}, "keyHash": {"S": hash(key)}});
        let rows: Vec<Value> = keys.iter().map(row).collect();
        let asked = RefCell::default();
        assert_eq!(ensure(&table(json!(rows), &asked), "cases", &dir).unwrap(), keys);
        assert_eq!(asked.borrow().len(), 1, "nothing is written");
        // A new table gets the same keys, and a key that was rotated is known to nobody here.
        assert_eq!(ensure(&table(json!([]), &asked), "cases", &dir).unwrap(), keys);
        let rotated = json!([{"name": {"S": "vwfs-dk-message-example"}, "keyHash": {"S": "other"}}]);
        let left = ensure(&table(rotated, &asked), "cases", &dir).unwrap();
        assert!(left.len() == 2 && !left.contains_key("vwfs-dk-message-example"));
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
