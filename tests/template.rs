//! What `template.yaml` says, as far as tests need it: read line by line, since the file is written one way.

use std::fs;
use std::path::PathBuf;

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[derive(Debug, Default, PartialEq)]
pub struct Function {
    pub logical_id: String,
    pub binary: String,
    /// Method in lower case and path, or `$default`.
    pub routes: Vec<(String, String)>,
    pub events: usize,
}

pub fn text() -> String {
    fs::read_to_string(root().join("template.yaml")).unwrap()
}

/// Every function, in the order of the file.
pub fn functions() -> Vec<Function> {
    let mut functions: Vec<Function> = Vec::new();
    let mut resource = String::new();
    for line in text().lines() {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        if indent == 2 && line.ends_with(':') {
            resource = line.trim_end_matches(':').to_owned();
        }
        if line == "Type: AWS::Serverless::Function" {
            functions.push(Function {
                logical_id: resource.clone(),
                ..Function::default()
            });
        }
        let Some(function) = functions.last_mut().filter(|function| function.logical_id == resource) else {
            continue;
        };
        if let Some(binary) = line.strip_prefix("Binary: ") {
            function.binary = binary.to_owned();
        }
        if indent == 10 && line.starts_with("Type: ") {
            function.events += 1;
        }
        if let Some(route) = line.strip_prefix("Properties: { ApiId: !Ref HttpApi") {
            let part = |name: &str| {
                let rest = route.split_once(name)?.1;
                Some(rest.split([',', ' ']).next().unwrap().trim_matches('\'').to_owned())
            };
            let method = part("Method: ").unwrap_or_default().to_lowercase();
            function
                .routes
                .push((method, part("Path: ").unwrap_or_else(|| "$default".to_owned())));
        }
    }
    functions
}

#[test]
fn the_stack_stays_far_from_cloudformations_limit() {
    // A function brings itself, a role, and per event a permission or a mapping.
    let resources: usize = functions().iter().map(|function| 2 + function.events).sum();
    assert!(resources + 20 <= 450, "{resources}");
}

#[test]
fn private_addresses_may_be_called_in_local_only() {
    let text = text();
    let parameter = text.split_once("  EgressAllow:").unwrap().1;
    assert!(parameter.split("Description").next().unwrap().contains("Default: ''"));
    let samconfig = fs::read_to_string(root().join("samconfig.toml")).unwrap();
    let elsewhere = samconfig.split("\n[").filter(|section| !section.starts_with("local."));
    for section in elsewhere {
        assert!(!section.contains("EgressAllow"), "{section}");
    }
    assert!(samconfig.contains("[local.deploy") && samconfig.contains("EgressAllow=127.0.0.1"));
}

#[test]
fn no_policy_reaches_everything() {
    for line in text().lines().map(str::trim) {
        assert!(
            !line.starts_with("Resource: '*'") && !line.starts_with("Resource: \"*\"") && !line.contains("Action: '*'"),
            "{line}"
        );
        assert!(!(line.starts_with("Action") && line.contains(":*")), "{line}");
    }
}
