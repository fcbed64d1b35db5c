//! What every request to LEX carries.

use call::Call;
use model::Result;
use model::id::CorrelationId;

/// Adds the request's id. LEX's callers name the content type in each request, also where there is no body.
pub fn identified(call: Call, correlation: CorrelationId) -> Result<Call> {
    call.header("content-type", "application/json")?
        .header("x-lbg-request-id", &correlation.to_string())
}
