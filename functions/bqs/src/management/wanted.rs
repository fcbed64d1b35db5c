//! A channel and its permissions, as admins send them.

use std::collections::BTreeSet;

use model::error::{all, both};
use model::json::{Document, Member, Schema, Type, Value};
use model::{Error, Result};
use utoipa::openapi::{RefOr, Schema as ApiSchema};
use utoipa::{PartialSchema, ToSchema};

use crate::body::JsonBody;
use crate::channel::{MAX_NAME_LENGTH, Permissions, Role, is_name};
use crate::describe::describe;

/// A row may have 400 KB, and an audit row has the permissions before and after.
const MAX_CODES: usize = 5_000;

const NAME: &str = "channelName";
const ROLES: &str = "roles";
const DEALERS: &str = "allowedDealerCodes";
const BRANDS: &str = "allowedBrandCodes";
const AGREEMENTS: &str = "allowedAgreements";

/// Every member is required: a forgotten list must not count as an empty one.
static SCHEMA: Schema = Schema {
    name: "permissions",
    partial: false,
    members: &[
        Member::new(NAME, Type::Text).required(),
        Member::new(ROLES, Type::ListOf(&Type::Text)).required(),
        Member::new(DEALERS, Type::ListOf(&Type::Integer)).required(),
        Member::new(BRANDS, Type::ListOf(&Type::Integer)).required(),
        Member::new(AGREEMENTS, Type::ListOf(&Type::Integer)).required(),
    ],
};

/// A channel and its permissions.
pub struct WantedChannel {
    pub name: String,
    pub permissions: Permissions,
}

impl WantedChannel {
    pub fn read(body: &JsonBody) -> Result<Self> {
        let given = body.document(&SCHEMA)?;
        let dealers_and_brands = both(codes(&given, DEALERS), codes(&given, BRANDS));
        let codes = both(dealers_and_brands, codes(&given, AGREEMENTS));
        let (name, (roles, codes)) = both(name(&given), both(roles(&given), codes))?;
        let ((allowed_dealer_codes, allowed_brand_codes), allowed_agreements) = codes;
        Ok(Self {
            name,
            permissions: Permissions {
                roles,
                allowed_dealer_codes,
                allowed_brand_codes,
                allowed_agreements,
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
        format!("The channelName must be 1 to {MAX_NAME_LENGTH} {wanted}."),
    ))
}

fn items<'a>(given: &'a Document, list: &str) -> &'a [Value] {
    given.get(&[list]).and_then(Value::list).unwrap_or_default()
}

fn roles(given: &Document) -> Result<Vec<Role>> {
    let role = |(index, role): (usize, &Value)| {
        let named = role.text().and_then(Role::named);
        named.ok_or_else(|| Error::invalid(format!("$.roles[{index}]"), "There is no such role."))
    };
    all(items(given, ROLES).iter().enumerate().map(role)).map(distinct)
}

fn codes(given: &Document, list: &str) -> Result<Vec<i64>> {
    let codes = items(given, list);
    if codes.len() > MAX_CODES {
        return Err(Error::invalid(
            format!("$.{list}"),
            format!("There may be at most {MAX_CODES} codes."),
        ));
    }
    Ok(distinct(codes.iter().filter_map(|code| code.number()?.parse().ok())))
}

/// Each value once, in its order.
fn distinct<T: Copy + Ord>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    values.into_iter().filter(|value| seen.insert(*value)).collect()
}

impl PartialSchema for WantedChannel {
    fn schema() -> RefOr<ApiSchema> {
        describe(
            &SCHEMA,
            "A channel and its permissions. An empty list allows nothing. Roles may have any casing.",
        )
    }
}

impl ToSchema for WantedChannel {}
