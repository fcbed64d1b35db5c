//! Permissions as admins write them.

use std::collections::BTreeSet;

use model::{Error, Result};
use runtime::{Input, Parts};
use utoipa::ToSchema;

use crate::channel::{LONGEST_NAME, Permissions, Role, is_name};
use crate::json::{Document, Is, Member, Schema, Value};

/// A row may have 400 KB, and what a channel was is kept beside what it becomes.
const MOST_CODES: usize = 5_000;

const ROLES: &str = "roles";
const DEALERS: &str = "allowedDealerCodes";
const BRANDS: &str = "allowedBrandCodes";
const AGREEMENTS: &str = "allowedAgreements";

/// All is required: a list that was forgotten must not read as an empty one.
static SCHEMA: Schema = Schema {
    name: "permissions",
    partial: false,
    members: &[
        Member::new("channelName", Is::Text).required(),
        Member::new(ROLES, Is::Texts).required(),
        Member::new(DEALERS, Is::Integers).required(),
        Member::new(BRANDS, Is::Integers).required(),
        Member::new(AGREEMENTS, Is::Integers).required(),
    ],
};

/// A channel and all that it may do. An empty list allows none.
#[derive(Clone, Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct WantedChannel {
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    pub channel_name: String,
    /// In any casing.
    pub roles: Vec<Role>,
    #[schema(max_items = 5000)]
    pub allowed_dealer_codes: Vec<i64>,
    #[schema(max_items = 5000)]
    pub allowed_brand_codes: Vec<i64>,
    #[schema(max_items = 5000)]
    pub allowed_agreements: Vec<i64>,
    /// What the path names, where it names a channel.
    #[schema(ignore)]
    addressed: Option<String>,
}

impl Input for WantedChannel {
    fn read(parts: &Parts) -> Result<Self> {
        let given = Document::read(parts.json()?, &SCHEMA)?;
        let codes = |list| -> Result<Vec<i64>> {
            let codes = items(&given, list).filter_map(|code| code.number()?.parse().ok());
            let codes: Vec<i64> = codes.collect();
            if codes.len() > MOST_CODES {
                return Err(Error::invalid(
                    format!("$.{list}"),
                    format!("There must be at most {MOST_CODES} codes."),
                ));
            }
            Ok(codes)
        };
        Ok(Self {
            channel_name: name(&given)?,
            roles: roles(&given)?,
            allowed_dealer_codes: codes(DEALERS)?,
            allowed_brand_codes: codes(BRANDS)?,
            allowed_agreements: codes(AGREEMENTS)?,
            addressed: parts.path.get("channelName").cloned(),
        })
    }
}

impl WantedChannel {
    pub fn permissions(&self) -> Permissions {
        let set = |codes: &[i64]| codes.iter().copied().collect::<BTreeSet<_>>();
        Permissions {
            roles: self.roles.iter().copied().collect(),
            allowed_dealer_codes: set(&self.allowed_dealer_codes),
            allowed_brand_codes: set(&self.allowed_brand_codes),
            allowed_agreements: set(&self.allowed_agreements),
        }
    }

    /// Path and body must mean the same channel.
    pub fn must_be_addressed(&self) -> Result<()> {
        if self.addressed.as_deref() == Some(&self.channel_name) {
            return Ok(());
        }
        Err(Error::invalid(
            "$.channelName",
            "The channelName must be the one in the path.",
        ))
    }
}

fn items<'a>(given: &'a Document, list: &str) -> impl Iterator<Item = &'a Value> {
    given.get(&[list]).and_then(Value::list).unwrap_or_default().iter()
}

fn name(given: &Document) -> Result<String> {
    let name = given.text(&["channelName"]).unwrap_or_default();
    if is_name(name) {
        return Ok(name.to_owned());
    }
    Err(Error::invalid(
        "$.channelName",
        format!("The channelName must be 1 to {LONGEST_NAME} letters, digits, '.', '_' and '-', the first a letter or a digit."),
    ))
}

fn roles(given: &Document) -> Result<Vec<Role>> {
    let read = |(index, role): (usize, &Value)| {
        role.text()
            .and_then(Role::named)
            .ok_or_else(|| Error::invalid(format!("$.roles[{index}]"), "There is no such role."))
    };
    items(given, ROLES).enumerate().map(read).collect()
}
