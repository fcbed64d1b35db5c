//! The known members of a case: those of the spec's samples.

use model::json::Type::{Bool, Code, Decimal, Email, Instant, Integer, List, Object, ServerSet, Text};
use model::json::{ListItem, Member, Schema, Type};
use utoipa::openapi::RefOr;
use utoipa::{PartialSchema, ToSchema};

use crate::describe::describe;

pub const CREATE: Schema = Schema {
    name: "createCase",
    partial: false,
    members: CASE,
};

pub const UPDATE: Schema = Schema {
    name: "updateCase",
    partial: true,
    members: CASE,
};

pub const SCORE: Schema = Schema {
    name: "scoreCustomer",
    partial: false,
    members: &[Member::new("organizationNumber", Code).required()],
};

pub const CONSENT: Schema = Schema {
    name: "businessConsent",
    partial: false,
    members: &[
        Member::new("organizationNumber", Code).required(),
        Member::new("email", Email).required(),
    ],
};

/// A channel's lists decide which agreements, brands and dealers it may use, so every case has all three.
const CASE: &[Member] = &[
    Member::new("agreementCode", Integer).required(),
    Member::new("brandCode", Integer).required(),
    Member::new("dealer", Integer).required(),
    Member::new("externalSystemReference", Text),
    Member::new("startScoring", Bool).not_null(),
    Member::new("startConsent", Bool).not_null(),
    Member::new("calculation", Object(CALCULATION)),
    Member::new("caseVariables", list(VARIABLE)),
    Member::new("caseObject", Object(CASE_OBJECT)),
    // With addresses, of which the spec's samples show one member only.
    Member::new("customer", Object(CUSTOMER)).plain(),
    Member::new("sequence", ServerSet),
    Member::new("refusedDocuments", ServerSet),
    Member::new("progress", ServerSet),
];

const CALCULATION: &[Member] = &[
    Member::new("downPayment", Decimal),
    Member::new("duration", Integer),
    Member::new("interestRate", Decimal),
    Member::new("residualValue", Decimal),
    Member::new("monthlyAmount", Decimal),
    Member::new("dealerCommitmentCommission", Decimal),
    Member::new("administrationFee", Decimal),
    // The original's spelling, in all of its samples.
    Member::new("admininstrationFeeIsManual", Bool)
        .not_null()
        .aliases(&["administrationFeeIsManual"]),
    Member::new("includeFees", Bool).not_null(),
    Member::new("isAdministrationFeeCapitalized", Bool).not_null(),
    Member::new("isDocumentFeeCapitalized", Bool).not_null(),
    Member::new("isInterestFixed", Bool).not_null(),
];

const CASE_OBJECT: &[Member] = &[
    Member::new("accessories", list(ACCESSORY)),
    Member::new(
        "expenses",
        List(ListItem {
            members: EXPENSE,
            one_of: &["openCharge", "amount"],
        }),
    ),
    Member::new("objectRegistry", Object(REGISTRY)),
    Member::new("price", Decimal),
    Member::new("originalRegistryFee", Decimal),
    Member::new("vatExempt", Bool).not_null(),
];

const REGISTRY: &[Member] = &[
    Member::new("objectGroupCode", Integer),
    Member::new("mileage", Integer),
    Member::new("agreedMileage", Integer),
    Member::new("deliveryDate", Instant),
    Member::new("registrationDate", Instant),
    Member::new("description", Text),
    Member::new("isNew", Bool).not_null(),
    Member::new("makeName", Text).plain(),
    Member::new("modelCode", Text),
    Member::new("modelName", Text).plain(),
    Member::new("modelYear", Integer),
    Member::new("typeName", Text).plain(),
    Member::new("serialNumber", Text),
    Member::new("variables", list(VARIABLE)),
];

const CUSTOMER: &[Member] = &[
    Member::new("details", Object(DETAILS)),
    Member::new("signatories", list(SIGNATORY)),
];

const DETAILS: &[Member] = &[
    Member::new("firstName", Text),
    Member::new("lastName", Text),
    Member::new("type", Text),
    Member::new("organizationNumber", Text),
    Member::new("createConsent", Bool).not_null(),
    Member::new("addresses", list(ADDRESS)),
];

const ADDRESS: &[Member] = &[Member::new("eMail", Email)];

const SIGNATORY: &[Member] = &[
    Member::new("firstName", Text),
    Member::new("lastName", Text),
    Member::new("eMail", Email),
];

/// Each list has its own type codes: 400 among the accessories is not 400 among the variables. The spec lists no codes, so
/// every code is kept.
const TYPE_CODE: Member = Member::new("typeCode", Integer).required();

const ACCESSORY: &[Member] = &[
    TYPE_CODE,
    Member::new("amount", Decimal),
    Member::new("description", Text),
];

const EXPENSE: &[Member] = &[
    TYPE_CODE,
    Member::new("openCharge", Decimal),
    Member::new("amount", Decimal),
];

const VARIABLE: &[Member] = &[
    TYPE_CODE,
    Member::new("value", Text),
    Member::new("moneyValue", Decimal),
];

const fn list(members: &'static [Member]) -> Type {
    List(ListItem { members, one_of: &[] })
}

pub struct NewCase;

impl PartialSchema for NewCase {
    fn schema() -> RefOr<utoipa::openapi::Schema> {
        describe(
            &CREATE,
            "A new case. Members that are not listed here are kept too. No text in `customer` may have control or format \
             characters (Unicode's categories Cc and Cf).",
        )
    }
}

impl ToSchema for NewCase {}

pub struct CaseChanges;

impl PartialSchema for CaseChanges {
    fn schema() -> RefOr<utoipa::openapi::Schema> {
        describe(
            &UPDATE,
            "Changes of a case. Members that are not listed here are kept too. Null clears a member. No text in `customer` may \
             have control or format characters (Unicode's categories Cc and Cf).",
        )
    }
}

impl ToSchema for CaseChanges {}

pub struct OrganisationToScore;

impl PartialSchema for OrganisationToScore {
    fn schema() -> RefOr<utoipa::openapi::Schema> {
        describe(&SCORE, "The organisation to score.")
    }
}

impl ToSchema for OrganisationToScore {}

pub struct BusinessConsent;

impl PartialSchema for BusinessConsent {
    fn schema() -> RefOr<utoipa::openapi::Schema> {
        describe(&CONSENT, "The organisation to ask for consent, and the address to ask.")
    }
}

impl ToSchema for BusinessConsent {}
