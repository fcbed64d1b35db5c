//! What of BQS's documents may stand in a log: codes and numbers of ours and theirs, nothing of a customer. Callers may add
//! members to a case, which are not here.

use call::Shown::{Count, Flag, Hidden, Id, List, Message, Number, Object, Places};
use call::{Loggable, LoggedMember};

pub const LOGGABLE: Loggable = Loggable {
    request: &[
        ("agreementCode", Count),
        ("brandCode", Count),
        ("dealer", Count),
        ("externalSystemReference", Hidden),
        ("startScoring", Flag),
        ("startConsent", Flag),
        ("calculation", Object(CALCULATION)),
        ("caseVariables", List(&Object(VARIABLE))),
        ("caseObject", Object(CASE_OBJECT)),
        ("customer", Object(CUSTOMER)),
        ("organizationNumber", Hidden),
        ("email", Hidden),
    ],
    answer: &[
        ("sequence", Number),
        ("type", Hidden),
        ("title", Message),
        ("status", Count),
        ("errors", Places(&List(&Message))),
        ("traceId", Id(&["00-"])),
    ],
    place_words: &["createCase", "updateCase", "scoreCustomer", "businessConsent"],
};

const CALCULATION: &[LoggedMember] = &[
    ("downPayment", Hidden),
    ("duration", Count),
    ("interestRate", Hidden),
    ("residualValue", Hidden),
    ("monthlyAmount", Hidden),
    ("dealerCommitmentCommission", Hidden),
    ("administrationFee", Hidden),
    ("admininstrationFeeIsManual", Flag),
    ("includeFees", Flag),
    ("isAdministrationFeeCapitalized", Flag),
    ("isDocumentFeeCapitalized", Flag),
    ("isInterestFixed", Flag),
];

const CASE_OBJECT: &[LoggedMember] = &[
    ("accessories", List(&Object(ACCESSORY))),
    ("expenses", List(&Object(EXPENSE))),
    ("objectRegistry", Object(REGISTRY)),
    ("price", Hidden),
    ("originalRegistryFee", Hidden),
    ("vatExempt", Flag),
];

const ACCESSORY: &[LoggedMember] = &[("typeCode", Count), ("amount", Hidden), ("description", Hidden)];
const EXPENSE: &[LoggedMember] = &[("typeCode", Count), ("openCharge", Hidden), ("amount", Hidden)];
const VARIABLE: &[LoggedMember] = &[("typeCode", Count), ("value", Hidden), ("moneyValue", Hidden)];

const REGISTRY: &[LoggedMember] = &[
    ("objectGroupCode", Count),
    ("mileage", Hidden),
    ("agreedMileage", Hidden),
    ("deliveryDate", Hidden),
    ("registrationDate", Hidden),
    ("description", Hidden),
    ("isNew", Flag),
    ("makeName", Hidden),
    ("modelCode", Hidden),
    ("modelName", Hidden),
    ("modelYear", Hidden),
    ("typeName", Hidden),
    ("serialNumber", Hidden),
    ("variables", List(&Object(VARIABLE))),
];

const CUSTOMER: &[LoggedMember] = &[("details", Object(DETAILS)), ("signatories", List(&Object(SIGNATORY)))];

const DETAILS: &[LoggedMember] = &[
    ("firstName", Hidden),
    ("lastName", Hidden),
    ("type", Hidden),
    ("organizationNumber", Hidden),
    ("createConsent", Flag),
    ("addresses", List(&Object(&[("eMail", Hidden)]))),
];

const SIGNATORY: &[LoggedMember] = &[("firstName", Hidden), ("lastName", Hidden), ("eMail", Hidden)];
