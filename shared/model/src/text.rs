//! Texts that people write, such as names and addresses: what they must not hide.
//!
//! A control character ends a line of a partner's form or a C string. A format character is invisible: a bidi mark reorders what
//! an operator sees, and a joiner makes two names look the same. The names of some languages are written with joiners (U+200C,
//! U+200D), and are refused with them: without them they can still be read.

/// The characters of Unicode's categories Cc and Cf, first and last of each range. A test compares them with Unicode's own list,
/// whose crate would be 2 % of a function.
const HIDDEN: [(char, char); 23] = [
    ('\0', '\u{1f}'),
    ('\u{7f}', '\u{9f}'),
    ('\u{ad}', '\u{ad}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{180e}', '\u{180e}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{2064}'),
    ('\u{2066}', '\u{206f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0001}', '\u{e0001}'),
    ('\u{e0020}', '\u{e007f}'),
];

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
    c.is_control() || (!c.is_ascii() && HIDDEN.iter().any(|(first, last)| (*first..=*last).contains(&c)))
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
pub fn hidden_class() -> String {
    let short = HIDDEN.iter().filter(|(_, last)| *last <= '\u{ffff}');
    let class = short.map(|(first, last)| match (u32::from(*first), u32::from(*last)) {
        (first, last) if first == last => format!("\\u{first:04x}"),
        (first, last) => format!("\\u{first:04x}-\\u{last:04x}"),
    });
    class.collect()
}

#[cfg(test)]
mod tests {
    use icu_properties::CodePointMapData;
    use icu_properties::props::GeneralCategory;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_code_point_of_the_two_categories_is_refused_and_no_other() {
        let categories = CodePointMapData::<GeneralCategory>::new();
        for c in '\0'..=char::MAX {
            let hidden = [GeneralCategory::Control, GeneralCategory::Format].contains(&categories.get(c));
            assert_eq!(is_hidden(c), hidden, "U+{:04X}", u32::from(c));
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
        let class = hidden_class();
        let named = |c: char| format!("\\u{:04x}", u32::from(c));
        for (first, last) in HIDDEN {
            assert_eq!(class.contains(&named(first)), last <= '\u{ffff}', "{first:?}");
        }
        assert!(
            class.starts_with("\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u0600-"),
            "{class}"
        );
        assert!(class.ends_with("\\ufeff\\ufff9-\\ufffb"), "{class}");
    }

    proptest! {
        #[test]
        fn one_hidden_character_anywhere_is_enough(
            before in "[^\\p{Cc}\\p{Cf}]{0,20}", range in 0..HIDDEN.len(), at in any::<u32>(), after in "[^\\p{Cc}\\p{Cf}]{0,20}",
        ) {
            let (first, last) = HIDDEN[range];
            let (first, last) = (u32::from(first), u32::from(last));
            let hidden = char::from_u32(first + at % (last - first + 1)).unwrap();
            let (without, with) = (format!("{before}{after}"), format!("{before}{hidden}{after}"));
            prop_assert!(is_plain(&without) && !is_plain(&with));
        }
    }
}
