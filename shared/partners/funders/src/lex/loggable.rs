//! What of LEX's documents may stand in a log: vehicle, contract and price, and nothing of the customer.

use call::Shown::{Code, Count, Date, Hidden, Id, List, Message, Number, Object, Place, Uuid, Word};
use call::{Loggable, LoggedMember, Shown};

pub const LOGGABLE: Loggable = Loggable {
    request: &[
        ("asset", Object(ASSET)),
        ("accessories", Hidden),
        ("financials", Object(FINANCIALS)),
        ("adjustments", Object(ADJUSTMENTS)),
        ("cust_reference", Uuid),
        ("customer", Object(CUSTOMER)),
        ("documents", List(&Object(DOCUMENT))),
    ],
    answer: &[
        ("quote_id", Id(&["Q"])),
        ("quote_reference", Id(&["LEX-"])),
        ("status", LEX_STATUS),
        ("term", Count),
        ("mileage", Number),
        ("initial_payment", Number),
        ("monthly_rental", Number),
        ("total_rentals", Number),
        ("apr", Number),
        ("balloon", Number),
        ("currency", Word(&["GBP"])),
        ("valid_until", Date),
        ("proposal_id", Id(&["P"])),
        ("cust_reference", Uuid),
        ("reason", Hidden),
        ("proposal", Object(PROPOSAL)),
        ("errors", List(&Object(ERROR))),
    ],
    place_words: &[],
};

const ASSET: &[LoggedMember] = &[
    ("cap_id", Number),
    ("cap_code", Hidden),
    ("model_year", Count),
    ("options", Hidden),
];

const FINANCIALS: &[LoggedMember] = &[
    ("contract_type_id", Count),
    ("plan", Count),
    ("term", Count),
    ("mileage", Number),
    ("relief_vehicle", Count),
    ("customer_initial_payment", Number),
    ("estimated_sales_value", Number),
    ("cust_reference", Uuid),
];

const ADJUSTMENTS: &[LoggedMember] = &[
    ("off_invoice_support", Number),
    ("otrp", Number),
    ("commission", Number),
    ("discount", Number),
    ("customer_terms", Count),
    ("co2_emission", Count),
];

const CUSTOMER: &[LoggedMember] = &[
    ("first_name", Hidden),
    ("last_name", Hidden),
    ("email", Hidden),
    ("phone", Hidden),
    ("date_of_birth", Hidden),
    ("address", Object(ADDRESS)),
    ("employment", Object(EMPLOYMENT)),
];

const ADDRESS: &[LoggedMember] = &[
    ("line1", Hidden),
    ("line2", Hidden),
    ("city", Hidden),
    ("postcode", Hidden),
    ("country", Hidden),
];

const EMPLOYMENT: &[LoggedMember] = &[
    ("employer_name", Hidden),
    ("job_title", Hidden),
    ("employment_type", Hidden),
    ("monthly_income", Hidden),
];

const DOCUMENT: &[LoggedMember] = &[
    ("type", Hidden),
    ("content_type", Word(&["application/pdf", "image/jpeg", "image/png"])),
    ("content", Hidden),
];

const PROPOSAL: &[LoggedMember] = &[
    ("proposal_id", Id(&["P"])),
    ("cust_reference", Uuid),
    ("status", LEX_STATUS),
    ("reason", Hidden),
];

const ERROR: &[LoggedMember] = &[
    (
        "code",
        Code(&["INVALID_FIELD", "NOT_FOUND", "ALREADY_COMPLETED", "UNAUTHORISED"]),
    ),
    ("field", Place),
    ("message", Message),
];

const LEX_STATUS: Shown = Word(&[
    "CALCULATED",
    "COMPLETED",
    "SUBMITTED",
    "REFERRED",
    "ACCEPTED",
    "DECLINED",
]);
