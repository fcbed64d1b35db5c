//! What a case system adapter provides: one request for each change of a case, and readers of the answers.

use bytes::Bytes;
use call::{Answer, Auth, Call, Loggable};
use model::Result;
use serde::{Deserialize, Serialize};

/// The identity of one change. The case system makes the change once, however often it receives this identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    pub case: u64,
    pub number: u64,
}

/// A document for a case system.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The document definition code, as the dealer gave it.
    pub code: String,
    pub media_type: String,
    pub bytes: Bytes,
    /// Of the bytes, in hex.
    pub sha256: String,
}

/// The case system's answer to a change that it made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamAnswer {
    pub status: u16,
    /// The beginning of the body, if the body is text.
    pub body: String,
}

/// A case system one step upstream of the hub.
///
/// No call is repeatable: the forwarder decides whether to resend a change whose outcome is unknown. `upstream` is the
/// number that the case system gave the case.
///
/// Both readers map a 4xx other than 401, 408 and 429 to [`model::Kind::PartnerRejected`]: it refuses this one change, and
/// a retry cannot help.
pub trait CaseSystem: Send + Sync {
    /// The registry name; also the prefix of its settings.
    fn name(&self) -> &'static str;
    fn auth(&self) -> Auth;
    /// What of the bodies may stand in logs. Everything else is redacted.
    fn loggable(&self) -> &'static Loggable;

    /// `case` is the new case, as the hub accepted it.
    fn create(&self, change: Change, case: &str) -> Result<Call>;
    fn update(&self, change: Change, upstream: u64, case: &str) -> Result<Call>;
    fn score(&self, change: Change, upstream: u64, body: &str) -> Result<Call>;
    fn consent(&self, change: Change, upstream: u64, body: &str) -> Result<Call>;
    fn document(&self, change: Change, upstream: u64, upload: &Upload) -> Result<Call>;

    /// Reads the answer to [`CaseSystem::create`], with the number that the case system gave the case.
    fn created(&self, answer: &Answer) -> Result<(u64, UpstreamAnswer)>;
    /// Reads the answer to any other change. Its status alone decides.
    fn accepted(&self, answer: &Answer) -> Result<UpstreamAnswer>;
}
