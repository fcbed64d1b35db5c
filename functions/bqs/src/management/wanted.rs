//! Permissions as admins write them.

use model::{Error, Result};
use utoipa::openapi::{RefOr, Schema as Described};
use utoipa::{PartialSchema, ToSchema};

use crate::channel::{LONGEST_NAME, Permissions, Role, is_name};
use crate::json::{Body, Document, Is, Member, Schema, Value, describe};

/// A row may have 400 KB, and what a channel was is kept beside what it becomes.
const MOST_CODES: usize = 5_000;

const NAME: &str = "channelName";
const ROLES: &str = "roles";
const DEALERS: &str = "allowedDealerCodes";
const BRANDS: &str = "allowedBrandCodes";
const AGREEMENTS: &str = "allowedAgreements";

/// All is required: a list that was forgotten must not read as an empty one.
static SCHEMA: Schema = Schema {
    name: "permissions",
    partial: false,
    members: &[
        Member::new(NAME, Is::Text).required(),
        Member::new(ROLES, Is::Each(&Is::Text)).required(),
        Member::new(DEALERS, Is::Each(&Is::Integer)).required(),
        Member::new(BRANDS, Is::Each(&Is::Integer)).required(),
        Member::new(AGREEMENTS, Is::Each(&Is::Integer)).required(),
    ],
};

/// A channel and all that it may do.
pub struct WantedChannel {
    pub name: String,
    pub permissions: Permissions,
}

impl WantedChannel {
    pub fn read(body: &Body) -> Result<Self> {
        let given = body.document(&SCHEMA)?;
        Ok(Self {
            name: name(&given)?,
            permissions: Permissions {
                roles: roles(&given)?,
                allowed_dealer_codes: codes(&given, DEALERS)?,
                allowed_brand_codes: codes(&given, BRANDS)?,
                allowed_agreements: codes(&given, AGREEMENTS)?,
            },
        })
    }
}

fn name(given: &Document) -> Result<String> {
    let name = given.text(&[NAME]).unwrap_or_default();
    if is_name(name) {
        return Ok(name.to_owned());
    }
    let wanted = "letters, digits, '.', '_' and '-', the first a letter or a digit";
    Err(Error::invalid(
        "$.channelName",
        format!("The channelName must be 1 to {LONGEST_NAME} {wanted}."),
    ))
}

fn items<'a>(given: &'a Document, list: &str) -> &'a [Value] {
    given.get(&[list]).and_then(Value::list).unwrap_or_default()
}

fn roles<C: FromIterator<Role>>(given: &Document) -> Result<C> {
    let role = |(index, role): (usize, &Value)| {
        let named = role.text().and_then(Role::named);
        named.ok_or_else(|| Error::invalid(format!("$.roles[{index}]"), "There is no such role."))
    };
    items(given, ROLES).iter().enumerate().map(role).collect()
}

fn codes<C: FromIterator<i64>>(given: &Document, list: &str) -> Result<C> {
    let codes = items(given, list);
    if codes.len() > MOST_CODES {
        return Err(Error::invalid(
            format!("$.{list}"),
            format!("There may be at most {MOST_CODES} codes."),
        ));
    }
    Ok(codes.iter().filter_map(|code| code.number()?.parse().ok()).collect())
}

impl PartialSchema for WantedChannel {
    fn schema() -> RefOr<Described> {
        describe(
            &SCHEMA,
            "A channel and all that it may do. An empty list allows none. Roles are taken in any casing.",
        )
    }
}

impl ToSchema for WantedChannel {}
