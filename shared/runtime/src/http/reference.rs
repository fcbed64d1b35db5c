//! References from one path of the hub to another.
//!
//! The hub does not know where its paths begin for the client: at a domain's root, under a custom domain's base path, or under
//! a stage's name. So it sends relative references (RFC 3986), which are right under each of them.

/// The reference that leads from the request of one path to another. Both paths begin with a slash and have no base path.
pub fn relative(from: &str, to: &str) -> String {
    let mut from: Vec<&str> = from.split('/').skip(1).collect();
    let to: Vec<&str> = to.split('/').skip(1).collect();
    // What stands behind the last slash is replaced.
    from.pop();
    let most = to.len().saturating_sub(1);
    let shared = from
        .iter()
        .zip(&to)
        .take(most)
        .take_while(|(one, other)| one == other)
        .count();
    let up = "../".repeat(from.len().saturating_sub(shared));
    let down = to.into_iter().skip(shared).collect::<Vec<_>>().join("/");
    // A name with a colon would be read as a scheme, and an empty one as a host.
    let needs_dot = up.is_empty()
        && down
            .split('/')
            .next()
            .is_none_or(|first| first.is_empty() || first.contains(':'));
    let dot = if needs_dot { "./" } else { "" };
    format!("{dot}{up}{down}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::Url;

    use super::*;

    fn resolved(base: &str, from: &str, to: &str) -> String {
        let reference = relative(from, to);
        let request = Url::parse(&format!("https://hub.test{base}{from}?a=1")).unwrap();
        request
            .join(&reference)
            .unwrap()
            .as_str()
            .replacen("https://hub.test", "", 1)
    }

    #[test]
    fn a_reference_is_short() {
        for (from, to, reference) in [
            ("/v1/cases", "/v1/cases/7", "cases/7"),
            ("/v1/cases/", "/v1/cases/7", "7"),
            ("/v1/cases/{id}/key", "/v1/cases/7", "../7"),
            ("/api/quotes/generate", "/api/quotes/x/status", "x/status"),
            ("/api/quotes", "/v1/cases", "../v1/cases"),
            ("/a/b", "/a/urn:x", "./urn:x"),
            ("/", "/a", "a"),
        ] {
            assert_eq!(relative(from, to), reference, "{from} {to}");
        }
    }

    proptest! {
        #[test]
        fn a_reference_resolves_under_any_base_path(
            base in prop_oneof![Just(""), Just("/hub"), Just("/prod/hub"), Just("/restapis/5a/$default/_user_request_")],
            from in "(/[a-z][a-z:]{2}){1,4}/?",
            to in "(/[a-z][a-z:]{2}){1,4}",
        ) {
            prop_assert_eq!(resolved(base, &from, &to), format!("{base}{to}"));
        }
    }
}
