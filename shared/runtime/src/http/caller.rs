//! Who calls, as far as every domain has callers.

use model::{Error, Kind, Result};

/// A caller, as a domain knows it.
pub trait Identity: Clone + Send + Sync {
    /// What a route may ask of its callers.
    type Right: Copy + std::fmt::Debug + PartialEq + Send + Sync + 'static;

    /// The caller of a public route or of a queue.
    fn anonymous() -> Self;

    /// Stable and unique among callers of the domain.
    fn id(&self) -> &str;

    fn holds(&self, right: Self::Right) -> bool;

    /// Whether this caller sends the requests of many people, and so has a larger quota.
    fn acts_for_many(&self) -> bool {
        false
    }

    /// The name of the role that the right needs, or none where any valid credential has it.
    fn role(right: Self::Right) -> Option<&'static str>;

    /// Refuses a caller that does not hold `right`.
    fn must_hold(&self, right: Self::Right) -> Result<()> {
        if self.holds(right) {
            return Ok(());
        }
        let role = Self::role(right).unwrap_or("caller");
        Err(Error::new(Kind::Forbidden, format!("This needs the role `{role}`.")))
    }
}
