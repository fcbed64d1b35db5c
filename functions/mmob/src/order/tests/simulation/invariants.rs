//! What has to hold at the end of a simulation.

use std::time::Duration;

use model::order::OrderOutcome;
use serde_json::json;
use tokio::time::Instant;

use super::{Coverage, ProductKind, Simulation};
use crate::order::row::Manual::{ByHand, Conflict, Refused, UnknownProduct, Unusable};
use crate::order::row::OrderRow;

impl Simulation {
    pub fn check(&self) -> Result<Coverage, String> {
        let history = self.orders.store.history.lock().unwrap();
        if let Some(violation) = history.violations.first() {
            return Err(violation.clone());
        }
        let (crashes, stalls) = (self.struck(false), self.struck(true));
        let mut coverage = Coverage {
            crashes,
            stalls,
            resolved: self.resolved,
            dashboards: self.dashboard.into(),
            ..Coverage::default()
        };
        let Some(row) = self.orders.find() else {
            return if self.accepted.is_some() {
                Err("the webhook accepted an order and did not store it".into())
            } else {
                Ok(coverage)
            };
        };
        self.check_effects(crashes + stalls, &mut coverage)?;
        self.check_decisions(&history.decisions)?;
        self.check_end(&row, &mut coverage)?;
        if let Some((_, ended)) = history.ended.first() {
            self.check_time(*ended)?;
        }
        coverage.rounds = row.round;
        Ok(coverage)
    }

    /// Each round has one effect at the provider, and each call after the first has a fault or a failure as its reason.
    fn check_effects(&self, faults: u32, coverage: &mut Coverage) -> Result<(), String> {
        let books = self.orders.mmob.books();
        if books.forged > 0 {
            return Err("a callback has no valid signature".into());
        }
        for (round, ids) in &books.effects {
            if ids.len() != 1 {
                return Err(format!("round {round} has effects under {ids:?}"));
            }
        }
        for (round, count) in &books.deliveries {
            let failures = books.failures.get(round).copied().unwrap_or_default();
            if *count > 1 + faults + failures {
                return Err(format!(
                    "the provider got round {round} {count} times after {faults} faults and {failures} failures"
                ));
            }
            coverage.deliveries += count;
        }
        Ok(())
    }

    /// Each round has one decision, by the fulfilment of its product. Operators may decide otherwise: in the hub always, on
    /// MMOB's dashboard until the provider has carried out a call.
    fn check_decisions(&self, decisions: &[(u32, OrderOutcome)]) -> Result<(), String> {
        if self.resolved > 0 {
            return Ok(());
        }
        let effects = self.orders.mmob.books().effects.clone();
        for (place, (round, decision)) in decisions.iter().enumerate() {
            if decisions[..place].iter().any(|(other, _)| other == round) {
                return Err(format!("round {round} was decided twice"));
            }
            let expected = self.expected(*round);
            let free = self.dashboard && !effects.contains_key(&u64::from(*round));
            if !free && decision.status.as_str() != expected {
                return Err(format!(
                    "round {round} was decided {} and not {expected}",
                    decision.status
                ));
            }
        }
        Ok(())
    }

    fn expected(&self, round: u32) -> String {
        let last = round > 1 || !self.plan.product.needs_more();
        if matches!(self.plan.product, ProductKind::Auto | ProductKind::AutoIncomplete) {
            return if last { "Succesful" } else { "Need_more_info" }.to_owned();
        }
        let answers = &self.orders.mmob.books().answers;
        let answer = if last { answers.last() } else { answers.first() };
        answer.unwrap()["status"].as_str().unwrap().replace("ss", "s")
    }

    /// MMOB has the status of the row, or an operator has the order for a reason.
    fn check_end(&self, row: &OrderRow, coverage: &mut Coverage) -> Result<(), String> {
        let books = self.orders.mmob.books();
        if row.is_unfinished() {
            return Err("it is not finished".into());
        }
        if let Some(why) = row.manual {
            coverage.manual += 1;
            let reason = match why {
                ByHand => self.plan.product == ProductKind::Manual,
                UnknownProduct => self.plan.product == ProductKind::Unknown,
                Conflict => self.dashboard,
                Refused | Unusable => books.harsh,
                _ => false,
            };
            coverage.conflicts += u32::from(why == Conflict);
            return if reason {
                Ok(())
            } else {
                Err(format!("an operator has it: {why:?}"))
            };
        }
        coverage.reported += 1;
        let decision = row.decision.clone().ok_or("it is reported and not decided")?;
        let remote = books.order["status"].as_str().unwrap();
        if remote != row.status.as_str() || row.status != decision.status {
            return Err(format!("MMOB has {remote}, and the hub {}", row.status));
        }
        if !self.dashboard && books.order["output"] != json!(decision.wire_output()) {
            return Err("MMOB has another output".into());
        }
        let updates: Vec<&str> = books.updates.iter().map(|(status, _)| status.as_str()).collect();
        if updates
            .iter()
            .any(|status| ["Succesful", "Failed"].contains(status) && *status != remote)
        {
            return Err(format!("MMOB got {updates:?}"));
        }
        Ok(())
    }

    /// With two crashes at most, and partners that work, the user sees the result within the minute.
    fn check_time(&self, ended: Instant) -> Result<(), String> {
        let well = self.calm && self.struck(true) == 0 && self.struck(false) <= 2 && self.resolved == 0;
        let took = self.accepted.map(|accepted| ended.saturating_duration_since(accepted));
        match took {
            Some(took) if well && took > Duration::from_secs(60) => Err(format!("it took {took:?}")),
            _ => Ok(()),
        }
    }
}
