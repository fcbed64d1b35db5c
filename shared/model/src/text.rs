//! Texts that people write, such as names and addresses: what they must not hide.
//!
//! A control character ends a line of a partner's form or a C string. A format character is invisible: a bidi mark reorders what
//! an operator sees, and a joiner makes two names look the same. The names of some languages are written with joiners (U+200C,
//! U+200D), and are refused with them: without them they can still be read.

use std::sync::LazyLock;

use icu_properties::props::GeneralCategory;
use icu_properties::{CodePointMapData, CodePointMapDataBorrowed};

const CATEGORIES: CodePointMapDataBorrowed<'static, GeneralCategory> = CodePointMapData::<GeneralCategory>::new();
const HIDDEN: [GeneralCategory; 2] = [GeneralCategory::Control, GeneralCategory::Format];

/// Why a text is refused by [`plain`].
pub const NOT_PLAIN: &str = "must have no control or format characters";

/// Whether a text has no character of Unicode's categories Cc and Cf.
pub fn is_plain(text: &str) -> bool {
    !text.contains(is_hidden)
}

/// The same for a text of several lines, which may also have tabs.
pub fn is_plain_prose(text: &str) -> bool {
    !text.contains(|c| is_hidden(c) && !matches!(c, '\t' | '\n' | '\r'))
}

fn is_hidden(c: char) -> bool {
    // Most texts are ASCII, which needs no table.
    c.is_control() || (!c.is_ascii() && HIDDEN.contains(&CATEGORIES.get(c)))
}

/// For `#[garde(custom(plain))]`: a text of one line.
pub fn plain(text: &str, _: &()) -> garde::Result {
    check(is_plain(text))
}

/// For `#[garde(custom(plain_prose))]`: a text of several lines.
pub fn plain_prose(text: &str, _: &()) -> garde::Result {
    check(is_plain_prose(text))
}

fn check(good: bool) -> garde::Result {
    good.then_some(()).ok_or_else(|| garde::Error::new(NOT_PLAIN))
}

/// The inside of a class of a regular expression, for the API document: what [`is_plain`] refuses, as far as four digits can
/// write it. Beyond U+FFFF, .NET and JavaScript would read a range as two halves of characters, and refuse the expression.
pub fn hidden_class() -> &'static str {
    static CLASS: LazyLock<String> = LazyLock::new(|| {
        let ranges = HIDDEN.map(|category| CATEGORIES.iter_ranges_for_value(category));
        let short = ranges.into_iter().flatten().filter(|range| *range.end() <= 0xffff);
        let class = short.map(|range| match range.into_inner() {
            (first, last) if first == last => format!("\\u{first:04x}"),
            (first, last) => format!("\\u{first:04x}-\\u{last:04x}"),
        });
        class.collect()
    });
    &CLASS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Unicode's own list of Cf in version 17, and the two ranges of Cc.
    const RANGES: [(u32, u32); 23] = [
        (0x0000, 0x001f),
        (0x007f, 0x009f),
        (0x00ad, 0x00ad),
        (0x0600, 0x0605),
        (0x061c, 0x061c),
        (0x06dd, 0x06dd),
        (0x070f, 0x070f),
        (0x0890, 0x0891),
        (0x08e2, 0x08e2),
        (0x180e, 0x180e),
        (0x200b, 0x200f),
        (0x202a, 0x202e),
        (0x2060, 0x2064),
        (0x2066, 0x206f),
        (0xfeff, 0xfeff),
        (0xfff9, 0xfffb),
        (0x110bd, 0x110bd),
        (0x110cd, 0x110cd),
        (0x13430, 0x1343f),
        (0x1bca0, 0x1bca3),
        (0x1d173, 0x1d17a),
        (0xe0001, 0xe0001),
        (0xe0020, 0xe007f),
    ];

    fn is_listed(c: char) -> bool {
        RANGES
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&u32::from(c)))
    }

    #[test]
    fn every_code_point_of_the_two_categories_is_refused_and_no_other() {
        for c in '\0'..=char::MAX {
            assert_eq!(is_hidden(c), is_listed(c), "U+{:04X}", u32::from(c));
            assert!(!c.is_control() || is_hidden(c), "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn names_of_many_scripts_are_plain() {
        for name in [
            "",
            "O'Brien-Smith Jr.",
            "Søren Ægir Åkesson",
            "Nguyễn Thị Minh Khai",
            "Zoe\u{308}",
            "李小龍",
            "محمد",
            "Παπαδόπουλος",
            "12 Main St, Flat 4\u{a0}B",
        ] {
            assert!(is_plain(name) && plain(name, &()).is_ok(), "{name}");
        }
        for name in [
            "a\0",
            "a\r\nb",
            "a\tb",
            "\u{202e}nhoJ",
            "a\u{200d}b",
            "a\u{ad}b",
            "\u{feff}a",
        ] {
            assert!(!is_plain(name) && plain(name, &()).is_err(), "{name:?}");
        }
        assert!(is_plain_prose("one\r\n\ttwo") && plain_prose("one\n", &()).is_ok());
        for text in ["a\0", "a\u{85}", "a\u{2066}b"] {
            assert!(!is_plain_prose(text) && plain_prose(text, &()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_class_of_the_api_document_names_the_same_characters_up_to_ffff() {
        let class = hidden_class().replace("\\u", " ");
        let found: Vec<_> = class.split_whitespace().collect();
        let mut written = Vec::new();
        for (first, last) in RANGES.into_iter().filter(|(first, _)| *first <= 0xffff) {
            written.extend(match first == last {
                true => vec![format!("{first:04x}")],
                false => vec![format!("{first:04x}-"), format!("{last:04x}")],
            });
        }
        assert_eq!(found, written);
    }

    proptest! {
        #[test]
        fn one_hidden_character_anywhere_is_enough(
            before in "[^\\p{Cc}\\p{Cf}]{0,20}", range in 0..RANGES.len(), at in any::<u32>(), after in "[^\\p{Cc}\\p{Cf}]{0,20}",
        ) {
            let (first, last) = RANGES[range];
            let hidden = char::from_u32(first + at % (last - first + 1)).unwrap();
            let (without, with) = (format!("{before}{after}"), format!("{before}{hidden}{after}"));
            prop_assert!(is_plain(&without) && !is_plain(&with));
        }
    }
}
