//! Planted names and phrases. The refused ones come from the page, so that this file holds none.

use super::*;

fn checker() -> Checker {
    let page = include_str!("../../../../docs/writing.md");
    Checker {
        list: List::parse(page).unwrap(),
        environment: EnvironmentWord::of_funders(["lex"].into_iter()),
    }
}

/// The lines with findings.
fn lines(file: &str, text: &str) -> Vec<usize> {
    let language = Language::of(file).unwrap();
    let found = checker().read(file, language, text);
    found.iter().map(|finding| finding.line).collect()
}

#[test]
fn the_page_lists_names_and_phrases_with_what_to_say_instead() {
    let list = checker().list;
    let instead_of = |name| list.refused(name, Named::TypeOrConstant).map(|(_, instead)| instead);
    assert_eq!(instead_of("House"), Some("`Harness`"));
    assert_eq!(instead_of("Mortal"), instead_of("Fate"));
    assert_eq!(instead_of("Harness"), None);
    assert_eq!(list.phrases.len(), 4);
    assert!(
        list.phrases
            .values()
            .all(|instead| instead.starts_with("the actor") || instead.starts_with("who "))
    );
    let tables = ["words", "names", "phrases"].map(|table| format!("## Refused {table}\n| `x` | `y` |\n"));
    assert!(List::parse(&tables.concat()).is_ok());
    for table in &tables {
        assert!(List::parse(&tables.concat().replace(table, "")).is_err(), "{table}");
    }
}

#[test]
fn a_listed_name_is_refused_where_it_is_defined() {
    for defined in [
        "struct Page;",
        "pub(crate) enum Page {}",
        "trait Page {}",
        "type Page<T> = T;",
        "union Page { x: u8 }",
        "pub const Page: u8 = 1;",
        "static Page: u8 = 1;",
        "static PAGE: u8 = 1;",
        "struct Gone;",
        "mod once;",
        "async fn once() {}",
        "impl X { pub const unsafe fn once() {} }",
    ] {
        assert_eq!(lines("a.rs", &format!("\n{defined}")), [2], "{defined}");
    }
    for free in [
        "struct QuotePage;",
        "fn page() {}",
        "mod page;",
        "let once = x;",
        "let Page = Page::of(x);",
        "enum X { Page }",
        "// struct Page;",
        "\"struct Page;\"",
    ] {
        assert_eq!(lines("a.rs", free), [0; 0], "{free}");
    }
    assert_eq!(lines("src/lib.rs.edit", "@after mod a;\nmod courier;"), [2]);
}

#[test]
fn a_listed_word_is_refused_in_every_name() {
    for named in [
        "const LONGEST: u8 = 1;",
        "const LONGEST_KEY: u8 = 1;",
        "struct LongestKey;",
        "struct TheLongest;",
        "fn the_longest_key() {}",
        "mod longest;",
        "struct X { longest: u8 }",
        "fn f(longest: u8) {}",
        "let mut longest = 1;",
        "let f = |longest| 1;",
        "if let Some(longest) = x {}",
        "enum X { Longest }",
        "fn f() { it.grows_late() }",
        "struct GrowsLate;",
        "struct LONGESTKey;",
        "struct HTTPLongest;",
        "struct KeyOfLONGEST;",
    ] {
        assert_eq!(lines("a.rs", &format!("\n{named}")), [2], "{named}");
    }
    for free in [
        "let long = x;",
        "let longestkey = x;",
        "let oblongest = x;",
        "let grows = late;",
        "// longest",
        "f(\"longest\");",
    ] {
        assert_eq!(lines("a.rs", free), [0; 0], "{free}");
    }
}

#[test]
fn files_and_folders_have_names_too() {
    let found = checker().read("src/desk/tests/judge_one/once.rs", Language::Rust, "");
    let found: BTreeSet<String> = found.iter().map(ToString::to_string).collect();
    let wanted = [
        "src/desk/tests/judge_one/once.rs:0: `once` is refused: say `idempotency`",
        "src/desk/tests/judge_one:0: `judge_one` is refused for `judge`: say `invariants`",
        "src/desk:0: `desk` is refused: say `fixtures`",
    ];
    assert_eq!(found, wanted.map(str::to_owned).into());
}

#[test]
fn a_listed_phrase_is_refused_in_prose() {
    for phrase in checker().list.phrases.keys() {
        let capital = phrase.to_uppercase();
        let broken = phrase.replace(' ', "\n/// ");
        for rust in [
            format!("// {phrase} x"),
            format!("//! {capital}'s"),
            format!("fn f() {{}} /// `{broken}`"),
            format!("/* x\n{phrase} */").replace('\n', " "),
            format!("f(\"x {phrase}\");"),
        ] {
            assert_eq!(lines("a.rs", &rust), [1], "{rust}");
        }
        for prose in [format!("x\n# {phrase}."), format!("x: 1\n{phrase}-y")] {
            for file in [
                "README.md",
                "a.yaml",
                "a.toml",
                "a.py",
                "a.sh",
                ".ci/run",
                "template.yaml.edit",
            ] {
                assert_eq!(lines(file, &prose), [2], "{file}: {prose}");
            }
        }
        let joined = phrase.replace(' ', "_");
        if !phrase.contains(' ') {
            assert_eq!(lines("a.rs", &format!("fn answered_by_{phrase}() {{}}")), [1]);
        }
        for free in [format!("// {joined}s x{phrase}"), format!("f(\"{joined}\");")] {
            assert_eq!(lines("a.rs", &free), [0; 0], "{free}");
        }
        assert_eq!(lines(WRITING, &format!("quoted: `{phrase}`")), [0; 0]);
        assert_eq!(lines(WRITING, &format!("used: {phrase}")), [1]);
    }
}

#[test]
fn a_phrase_ends_with_its_sentence() {
    let rows = "| `A` | b |\n## Refused phrases\n| `was seen` | the actor |\n";
    let page = format!("## Refused words\n| `x` | y |\n## Refused names\n{rows}");
    let list = List::parse(&page).unwrap();
    let found = |parts: &[&str]| {
        let mut phrases = Phrases::default();
        for part in parts {
            phrases.add(part, 1);
            phrases.end_sentence();
        }
        phrases.refused(&list).len()
    };
    for parts in [&["as it was. Seen so"][..], &["was, seen"], &["was", "seen"]] {
        assert_eq!(found(parts), 0, "{parts:?}");
    }
    for text in ["was seen", "was\n  # seen", "WAS\n/// seen"] {
        assert_eq!(found(&[text]), 1, "{text}");
    }
}

/// The word in its three spellings, of which this file may write two only in a funder's sense.
fn spellings() -> [String; 3] {
    let title = "Environment::Sandbox".trim_start_matches("Environment::");
    [title.to_lowercase(), title.to_owned(), title.to_uppercase()]
}

#[test]
fn a_funders_environment_keeps_its_name() {
    let [word, title, upper] = spellings();
    for good in [
        "SANDBOX",
        "LEX SANDBOX fails",
        "{environment:SANDBOX}",
        "LEX_SANDBOX_URL",
        "Environment::Sandbox",
        "LexSandboxSecretArn",
        "AllowSandbox: !Ref AllowSandbox",
        "ALLOW_SANDBOX",
        "!If [SandboxIsOpen, x]",
        &format!("trunkline/staging/lex/{word}"),
        &format!("lex-{word}"),
        "stack.json's sandboxUrl",
        "stack.sandbox_url",
    ] {
        assert_eq!(lines("a.yaml", good), [0; 0], "{good}");
        let rust = format!("// {good}\nf(\"{good}\")");
        assert_eq!(lines("a.rs", &rust), [0; 0], "{good}");
    }
    for bad in [
        format!("the {word} dies"),
        format!("two {word}es"),
        format!("infra/{word}"),
        format!("trunkline-{word}"),
        format!("TRUNKLINE_{upper}"),
        format!("{title}Stack"),
        format!("Allow{title}es"),
        format!("{title}IsBroken"),
        format!("Mmob{title}Errors"),
        title.clone(),
        format!("Environment::{title}ed"),
    ] {
        assert_eq!(lines("a.yaml", &format!("x\n{bad}")), [2], "{bad}");
        assert_eq!(lines("a.rs", &format!("\n// {bad}")), [2], "{bad}");
        assert_eq!(lines("a.rs", &format!("\nf(\"\n{bad}\")")), [3], "{bad}");
    }
}

#[test]
fn a_name_in_rust_may_be_the_environments() {
    let [word, title, upper] = spellings();
    for good in ["SANDBOX", "LEX_SANDBOX_URL", "sandbox_url", &format!("lex_{word}")] {
        assert_eq!(lines("a.rs", &format!("const {good}: u8 = {good};")), [0; 0], "{good}");
    }
    assert_eq!(lines("a.rs", &format!("enum Environment {{ {title}, Live }}")), [0; 0]);
    for bad in [
        format!("struct {title};"),
        format!("let {word} = 1;"),
        format!("fn start_{word}() {{}}"),
        format!("const {upper}_FAILED: u8 = 1;"),
    ] {
        assert_eq!(lines("a.rs", &bad), [1], "{bad}");
    }
}

#[test]
fn a_funder_is_known_by_its_fixtures() {
    assert_eq!(
        funder_of("shared/partners/funders/fixtures/lex/quote.json"),
        Some("lex")
    );
    assert_eq!(funder_of("shared/partners/marketplace/fixtures/mmob/order.json"), None);
    assert_eq!(funder_of("shared/runtime/fixtures/key.pem"), None);
}

#[test]
fn a_public_type_is_defined_once() {
    let doubles = |files: &[(&str, &str)]| {
        let mut types = PublicTypes::default();
        let found = files.iter().flat_map(|(file, text)| types.add(file, text));
        found.map(|finding| finding.to_string()).collect::<Vec<_>>()
    };
    let first = ("functions/bqs/src/a.rs", "pub struct Health;");
    assert_eq!(
        doubles(&[first, ("shared/model/src/b.rs", "\npub enum Health {}")]),
        ["shared/model/src/b.rs:2: `Health` is a public type in functions/bqs/src/a.rs too: rename one of them"]
    );
    for free in [
        (
            "shared/model/src/b.rs",
            "struct Health;\npub struct PartnerHealth;\npub fn health() {}",
        ),
        ("shared/model/src/tests/b.rs", "pub struct Health;"),
        ("infra/simulators/src/b.rs", "pub struct Health;"),
    ] {
        assert!(doubles(&[first, free]).is_empty(), "{free:?}");
    }
    let per_domain = "pub struct Env;\npub type Function = u8;";
    assert!(
        doubles(&[
            ("functions/bqs/src/a.rs", per_domain),
            ("functions/mmob/src/a.rs", per_domain)
        ])
        .is_empty()
    );
}
