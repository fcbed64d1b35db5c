//! What a header says of a body, and lists with parameters in headers.

use model::{Error, Kind, Result};

/// The parts of a header's value between separators that are not quoted.
pub fn split(value: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = value.split(move |letter: char| {
        if std::mem::take(&mut escaped) {
            return false;
        }
        match letter {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        letter == separator && !quoted
    });
    parts.map(str::trim)
}

/// Refuses a body that the hub would misread: its content type names another charset than UTF-8.
pub(super) fn check_charset(content_type: &str) -> Result<()> {
    let parameters = split(content_type, ';').skip(1).filter_map(|one| one.split_once('='));
    let mut charsets = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    let is_utf8 = |charset: &str| {
        let charset = charset.trim().trim_matches('"');
        ["utf-8", "utf8"].iter().any(|name| charset.eq_ignore_ascii_case(name))
    };
    if charsets.all(|(_, charset)| is_utf8(charset)) {
        return Ok(());
    }
    Err(Error::new(Kind::UnsupportedMedia, "The body must be in UTF-8."))
}

/// Refuses a compressed body.
pub(super) fn check_encoding(content_encoding: &str) -> Result<()> {
    let mut codings = split(content_encoding, ',').filter(|coding| !coding.is_empty());
    if codings.all(|coding| coding.eq_ignore_ascii_case("identity")) {
        return Ok(());
    }
    let what = "The body must not be compressed: the only content encoding is identity.";
    Err(Error::new(Kind::UnsupportedMedia, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_separator_in_quotes_separates_nothing() {
        let parts = |value| split(value, ';').collect::<Vec<_>>();
        assert_eq!(parts("a; b=\"c;d\" ;e"), ["a", "b=\"c;d\"", "e"]);
        assert_eq!(parts(r#"a="\";b\\";c"#), [r#"a="\";b\\""#, "c"]);
        assert_eq!(parts(""), [""]);
    }

    #[test]
    fn every_charset_but_utf_8_is_refused() {
        for good in [
            "",
            "application/json",
            "application/json;",
            "application/json; charset=utf-8",
            "application/json;CHARSET=UTF-8",
            "application/json; charset=\"Utf-8\"; x=y",
            "application/json; charset = utf8",
            "multipart/form-data; boundary=\"a; charset=latin1\"",
            "application/json; x-charset=latin1",
        ] {
            assert!(check_charset(good).is_ok(), "{good}");
        }
        for bad in [
            "application/json; charset=iso-8859-1",
            "application/json;charset=\"windows-1252\"",
            "application/json; charset=utf-16",
            "application/json; charset=us-ascii",
            "application/json; charset=",
            "application/json; charset=utf-8; charset=latin1",
            "application/json; x=\"\\\"\"; charset=latin1",
        ] {
            assert_eq!(check_charset(bad).unwrap_err().kind, Kind::UnsupportedMedia, "{bad}");
        }
    }

    #[test]
    fn every_encoding_but_identity_is_refused() {
        for good in ["", "identity", "Identity, identity"] {
            assert!(check_encoding(good).is_ok(), "{good}");
        }
        for bad in ["gzip", "br", "identity, gzip", "x"] {
            assert_eq!(check_encoding(bad).unwrap_err().kind, Kind::UnsupportedMedia, "{bad}");
        }
    }
}
