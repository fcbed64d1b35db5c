//! Values on which a function's settings, its events and the stubs have to agree.

pub const ISSUER: &str = "self-serve-platform";
pub const AUDIENCE: &str = "self-serve-users";

/// The channel that creates cases, and its API key.
pub const CHANNEL: &str = "bench";
pub const API_KEY: &str = "bench.no-secret-it-is-here-for-all-to-read-0000000";
/// The last part of the path of the marketplace's webhook.
pub const WEBHOOK_TOKEN: &str = "no-secret-it-is-here-for-all-to-read";

/// The table of the channels of cases.
pub const CHANNELS_TABLE: &str = "channels";
/// The table of cases.
pub const CASES_TABLE: &str = "cases";
/// The log of partner calls: a write to it also writes its index.
pub const LOG_TABLE: &str = "integration-log";
