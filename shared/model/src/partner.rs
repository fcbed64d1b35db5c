//! Every partner by name, with the environments that its calls are logged under.

/// The funders, in the order that callers see them.
pub const FUNDERS: [&str; 2] = ["LEX", "ALPHABET"];

/// A partner and its environments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partner {
    pub name: &'static str,
    pub environments: &'static [&'static str],
}

/// The environments of a funder.
const BOTH: &[&str] = &["SANDBOX", "LIVE"];

/// Every partner that the hub calls, funders first.
pub const PARTNERS: [Partner; 4] = [
    Partner {
        name: "LEX",
        environments: BOTH,
    },
    Partner {
        name: "ALPHABET",
        environments: BOTH,
    },
    Partner {
        name: "MMOB",
        environments: &["MARKETPLACE"],
    },
    Partner {
        name: "BQS",
        environments: &["UPSTREAM"],
    },
];

pub fn partner(name: &str) -> Option<Partner> {
    PARTNERS.into_iter().find(|partner| partner.name == name)
}
