//! Errors on the wire: RFC 9457 `application/problem+json`, in the members that each spec's clients read.

mod asp_net;
mod family;
mod hub;

pub use asp_net::{AspNet, AspNetProblem};
pub use family::{Failure, Family, Shape};
pub use hub::{FieldProblem, Hub, Problem};
