//! The quotations that ALPHABET has issued.

use std::collections::BTreeMap;

/// Bounds memory: the oldest quotations are dropped first.
const MAX_QUOTATIONS: usize = 100_000;
const FIRST_QUOTATION: u64 = 20_001;

/// Each quotation by its number, with the hub's reference of the proposal that used it.
#[derive(Default)]
pub struct QuotationStore {
    quotations: BTreeMap<u64, Option<String>>,
    issued: u64,
}

impl QuotationStore {
    /// Stores a new quotation and returns its reference.
    pub fn issue(&mut self) -> String {
        let number = FIRST_QUOTATION + self.issued;
        self.issued += 1;
        self.quotations.insert(number, None);
        if self.quotations.len() > MAX_QUOTATIONS {
            self.quotations.pop_first();
        }
        quotation_reference(number)
    }

    /// Returns the reference of the proposal that used the quotation. `None` if there is no such quotation.
    pub fn find(&mut self, reference: &str) -> Option<&mut Option<String>> {
        let number = reference.strip_prefix("CW-")?.parse().ok()?;
        (quotation_reference(number) == reference)
            .then(|| self.quotations.get_mut(&number))
            .flatten()
    }
}

/// A reference that no stored quotation has.
pub fn unused_reference() -> String {
    quotation_reference(0)
}

fn quotation_reference(number: u64) -> String {
    format!("CW-{number}")
}
