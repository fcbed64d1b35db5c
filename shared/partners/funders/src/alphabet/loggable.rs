//! What of Alphabet's documents may stand in a log: vehicle, contract, price and refusals, and nothing of the customer.

use call::Shown::{Code, Count, Date, Flag, Hidden, Id, List, Message, Number, Object, Uuid, Word};
use call::{Loggable, LoggedMember, Shown};

pub const LOGGABLE: Loggable = Loggable {
    request: &[
        ("Codes", CODES),
        ("PhysicalVehicle", Object(PHYSICAL_VEHICLE)),
        ("VehicleRequests", List(&Object(VEHICLE_REQUEST))),
        ("Reference", Uuid),
        ("QuoteReference", QUOTE_ID),
        ("Customer", Object(CUSTOMER)),
        ("Documents", List(&Object(DOCUMENT))),
    ],
    answer: &[
        ("HasError", Flag),
        ("Error", ERROR),
        ("Vehicle", Object(VEHICLE)),
        ("Products", List(&Object(PRODUCT))),
        ("Vehicles", List(&Object(CALCULATED))),
        ("Reference", Uuid),
        ("ProposalReference", Id(&["AP"])),
        ("Status", Word(&["Submitted", "Referred", "Accepted", "Declined"])),
        ("Reason", Hidden),
    ],
    place_words: &[],
};

const CODES: Shown = List(&Object(&[("Type", Word(&["CapCarShortCode"])), ("Value", Number)]));
const KEY: Shown = Word(&["PCP", "HP", "PCH", "BCH", "FL"]);
const QUOTE_ID: Shown = Id(&["CW-"]);
const VEHICLE_TYPE: Shown = Word(&["Car", "Lcv", "Bike"]);

const PHYSICAL_VEHICLE: &[LoggedMember] = &[
    ("Type", VEHICLE_TYPE),
    ("Status", Word(&["New", "PreOwned"])),
    ("OnTheRoadPrice", Number),
    ("Mileage", Number),
    ("MileageUnit", Word(&["Miles"])),
    (
        "Registration",
        Object(&[("DateRegisteredWithDvla", Date), ("CountryCode", Word(&["GB"]))]),
    ),
    ("Codes", CODES),
];

const VEHICLE_REQUEST: &[LoggedMember] = &[
    ("Id", Uuid),
    ("PhysicalVehicle", Object(PHYSICAL_VEHICLE)),
    (
        "Parameters",
        Object(&[
            ("ProductKey", KEY),
            ("Term", Count),
            ("CashDeposit", Number),
            ("DepositType", Word(&["Amount"])),
            ("AnnualMileage", Number),
            ("AnnualMileageUnit", Word(&["Miles"])),
        ]),
    ),
];

const CUSTOMER: &[LoggedMember] = &[
    ("Forename", Hidden),
    ("Surname", Hidden),
    ("EmailAddress", Hidden),
    ("Telephone", Hidden),
    ("DateOfBirth", Hidden),
    ("Address", Object(ADDRESS)),
    ("Employment", Object(EMPLOYMENT)),
];

const ADDRESS: &[LoggedMember] = &[
    ("Line1", Hidden),
    ("Line2", Hidden),
    ("Town", Hidden),
    ("Postcode", Hidden),
    ("CountryCode", Hidden),
];

const EMPLOYMENT: &[LoggedMember] = &[
    ("EmployerName", Hidden),
    ("JobTitle", Hidden),
    ("Type", Hidden),
    ("MonthlyIncome", Hidden),
];

const DOCUMENT: &[LoggedMember] = &[
    ("Type", Hidden),
    ("ContentType", Word(&["application/pdf", "image/jpeg", "image/png"])),
    ("Content", Hidden),
];

const ERROR: Shown = Object(&[
    ("UserMessage", Message),
    ("TechnicalMessage", Message),
    (
        "Code",
        Code(&["VehicleNotFound", "ProductNotFound", "ProposalNotFound", "Unauthorised"]),
    ),
]);

const VEHICLE: &[LoggedMember] = &[
    ("Type", VEHICLE_TYPE),
    ("Codes", CODES),
    ("Manufacturer", Hidden),
    ("Model", Hidden),
    ("Derivative", Hidden),
];

const PRODUCT: &[LoggedMember] = &[
    ("HasError", Flag),
    ("Error", ERROR),
    ("Key", KEY),
    ("Name", Hidden),
    ("Type", Hidden),
    ("Lender", Hidden),
    ("IsDefault", Flag),
    ("Deposit", Object(RANGE)),
    (
        "Term",
        Object(&[("Default", Count), ("Values", List(&Count)), ("IsRequired", Flag)]),
    ),
    ("AnnualMileage", Object(RANGE)),
];

const RANGE: &[LoggedMember] = &[
    ("Default", Number),
    ("Minimum", Number),
    ("Maximum", Number),
    ("IsRequired", Flag),
];

const CALCULATED: &[LoggedMember] = &[
    ("Id", Uuid),
    ("HasError", Flag),
    ("Error", ERROR),
    (
        "FinanceQuotations",
        List(&Object(&[
            ("HasError", Flag),
            ("Error", ERROR),
            (
                "Finance",
                Object(&[
                    ("Key", KEY),
                    ("Quote", Object(QUOTE)),
                    (
                        "Notifications",
                        List(&Object(&[("Code", Code(&[])), ("Message", Message)])),
                    ),
                ]),
            ),
        ])),
    ),
];

const QUOTE: &[LoggedMember] = &[
    ("TotalPrice", Number),
    ("Deposit", Object(&[("Cash", Number)])),
    ("TotalDeposit", Number),
    ("Balance", Number),
    ("Term", Count),
    ("RegularPayment", Number),
    ("TotalFirstPayment", Number),
    ("TotalNumberOfRegularPayments", Count),
    ("TotalAmountPayable", Number),
    ("ChargesForCredit", Number),
    ("Apr", Number),
    ("RateOfInterest", Number),
    ("Residual", Number),
    ("FinalPayment", Number),
    ("AnnualMileage", Number),
    ("QuoteReference", QUOTE_ID),
    ("ValidFrom", Date),
    ("ValidTo", Date),
    (
        "Payments",
        List(&Object(&[("Amount", Number), ("NumberOfPayments", Count)])),
    ),
];
