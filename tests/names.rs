//! One naming rule: binary = file stem = `Binary:` in the template = sample event = kebab-case of the logical id.

use std::collections::BTreeSet;
use std::fs;

use crate::declared;
use crate::template::{functions, root};

fn stems(folder: &str, extension: &str) -> BTreeSet<String> {
    let files = fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|found| found == extension));
    files
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect()
}

fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(c.to_ascii_lowercase());
    }
    kebab
}

#[test]
fn a_function_has_one_name() {
    let declared: BTreeSet<String> = functions().into_iter().map(|function| function.binary).collect();
    for function in functions() {
        assert_eq!(kebab(&function.logical_id), function.binary);
    }
    let domains = fs::read_dir(root().join("functions")).unwrap();
    let domains: Vec<String> = domains
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut binaries = BTreeSet::new();
    for domain in &domains {
        for binary in stems(&format!("functions/{domain}/src/bin"), "rs") {
            assert!(
                binary.starts_with(&format!("{domain}-")),
                "{binary} begins with its package's name"
            );
            binaries.insert(binary);
        }
    }
    assert_eq!(declared, binaries, "template.yaml and src/bin");
    assert_eq!(stems("events", "json"), binaries, "one sample event per function");
}

#[test]
fn an_entry_point_is_empty() {
    for function in functions() {
        let (domain, rest) = function.binary.split_once('-').unwrap();
        let file = root().join(format!("functions/{domain}/src/bin/{}.rs", function.binary));
        let text = fs::read_to_string(file).unwrap();
        let code: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty() && !line.starts_with("//!"))
            .map(str::trim)
            .collect();
        let call = format!("{domain}::entry::{}().run()", rest.replace('-', "_"));
        assert_eq!(
            code,
            ["fn main() -> runtime::Exit {", &call, "}"],
            "{}",
            function.binary
        );
    }
}

#[test]
fn an_entry_lists_the_functions_in_the_order_of_the_template() {
    let declared: Vec<&str> = declared::functions().iter().map(|function| function.name).collect();
    let deployed = functions();
    for domain in ["funders", "bqs", "mmob", "operations"] {
        let of_domain = |name: &&str| name.split('-').next() == Some(domain);
        let deployed: Vec<&str> = deployed.iter().map(|function| function.binary.as_str()).collect();
        let deployed: Vec<&str> = deployed.into_iter().filter(of_domain).collect();
        let declared: Vec<&str> = declared.iter().copied().filter(of_domain).collect();
        assert_eq!(declared, deployed);
    }
    assert_eq!(declared.len(), deployed.len());
}

#[test]
fn functions_with_routes_are_started_by_http_requests() {
    for function in functions() {
        let declared = declared::functions();
        let declared = declared.iter().find(|declared| declared.name == function.binary);
        let http = declared.unwrap().http.is_some();
        assert_eq!(http, !function.routes.is_empty(), "{}", function.binary);
    }
}
