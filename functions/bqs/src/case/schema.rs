//! What is known of a case: the members of the spec's samples.

use crate::json::Is::{Code, Decimal, Flag, Instant, Integer, List, Object, Ours, Text};
use crate::json::{Is, Item, Member, Schema, describe};
use utoipa::openapi::RefOr;
use utoipa::{PartialSchema, ToSchema};

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
        Member::new("email", Text).required(),
    ],
};

/// Nobody outside a channel's lists may have these, so every case has them.
const CASE: &[Member] = &[
    Member::new("agreementCode", Integer).required(),
    Member::new("brandCode", Integer).required(),
    Member::new("dealer", Integer).required(),
    Member::new("externalSystemReference", Text),
    Member::new("startScoring", Flag).solid(),
    Member::new("startConsent", Flag).solid(),
    Member::new("calculation", Object(CALCULATION)),
    Member::new("caseVariables", list(VARIABLE)),
    Member::new("caseObject", Object(CASE_OBJECT)),
    Member::new("customer", Object(CUSTOMER)),
    Member::new("sequence", Ours),
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
    Member::new("admininstrationFeeIsManual", Flag)
        .solid()
        .also(&["administrationFeeIsManual"]),
    Member::new("includeFees", Flag).solid(),
    Member::new("isAdministrationFeeCapitalized", Flag).solid(),
    Member::new("isDocumentFeeCapitalized", Flag).solid(),
    Member::new("isInterestFixed", Flag).solid(),
];

const CASE_OBJECT: &[Member] = &[
    Member::new("accessories", list(ACCESSORY)),
    Member::new(
        "expenses",
        List(Item {
            members: EXPENSE,
            one_of: &["openCharge", "amount"],
        }),
    ),
    Member::new("objectRegistry", Object(REGISTRY)),
    Member::new("price", Decimal),
    Member::new("originalRegistryFee", Decimal),
    Member::new("vatExempt", Flag).solid(),
];

const REGISTRY: &[Member] = &[
    Member::new("objectGroupCode", Integer),
    Member::new("mileage", Integer),
    Member::new("agreedMileage", Integer),
    Member::new("deliveryDate", Instant),
    Member::new("registrationDate", Instant),
    Member::new("description", Text),
    Member::new("isNew", Flag).solid(),
    Member::new("makeName", Text),
    Member::new("modelCode", Text),
    Member::new("modelName", Text),
    Member::new("modelYear", Integer),
    Member::new("typeName", Text),
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
    Member::new("createConsent", Flag).solid(),
    Member::new("addresses", list(ADDRESS)),
];

const ADDRESS: &[Member] = &[Member::new("eMail", Text)];

const SIGNATORY: &[Member] = &[
    Member::new("firstName", Text),
    Member::new("lastName", Text),
    Member::new("eMail", Text),
];

/// Each list has type codes of its own: 400 among the accessories is not 400 among the variables. All are kept, for
/// nobody has a list of them.
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

const fn list(members: &'static [Member]) -> Is {
    List(Item { members, one_of: &[] })
}

pub struct NewCase;

impl PartialSchema for NewCase {
    fn schema() -> RefOr<utoipa::openapi::Schema> {
        describe(
            &CREATE,
            "A case as it is created: these members are known, others are kept.",
        )
    }
}

impl ToSchema for NewCase {}

pub struct CaseChanges;

impl PartialSchema for CaseChanges {
    fn schema() -> RefOr<utoipa::openapi::Schema> {
        describe(
            &UPDATE,
            "What is to be changed in a case: these members are known, others are kept. Null clears.",
        )
    }
}

impl ToSchema for CaseChanges {}

pub struct OrganisationToScore;

impl PartialSchema for OrganisationToScore {
    fn schema() -> RefOr<utoipa::openapi::Schema> {
        describe(&SCORE, "Whom to score.")
    }
}

impl ToSchema for OrganisationToScore {}

pub struct BusinessConsent;

impl PartialSchema for BusinessConsent {
    fn schema() -> RefOr<utoipa::openapi::Schema> {
        describe(&CONSENT, "Who is asked for consent, and where.")
    }
}

impl ToSchema for BusinessConsent {}
