//! Lanes: each environment of each partner has partitions of its own in the log.

use model::partner::{FUNDERS, PARTNERS, Partner, partner};
use model::{Error, Result};

/// One environment of one partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane {
    pub partner: &'static str,
    pub environment: &'static str,
}

impl Lane {
    /// Every lane, funders first.
    pub fn all() -> Vec<Self> {
        PARTNERS.into_iter().flat_map(Self::of).collect()
    }

    fn of(partner: Partner) -> impl Iterator<Item = Self> {
        let environments = partner.environments.iter();
        environments.map(move |environment| Self {
            partner: partner.name,
            environment,
        })
    }

    pub fn is_funder(self) -> bool {
        FUNDERS.contains(&self.partner)
    }
}

/// The partner of this name, which the caller has given as `member`.
pub fn named(member: &str, name: &str) -> Result<Partner> {
    partner(name).ok_or_else(|| one_of(member, PARTNERS.map(|partner| partner.name)))
}

/// The lanes of a partner, or of all partners, in one environment or in every one.
pub fn lanes(partner: Option<Partner>, environment: Option<&str>) -> Result<Vec<Lane>> {
    let all: Vec<Lane> = partner.map_or_else(Lane::all, |partner| Lane::of(partner).collect());
    let Some(environment) = environment else {
        return Ok(all);
    };
    let is_wanted = |lane: &Lane| lane.environment == environment;
    let wanted: Vec<Lane> = all.iter().copied().filter(is_wanted).collect();
    if wanted.is_empty() {
        return Err(one_of("environment", all.iter().map(|lane| lane.environment)));
    }
    Ok(wanted)
}

/// Refuses a value and names the known ones, each once.
fn one_of(member: &str, known: impl IntoIterator<Item = &'static str>) -> Error {
    let mut each: Vec<&str> = Vec::new();
    for name in known {
        if !each.contains(&name) {
            each.push(name);
        }
    }
    Error::invalid(member, format!("must be one of {}", each.join(", ")))
}
