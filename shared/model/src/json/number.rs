//! Numbers by their value: JSON writes 36, 36.0 and 3.6e1 for the same one. None passes through a float.

use rust_decimal::Decimal;

/// The largest power of ten in an `i128`.
const MAX_ZEROS: i64 = 38;

/// A number's exact value. None if it has more than 28 digits.
pub fn decimal(text: &str) -> Option<Decimal> {
    Decimal::from_str_exact(text).ok().or_else(|| {
        let Digits { digits, exponent } = Digits::of(text)?;
        let scale = u32::try_from(exponent.min(0).unsigned_abs()).ok()?;
        Decimal::try_from_i128_with_scale(shifted(digits, exponent.max(0))?, scale).ok()
    })
}

/// A whole number. None if it has a fraction, or too many digits.
pub fn whole(text: &str) -> Option<i128> {
    text.parse().ok().or_else(|| {
        let Digits { digits, exponent } = Digits::of(text)?;
        shifted(digits, exponent)
    })
}

fn shifted(digits: i128, exponent: i64) -> Option<i128> {
    let zeros = u32::try_from(exponent).ok().filter(|_| exponent <= MAX_ZEROS)?;
    digits.checked_mul(10_i128.checked_pow(zeros)?)
}

/// A number as `digits` times ten to the power of `exponent`. The digits do not end in 0.
struct Digits {
    digits: i128,
    exponent: i64,
}

impl Digits {
    fn of(text: &str) -> Option<Self> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_end_matches('0');
        if matches!(digits, "" | "-") {
            return Some(Self { digits: 0, exponent: 0 });
        }
        let zeros = i64::try_from(all.len() - digits.len()).ok()?;
        let decimals = i64::try_from(fraction.len()).ok()?;
        Some(Self {
            digits: digits.parse().ok()?,
            exponent: exponent
                .parse::<i64>()
                .ok()?
                .checked_add(zeros)?
                .checked_sub(decimals)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_whole_number_is_whole_however_it_is_written() {
        for text in [
            "36",
            "36.0",
            "36.000000000000000000000000000000000000000000",
            "3.6e1",
            "3.6E+1",
            "360e-1",
            "0.36e2",
        ] {
            assert_eq!(whole(text), Some(36), "{text}");
            assert_eq!(decimal(text), Some(36.into()), "{text}");
        }
        for (text, wanted) in [
            ("-4.00", -4),
            ("-0", 0),
            ("-0.0", 0),
            ("0e999999999999999999999", 0),
            ("18446744073709551615.0", u64::MAX.into()),
        ] {
            assert_eq!(whole(text), Some(wanted), "{text}");
        }
        for text in [
            "36.5",
            "1e-1",
            "1e39",
            "1e999999999999999999999",
            "1e-999999999999999999999",
            "1e9223372036854775807",
        ] {
            assert_eq!(whole(text), None, "{text}");
        }
    }

    #[test]
    fn a_decimal_is_exact_or_none() {
        for (text, wanted) in [
            ("450.00", Some("450.00")),
            ("4.5e2", Some("450")),
            ("1e-3", Some("0.001")),
            ("38000.00000000000000000000000000000000000e0", Some("38000")),
        ] {
            assert_eq!(
                decimal(text).map(|number| number.to_string()).as_deref(),
                wanted,
                "{text}"
            );
        }
        for text in ["1.00000000000000000000000000001e0", "1e29", "1e-29", "1e308"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn zeros_and_exponents_change_no_value(number in any::<i64>(), zeros in 0..30_usize, shift in 0..20_i32) {
            let plain = format!("{number}.{}", "0".repeat(zeros + 1));
            prop_assert_eq!(whole(&plain), Some(number.into()));
            let power = 10_i128.pow(shift.unsigned_abs());
            let shifted = format!("{}e-{shift}", i128::from(number) * power);
            prop_assert_eq!(whole(&shifted), Some(number.into()));
            prop_assert_eq!(decimal(&shifted), Some(number.into()));
        }

        #[test]
        fn any_text_is_read_or_not(text in "[-0-9.eE+]{0,40}") {
            let _ = (whole(&text), decimal(&text));
        }
    }
}
