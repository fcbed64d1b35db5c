//! Leading a funder through its steps until there is a price.

use jiff::Timestamp;
use model::quote::{Price, QuoteRequest};
use model::{Error, Kind, Result};
use partners::{Ask, FUNDERS, Funder, Progress, Step, funder};
use runtime::transport::{Policy, Target, Trip};

use super::row::QuoteRow;
use crate::Env;

/// The funder of that name.
pub fn known(name: &str) -> Result<&'static dyn Funder> {
    funder(name).ok_or_else(|| {
        let names: Vec<_> = FUNDERS.iter().map(|name| format!("`{name}`")).collect();
        Error::invalid("funderName", format!("must be one of {}", names.join(", ")))
    })
}

/// What came of asking: a price or why there is none, and how far the conversation got.
pub struct Outcome {
    pub price: Result<Price>,
    pub progress: Progress,
}

/// Goes on from the row's progress; `request` is the row's. A step that is done is never repeated.
pub async fn price(
    env: &Env,
    row: &QuoteRow,
    request: &QuoteRequest,
    funder: &dyn Funder,
    target: &Target,
    policy: &Policy,
    trip: Trip,
) -> Outcome {
    let mut progress = row.progress.clone();
    let price = async {
        let ask = Ask {
            reference: row.id,
            correlation: row.correlation_id,
            request,
        };
        loop {
            let call = funder.quote(&ask, &progress)?;
            let read = |answer: &_| funder.quoted(&ask, &progress, answer);
            match env.outbound.exchange(target, policy, trip, &call, read).await? {
                Step::Done(price) => return Ok(price),
                Step::Next(further) => progress = further,
            }
        }
    };
    Outcome {
        price: price.await,
        progress,
    }
}

/// Whether time alone may cure it, so that the queue should go on.
pub fn passing(error: &Error) -> bool {
    use Kind::{PartnerError, PartnerThrottled, PartnerTimeout, PartnerUnreachable};
    matches!(
        error.kind,
        PartnerError | PartnerThrottled | PartnerTimeout | PartnerUnreachable
    )
}

/// Puts an outcome that ends the quote into its row.
pub fn settle(row: &mut QuoteRow, price: Result<Price>, now: Timestamp) -> Result<()> {
    match price {
        Ok(price) => {
            row.generated(price, now);
            Ok(())
        }
        Err(error) => {
            row.failed(&error);
            Err(error.about(row.id))
        }
    }
}
