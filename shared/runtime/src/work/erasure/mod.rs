//! The erasure of what the hub has stored about a person or a case.
//!
//! A request is a row of the register, which names the subject by a keyed digest and never by the value. A scheduled worker of
//! each domain scans the domain's table for rows of the subjects of all open erasures: it notes the ids that it finds, deletes
//! files and rows, and then what other tables have under these ids. A worker in flight may write such rows again, so a second
//! pass follows when none can be left.
//!
//! An erasure is about what was made before it was requested. A replay after a restore so leaves alone what a person who came
//! back has made since.

mod found;
mod log;
mod register;
mod responses;
mod run;
mod search;
mod subject;
#[cfg(test)]
mod tests;

pub use found::FoundSubject;
pub use register::{DomainErasure, ErasureRow, ErasureState};
pub use responses::ResponsePart;
pub use run::{ERASE_TIMEOUT, ErasableRows, erase};
pub use search::{ErasureMatch, SubjectSearch};
pub use subject::ErasureSubject;
