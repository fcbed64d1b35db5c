//! What has to be true of a life that is over.

use std::time::Duration;

use model::order::Outcome;
use serde_json::json;
use tokio::time::Instant;

use super::{Life, Product, Report};
use crate::order::Manual::{ByHand, Conflict, Refused, UnknownProduct, Unusable};
use crate::order::OrderRow;

impl Life {
    pub fn judge(&self) -> Result<Report, String> {
        let seen = self.house.witness.seen.lock().unwrap();
        if let Some(violation) = seen.violations.first() {
            return Err(violation.clone());
        }
        let row = self.house.find();
        let (crashes, stalls) = (self.struck(false), self.struck(true));
        let mut report = Report {
            crashes,
            stalls,
            resolved: self.resolved,
            dashboards: self.dashboard.into(),
            ..Report::default()
        };
        let Some(row) = row else {
            return if self.answered.is_some() {
                Err("an order that was taken is not there".into())
            } else {
                Ok(report)
            };
        };
        self.judge_effects(crashes + stalls, &mut report)?;
        self.judge_decisions(&seen.decisions)?;
        self.judge_end(&row, &mut report)?;
        if let Some((_, ended)) = seen.ended.first() {
            self.judge_time(*ended)?;
        }
        report.rounds = row.round;
        Ok(report)
    }

    /// One effect for each round, and no more deliveries than something went wrong.
    fn judge_effects(&self, hurt: u32, report: &mut Report) -> Result<(), String> {
        let books = self.house.web.books();
        if books.forged > 0 {
            return Err("a callback is not signed well".into());
        }
        for (round, ids) in &books.effects {
            if ids.len() != 1 {
                return Err(format!("round {round} has effects under {ids:?}"));
            }
        }
        for (round, count) in &books.deliveries {
            let unwell = books.unwell.get(round).copied().unwrap_or_default();
            if *count > 1 + hurt + unwell {
                return Err(format!(
                    "round {round} was delivered {count} times after {hurt} deaths and {unwell} failures"
                ));
            }
            report.deliveries += count;
        }
        Ok(())
    }

    /// Each round is decided once, as its product is fulfilled. Operators may decide otherwise; who does so on MMOB's own
    /// dashboard only where no provider has done anything yet.
    fn judge_decisions(&self, decisions: &[(u32, Outcome)]) -> Result<(), String> {
        if self.resolved > 0 {
            return Ok(());
        }
        let effects = self.house.web.books().effects.clone();
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
        let last = round > 1 || !self.plan.product.wants_more();
        if matches!(self.plan.product, Product::Auto | Product::Lacking) {
            return if last { "Succesful" } else { "Need_more_info" }.to_owned();
        }
        let answers = &self.house.web.books().answers;
        let answer = if last { answers.last() } else { answers.first() };
        answer.unwrap()["status"].as_str().unwrap().replace("ss", "s")
    }

    /// MMOB says what the row says, or an operator has it for a reason.
    fn judge_end(&self, row: &OrderRow, report: &mut Report) -> Result<(), String> {
        let books = self.house.web.books();
        if row.is_unfinished() {
            return Err("it is not finished".into());
        }
        if let Some(why) = row.manual {
            report.manual += 1;
            let reason = match why {
                ByHand => self.plan.product == Product::Manual,
                UnknownProduct => self.plan.product == Product::Unknown,
                Conflict => self.dashboard,
                Refused | Unusable => books.harsh,
                _ => false,
            };
            report.conflicts += u32::from(why == Conflict);
            return if reason {
                Ok(())
            } else {
                Err(format!("an operator has it: {why:?}"))
            };
        }
        report.told += 1;
        let decision = row.decision.clone().ok_or("it is told and not decided")?;
        let said = books.order["status"].as_str().unwrap();
        if said != row.status.as_str() || row.status != decision.status {
            return Err(format!("MMOB says {said}, and we {}", row.status));
        }
        if !self.dashboard && books.order["output"] != json!(decision.wire_output()) {
            return Err("MMOB was told something else".into());
        }
        let finals: Vec<&str> = books.told.iter().map(|(status, _)| status.as_str()).collect();
        if finals
            .iter()
            .any(|status| ["Succesful", "Failed"].contains(status) && *status != said)
        {
            return Err(format!("MMOB was told {finals:?}"));
        }
        Ok(())
    }

    /// With two deaths at most, and everybody else well, the user sees it within the minute.
    fn judge_time(&self, ended: Instant) -> Result<(), String> {
        let well = self.calm && self.struck(true) == 0 && self.struck(false) <= 2 && self.resolved == 0;
        let took = self.answered.map(|answered| ended.saturating_duration_since(answered));
        match took {
            Some(took) if well && took > Duration::from_secs(60) => Err(format!("it took {took:?}")),
            _ => Ok(()),
        }
    }
}
