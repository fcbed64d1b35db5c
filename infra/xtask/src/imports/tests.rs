//! Planted circles and directions, and what looks like one.

use super::*;

const MANIFEST: &str = "[package]\nname = \"planted\"\n";

fn crate_of(files: &[(&str, &str)]) -> Sources {
    let files = files
        .iter()
        .map(|(file, text)| (format!("src/{file}"), (*text).to_owned()));
    files.collect()
}

/// The circles of a crate of these files, each with its files' names.
fn circles_of(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let edges = edges::of(&Modules::of_crate(&crate_of(files), "src/lib.rs"));
    let name = |file: String| file.trim_start_matches("src/").to_owned();
    let circles = circles::of(&edges).into_iter();
    circles.map(|circle| circle.into_iter().map(name).collect()).collect()
}

const LIB: &str = "mod a; mod b; mod c;";

#[test]
fn files_that_import_each_other_are_found_however_they_write_it() {
    let b = "pub fn f() { super::a::g(); }";
    for a in [
        "use crate::b::f; pub fn g() {}",
        "use crate::{b, c::X}; pub fn g() { b::f() }",
        "use crate::b::{self as other}; pub fn g() { other::f() }",
        "use super::b as other; pub fn g() { let _ = 0..other::f(); }",
        "pub fn g() { use crate::b::*; f() }",
        "pub fn g() { crate::b::f() }",
        "pub mod deep { use super::super::b; pub fn h() { b::f() } } pub fn g() {}",
        "#[serde(default = \"crate::b::f\")] pub struct S; pub fn g() {}",
        "pub const fn g() { json!({ \"x\": crate::b::f() }) }",
        "pub static mut S: u8 = 1; use x::{y}; use crate::b::f; pub fn g() {}",
        "#[cfg(any(test, feature = \"testing\"))] pub use crate::b::f; pub fn g() {}",
        "#[cfg(test)] mod tests { use crate::b::f; } pub fn g() {}",
        "#[cfg(test)] const X: [u8; 1] = { crate::b::f() }; pub fn g() {}",
        "pub struct S { #[cfg(test)] x: crate::b::f } pub fn g() {}",
    ] {
        let found = circles_of(&[("lib.rs", LIB), ("a.rs", a), ("b.rs", b), ("c.rs", "pub struct X;")]);
        assert_eq!(found, [["a.rs", "b.rs"]], "{a}");
    }
}

#[test]
fn what_is_no_import_makes_no_circle() {
    let b = "pub fn f() { super::a::g(); }";
    for a in [
        "pub fn g() {}",
        "// crate::b::f\npub fn g() { \"crate::b::f\"; }",
        "use crate::b; pub fn g() {}",
        "pub(in crate::b) fn g() {}",
        "use b::f; pub fn g() { x.f(); ::b::f(); }",
        "use f as f; pub fn g() { f() }",
    ] {
        let found = circles_of(&[("lib.rs", LIB), ("a.rs", a), ("b.rs", b)]);
        assert_eq!(found, [[""; 0]; 0], "{a}");
    }
}

#[test]
fn a_file_and_its_unit_tests_make_no_circle() {
    let a = "pub fn g() {} #[cfg(test)] mod tests;";
    let sample = ("a/tests/sample.rs", "use crate::a::g; pub fn sample() {}");
    for tests in [
        "mod sample; use super::*;",
        "mod sample; use super::g; use sample::sample;",
    ] {
        let files = [("lib.rs", "mod a;"), ("a.rs", a), ("a/tests.rs", tests), sample];
        assert_eq!(circles_of(&files), [[""; 0]; 0], "{tests}");
    }
}

#[test]
fn test_files_that_import_each_other_are_found() {
    let a = "pub fn g() {} #[cfg(test)] mod tests;";
    let tests = "mod sample; mod random; use super::g;";
    let sample = "use super::random::f; pub fn sample() {}";
    let random = "use super::sample::sample; pub fn f() {}";
    let files = [("a/tests/sample.rs", sample), ("a/tests/random.rs", random)];
    let found = circles_of(&[&[("lib.rs", "mod a;"), ("a.rs", a), ("a/tests.rs", tests)][..], &files].concat());
    assert_eq!(found, [["a/tests/random.rs", "a/tests/sample.rs"]]);
}

#[test]
fn an_import_leads_to_the_file_that_defines_the_item() {
    let a = "use super::hall::{X, c::f};";
    let through = [
        ("lib.rs", "mod a; mod hall;"),
        ("a.rs", a),
        ("hall/b.rs", "pub struct X;"),
    ];
    let hall = ("hall/mod.rs", "mod b; pub mod c; pub use b::X;");
    let c = ("hall/c.rs", "use super::X; pub fn f() {}");
    assert_eq!(circles_of(&[&through[..], &[hall, c]].concat()), [[""; 0]; 0]);

    // The parent defines what its child uses, and uses the child.
    let hall = (
        "hall/mod.rs",
        "mod b; pub mod c; pub use b::X; pub struct Y; fn h() { c::f() }",
    );
    let c = ("hall/c.rs", "use super::{X, Y}; pub fn f() {}");
    let sources = [&through[..], &[hall, c]].concat();
    assert_eq!(circles_of(&sources), [["hall/c.rs", "hall/mod.rs"]]);
}

#[test]
fn two_circles_are_two_and_a_longer_one_is_whole() {
    let lib = "mod a; mod b; mod c; mod d; mod e; mod f;";
    let files = [
        ("lib.rs", lib),
        ("a.rs", "use crate::b::B; pub struct A;"),
        ("b.rs", "use crate::c::C; pub struct B;"),
        ("c.rs", "use crate::a::A; pub struct C;"),
        ("d.rs", "use crate::{a::A, e::E}; pub struct D;"),
        ("e.rs", "use crate::d::D; pub struct E;"),
        ("f.rs", "use crate::{d::D, a::A};"),
    ];
    assert_eq!(circles_of(&files), [vec!["a.rs", "b.rs", "c.rs"], vec!["d.rs", "e.rs"]]);
}

fn manifest(name: &str, dependencies: &str) -> String {
    format!("[package]\nname = \"{name}\"\n{dependencies}")
}

#[test]
fn a_report_names_what_ties_the_files() {
    let mut sources = crate_of(&[
        ("bin/one.rs", "mod two; use two::T; pub fn f() {} pub enum E { V }"),
        ("bin/two.rs", "use super::{f, E::V}; pub struct T;"),
    ]);
    sources.insert("Cargo.toml".to_owned(), MANIFEST.to_owned());
    sources.insert("shared/runtime/Cargo.toml".to_owned(), manifest("runtime", ""));
    sources.insert("functions/bqs/Cargo.toml".to_owned(), manifest("bqs", ""));
    let ties = "2 files import each other: src/bin/one.rs, src/bin/two.rs\n  \
                src/bin/one.rs -> src/bin/two.rs: T\n  \
                src/bin/two.rs -> src/bin/one.rs: E, f";
    assert_eq!(findings(&sources).unwrap(), [ties]);
}

#[test]
fn every_target_of_a_package_is_read() {
    let targets = "[[bin]]\npath = \"one.rs\"\n[[test]]\npath = \"all.rs\"\n";
    let sources = [
        ("Cargo.toml", manifest("planted", targets)),
        ("all.rs", String::new()),
        ("one.rs", String::new()),
        ("src/bin/two.rs", String::new()),
        ("src/bin/three/main.rs", String::new()),
        ("src/bin/three/part.rs", String::new()),
        ("src/lib.rs", String::new()),
        ("tests/four.rs", String::new()),
        ("tests/five/main.rs", String::new()),
        ("tests/five/part.rs", String::new()),
    ];
    let sources: Sources = sources.map(|(file, text)| (format!("p/{file}"), text)).into();
    let packages = packages::read(&sources).unwrap();
    let roots = packages[0].crate_roots(&sources);
    let roots: Vec<&str> = roots.iter().map(|root| root.trim_start_matches("p/")).collect();
    let wanted = [
        "all.rs",
        "one.rs",
        "src/bin/three/main.rs",
        "src/bin/two.rs",
        "src/lib.rs",
        "tests/five/main.rs",
        "tests/four.rs",
    ];
    assert_eq!(roots, wanted);
}

#[test]
fn packages_depend_in_one_direction() {
    let found = |runtime: &str, domain: &str| {
        let packages = packages::read(&Sources::from([
            ("functions/mmob/Cargo.toml".to_owned(), manifest("mmob", "")),
            ("functions/bqs/Cargo.toml".to_owned(), manifest("bqs", domain)),
            ("shared/runtime/Cargo.toml".to_owned(), manifest("runtime", runtime)),
            ("Cargo.toml".to_owned(), "[workspace]".to_owned()),
        ]));
        packages::refused_directions(&packages.unwrap()).unwrap()
    };
    let good = "[dependencies]\nruntime.workspace = true\npartners-cases.workspace = true\n";
    assert_eq!(found("[dependencies]\nmodel.workspace = true\n", good), [""; 0]);
    let runtime = "shared/runtime/Cargo.toml: runtime depends on partners-cases: the runtime knows no partner";
    let domain = "functions/bqs/Cargo.toml: bqs depends on mmob: a domain knows no other domain";
    for kind in [
        "dependencies",
        "dev-dependencies",
        "target.'cfg(unix)'.build-dependencies",
    ] {
        let runtime_found = found(&format!("[{kind}]\npartners-cases.workspace = true\n"), "");
        assert_eq!(runtime_found, [runtime], "{kind}");
        let domain_found = found(
            "",
            &format!("[{kind}]\nother = {{ package = \"mmob\", path = \"../mmob\" }}\n"),
        );
        assert_eq!(domain_found, [domain], "{kind}");
    }
    assert!(packages::refused_directions(&[]).is_err());
}
