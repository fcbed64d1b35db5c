//! When to try again, as spec 1 lays it down: `min(BASE * MULTIPLIER^(n-1), MAX)` before retry `n`.

use std::num::NonZeroU32;
use std::time::Duration;

use model::{Error, Kind, Result};

use crate::port::config::Config;
use crate::port::crypto;

#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    pub enabled: bool,
    pub max_retries: u32,
    pub base: Duration,
    pub max: Duration,
    pub multiplier: f64,
    /// Spreads delays by up to a fifth either way. Off by default, because the documented delays have none.
    pub jitter: bool,
    /// Requests a second to one installation, from all instances together.
    pub rate: Option<NonZeroU32>,
}

/// The attempts that an exchange has made.
#[derive(Debug, Default)]
pub struct Done {
    /// Requests that were answered or given up.
    pub attempts: u32,
    retries: u32,
    refreshed: bool,
    reread: bool,
}

impl Done {
    pub fn is_first(&self) -> bool {
        self.attempts == 0
    }
}

impl Policy {
    /// `API_*` for every partner, `<PARTNER>_*` over it where set. Delays are in milliseconds.
    pub fn load(config: &Config, partner: &str) -> Result<Self> {
        let own = |name: &str| format!("{partner}_{name}");
        let number =
            |name: &str, default: u64| config.parse(&own(name), config.parse(&format!("API_{name}"), default)?);
        let flag = |name: &str, default: bool| config.parse(&own(name), config.parse(&format!("API_{name}"), default)?);
        let multiplier = config.parse("API_RETRY_BACKOFF_MULTIPLIER", 2.0)?;
        let multiplier: f64 = config.parse(&own("RETRY_BACKOFF_MULTIPLIER"), multiplier)?;
        if !(1.0..=1000.0).contains(&multiplier) {
            return Err(Error::misconfigured(
                "a retry backoff multiplier must be between 1 and 1000",
            ));
        }
        Ok(Self {
            enabled: flag("RETRY_ENABLED", true)?,
            max_retries: u32::try_from(number("MAX_RETRIES", 3)?).unwrap_or(u32::MAX),
            base: Duration::from_millis(number("RETRY_BASE_DELAY", 1000)?),
            max: Duration::from_millis(number("RETRY_MAX_DELAY", 10_000)?),
            multiplier,
            jitter: flag("RETRY_JITTER", false)?,
            rate: [own("RATE_LIMIT"), "API_RATE_LIMIT".to_owned()]
                .iter()
                .find(|name| config.get(name).is_some())
                .map(|name| config.parse(name, NonZeroU32::MIN))
                .transpose()?,
        })
    }

    /// This policy for a worker whose queue delays the retries: one attempt per message.
    #[must_use]
    pub fn single(self) -> Self {
        Self { max_retries: 0, ..self }
    }

    /// This policy for a question whose failure is the answer.
    #[must_use]
    pub fn without_retries(self) -> Self {
        Self { enabled: false, ..self }
    }

    /// The delay before retry `n`, counted from 1.
    pub fn delay(&self, n: u32) -> Duration {
        let exponent = i32::try_from(n.saturating_sub(1)).unwrap_or(i32::MAX);
        let factor = self.multiplier.powi(exponent).min(1e9);
        let delay = self.base.mul_f64(factor).min(self.max);
        if self.jitter { delay.mul_f64(spread()) } else { delay }
    }

    /// Whether a wait that the partner asked for is short enough to be waited out here.
    pub fn waits(&self, wait: Duration) -> bool {
        self.enabled && wait <= self.max
    }

    /// How long to wait before trying again, or that there is no trying again.
    ///
    /// A request whose outcome is unknown is repeated only if that does no harm. Refused credentials get one fresh token,
    /// and an unusable answer one more chance.
    pub fn next(&self, done: &mut Done, error: &Error, repeatable: bool) -> Option<Duration> {
        if error.kind == Kind::PartnerAuth {
            return (!std::mem::replace(&mut done.refreshed, true)).then_some(Duration::ZERO);
        }
        if !self.enabled {
            return None;
        }
        let n = done.retries + 1;
        let again = match error.kind {
            Kind::PartnerBadResponse => repeatable && !std::mem::replace(&mut done.reread, true),
            Kind::PartnerTimeout | Kind::PartnerReset | Kind::PartnerError => repeatable && n <= self.max_retries,
            Kind::PartnerUnreachable | Kind::PartnerThrottled => n <= self.max_retries,
            _ => false,
        };
        let asked = error
            .retry_after
            .filter(|_| error.kind == Kind::PartnerThrottled)
            .unwrap_or_default();
        if !again || asked > self.max {
            return None;
        }
        done.retries = n;
        Some(asked.max(self.delay(n)))
    }
}

/// Between 0.8 and 1.2.
fn spread() -> f64 {
    0.8 + 0.4 * crypto::fraction()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(settings: &[(&str, &str)]) -> Policy {
        Policy::load(&settings.iter().copied().collect(), "LEX").unwrap()
    }

    fn delays(policy: &Policy) -> Vec<u64> {
        (1..=policy.max_retries)
            .map(|n| u64::try_from(policy.delay(n).as_millis()).unwrap())
            .collect()
    }

    #[test]
    fn the_defaults_wait_1_2_and_4_seconds() {
        assert_eq!(delays(&policy(&[])), [1000, 2000, 4000]);
    }

    #[test]
    fn settings_of_the_partner_go_over_the_global_ones() {
        let global = [
            ("API_MAX_RETRIES", "2"),
            ("API_RETRY_BASE_DELAY", "100"),
            ("API_RETRY_BACKOFF_MULTIPLIER", "3"),
        ];
        assert_eq!(delays(&policy(&global)), [100, 300]);
        let own = [
            ("API_MAX_RETRIES", "2"),
            ("LEX_MAX_RETRIES", "5"),
            ("LEX_RETRY_BASE_DELAY", "2000"),
        ];
        assert_eq!(delays(&policy(&own)), [2000, 4000, 8000, 10_000, 10_000]);
        assert!(!policy(&[("API_RETRY_ENABLED", "false")]).enabled);
        assert!(policy(&[("API_RETRY_ENABLED", "false"), ("LEX_RETRY_ENABLED", "true")]).enabled);
    }

    #[test]
    fn a_limit_is_the_partners_or_else_everybodys_or_none() {
        let rate = |settings: &[(&str, &str)]| policy(settings).rate.map(NonZeroU32::get);
        assert_eq!(rate(&[("LEX_RATE_LIMIT", ""), ("API_RATE_LIMIT", "")]), None);
        assert_eq!(rate(&[("LEX_RATE_LIMIT", ""), ("API_RATE_LIMIT", "9")]), Some(9));
        assert_eq!(rate(&[("LEX_RATE_LIMIT", "2"), ("API_RATE_LIMIT", "9")]), Some(2));
    }

    #[test]
    fn a_setting_that_cannot_be_read_is_named() {
        for (name, value) in [("API_MAX_RETRIES", "many"), ("LEX_RATE_LIMIT", "0")] {
            let error = Policy::load(&[(name, value)].into_iter().collect(), "LEX").unwrap_err();
            assert!(error.message.contains(name));
        }
    }

    #[test]
    fn huge_numbers_end_at_the_cap() {
        let policy = policy(&[
            ("API_MAX_RETRIES", "4000000000"),
            ("API_RETRY_BACKOFF_MULTIPLIER", "1000"),
        ]);
        assert_eq!(policy.delay(u32::MAX), Duration::from_secs(10));
    }

    #[test]
    fn jitter_stays_within_a_fifth() {
        let policy = policy(&[("API_RETRY_JITTER", "true")]);
        for _ in 0..1000 {
            assert!((800..=1200).contains(&policy.delay(1).as_millis()));
        }
    }

    #[test]
    fn what_may_have_happened_is_not_done_again_unless_that_is_harmless() {
        let again = |kind, repeatable| {
            policy(&[])
                .next(&mut Done::default(), &Error::new(kind, ""), repeatable)
                .is_some()
        };
        for kind in [
            Kind::PartnerTimeout,
            Kind::PartnerReset,
            Kind::PartnerError,
            Kind::PartnerBadResponse,
        ] {
            assert!(again(kind, true) && !again(kind, false), "{kind:?}");
        }
        for kind in [Kind::PartnerUnreachable, Kind::PartnerThrottled] {
            assert!(again(kind, true) && again(kind, false), "{kind:?}");
        }
        for kind in [Kind::PartnerRejected, Kind::Misconfigured, Kind::Internal] {
            assert!(!again(kind, true), "{kind:?}");
        }
    }
}
