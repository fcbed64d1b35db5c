//! Leads a funder through its steps until there is a price.

use call::{Progress, Step};
use jiff::Timestamp;
use model::quote::{Price, QuoteRequest, QuoteStatus};
use model::{Error, Kind, Result};
use partners_funders::QuoteContext;
use runtime::transport::{CallContext, Concluded, Conclusion};

use super::row::QuoteRow;
use crate::Env;
use crate::asked::Asked;

/// A price, or why there is none, and how far the conversation got.
pub struct PricingResult {
    pub price: Result<Price>,
    pub progress: Progress,
    /// The attempts that failed.
    pub failed: u32,
}

/// Refuses values that the adapter cannot express.
pub fn check(asked: &Asked, row: &QuoteRow, request: &QuoteRequest) -> Result<()> {
    asked.funder.quote(&context(row, request), &row.progress).map(drop)
}

/// Continues from the row's progress; `request` is the row's. A completed step is never repeated.
pub async fn price(
    env: &Env,
    asked: &Asked,
    row: &QuoteRow,
    request: &QuoteRequest,
    call_context: CallContext,
) -> PricingResult {
    let mut progress = row.progress.clone();
    let price = async {
        let context = context(row, request);
        loop {
            let call = asked.funder.quote(&context, &progress)?.about(row.id);
            let read = |answer: &_| asked.funder.quoted(&context, &progress, answer);
            match asked.exchange(env, call_context, &call, read).await? {
                Step::Done(price) => return Ok(price),
                Step::Next(further) => progress = further,
            }
        }
    };
    let price = price.await;
    PricingResult {
        price,
        progress,
        failed: asked.failed(),
    }
}

fn context<'a>(row: &QuoteRow, request: &'a QuoteRequest) -> QuoteContext<'a> {
    QuoteContext {
        reference: row.id,
        correlation: row.correlation_id,
        request,
    }
}

/// Whether a later attempt may succeed, so that the queue should go on.
pub fn is_transient(error: &Error) -> bool {
    use Kind::{PartnerError, PartnerReset, PartnerThrottled, PartnerTimeout, PartnerUnreachable};
    matches!(
        error.kind,
        PartnerError | PartnerReset | PartnerThrottled | PartnerTimeout | PartnerUnreachable
    )
}

/// Puts a result that ends the quote into its row.
pub fn settle(row: &mut QuoteRow, price: Result<Price>, now: Timestamp) -> Result<()> {
    match price {
        Ok(price) => {
            row.generated(price, now);
            Ok(())
        }
        Err(error) => {
            row.failed(&error, now);
            Err(error.about(row.id))
        }
    }
}

/// Notes in the log of partner calls what the quote came to. The log's rows are still to be written.
pub fn conclude(env: &Env, row: &QuoteRow, now: Timestamp) {
    let conclusion = match row.status {
        QuoteStatus::Pending => return,
        QuoteStatus::Failed => Conclusion::QuoteFailed,
        QuoteStatus::Generated | QuoteStatus::Expired | QuoteStatus::Converted => Conclusion::QuoteGenerated,
    };
    env.outbound.tracer.conclude(&Concluded {
        subject: &row.id,
        conclusion,
        partner: &row.funder_name,
        environment: row.environment.to_string(),
        correlation: row.correlation_id,
        failed: row.failed_attempts,
        at: now,
    });
}
