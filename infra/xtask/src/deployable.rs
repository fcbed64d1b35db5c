//! The deployable copy of template.yaml, with the packages that cargo has built in place of `sam build`'s metadata.

use std::path::{Path, PathBuf};

use sam_template::{FUNCTION, STACK, Template};
use serde_json::{Map, Value, json};

use crate::failure::{Context, Result};

/// Paths that a spec also writes with a trailing slash. On AWS the fallback function redirects those to the path without
/// it. The emulator serves the API below a path of its own, where that redirect fails, so each becomes a second route.
const TRAILING_SLASH_PATHS: [&str; 2] = ["/v1/bqs-case/management", "/v1/bqs-case/message/case"];

/// Where the copy finds what template.yaml names.
pub struct Places<'a> {
    /// The folder of a binary's package, or `None` if the workspace builds no such binary.
    pub package: &'a dyn Fn(&str) -> Option<PathBuf>,
    /// The file of a nested stack.
    pub stack: &'a dyn Fn(&str) -> Result<PathBuf>,
}

/// For the emulator, in JSON, which is YAML.
pub fn emulated(template: &Template, root: &Path, package: &dyn Fn(&str) -> Option<PathBuf>) -> Result<String> {
    let stack = |file: &str| {
        let path = root.join(file);
        let exists = path.is_file().then_some(path);
        exists.context(format!("template.yaml: {file} does not exist"))
    };
    let mut copy = deployable(template, &Places { package, stack: &stack })?;
    let resources = copy.get_mut("Resources").and_then(Value::as_object_mut);
    for (_, resource) in resources.into_iter().flatten() {
        if let Some(events) = resource
            .pointer_mut("/Properties/Events")
            .and_then(Value::as_object_mut)
        {
            let more: Vec<(String, Value)> = events.iter().filter_map(trailing_slash_route).collect();
            events.extend(more);
        }
    }
    serde_json::to_string_pretty(&copy).context("template.yaml")
}

pub fn deployable(template: &Template, places: &Places) -> Result<Value> {
    let mut copy = template.document.clone();
    if let Some(globals) = copy.pointer_mut("/Globals/Function").and_then(Value::as_object_mut) {
        globals.remove("CodeUri");
    }
    let resources = copy.get_mut("Resources").and_then(Value::as_object_mut);
    for (name, resource) in resources.into_iter().flatten() {
        let kind = resource
            .get("Type")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let resource = resource.as_object_mut().context(format!("template.yaml: {name}"))?;
        if kind == FUNCTION {
            function(name, resource, places)?;
        } else if kind == STACK {
            nested(name, resource, places)?;
        }
    }
    Ok(copy)
}

fn function(name: &str, resource: &mut Map<String, Value>, places: &Places) -> Result<()> {
    let metadata = resource.remove("Metadata").unwrap_or_default();
    let binary = metadata.pointer("/BuildProperties/Binary").and_then(Value::as_str);
    let binary = binary.context(format!("template.yaml: {name} names no Binary"))?;
    let package = (places.package)(binary);
    let package = package.context(format!("template.yaml: {name} names {binary}, which no package builds"))?;
    let properties = properties(resource);
    let properties = properties.context(format!("template.yaml: {name} has no Properties"))?;
    properties.insert("CodeUri".to_owned(), text(&package));
    Ok(())
}

/// A copy of a route with a trailing slash, if its path is in [`TRAILING_SLASH_PATHS`].
fn trailing_slash_route((name, event): (&String, &Value)) -> Option<(String, Value)> {
    let path = event.pointer("/Properties/Path")?.as_str()?;
    let mut copy = TRAILING_SLASH_PATHS.contains(&path).then(|| event.clone())?;
    *copy.pointer_mut("/Properties/Path")? = json!(format!("{path}/"));
    Some((format!("{name}Slash"), copy))
}

fn nested(name: &str, resource: &mut Map<String, Value>, places: &Places) -> Result<()> {
    let url = properties(resource).and_then(|properties| properties.get_mut("TemplateURL"));
    let url = url.context(format!("template.yaml: {name} has no TemplateURL"))?;
    *url = text(&(places.stack)(url.as_str().unwrap_or_default())?);
    Ok(())
}

fn properties(resource: &mut Map<String, Value>) -> Option<&mut Map<String, Value>> {
    resource.get_mut("Properties")?.as_object_mut()
}

fn text(path: &Path) -> Value {
    path.to_string_lossy().as_ref().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "\
Globals:
  Function:
    CodeUri: .
    Timeout: 30

Resources:
  Funders:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: Cargo.toml

  FundersQuoteStatus:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: rust-cargolambda, BuildProperties: { Binary: funders-quote-status } }
    Properties:
      Environment:
        Variables:
          FUNDERS_TABLE: !GetAtt Funders.Outputs.Table
";

    fn rewritten(template: &str) -> Result<Value> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let copy = emulated(&Template::parse(template).unwrap(), root, &|binary| {
            (binary == "funders-quote-status").then(|| Path::new("/built").join(binary))
        })?;
        Ok(serde_json::from_str(&copy).unwrap())
    }

    #[test]
    fn a_function_gets_its_package_and_loses_its_build_metadata() {
        let copy = rewritten(TEMPLATE).unwrap();
        let function = json!({
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "CodeUri": "/built/funders-quote-status",
                "Environment": { "Variables": { "FUNDERS_TABLE": { "Fn::GetAtt": ["Funders", "Outputs.Table"] } } },
            },
        });
        assert_eq!(copy["Resources"]["FundersQuoteStatus"], function);
        assert_eq!(copy["Globals"], json!({ "Function": { "Timeout": 30 } }));
    }

    #[test]
    fn a_path_with_a_trailing_slash_in_the_spec_becomes_two_routes() {
        let route = |path: &str| json!({ "Type": "HttpApi", "Properties": { "Method": "GET", "Path": path } });
        let mut events = json!({
            "Get": route("/v1/bqs-case/management"),
            "One": route("/v1/bqs-case/management/{channelName}"),
        });
        let copy = rewritten(&format!("{TEMPLATE}      Events: {events}\n")).unwrap();
        events["GetSlash"] = route("/v1/bqs-case/management/");
        assert_eq!(copy["Resources"]["FundersQuoteStatus"]["Properties"]["Events"], events);
    }

    #[test]
    fn a_nested_template_gets_an_absolute_path() {
        let copy = rewritten(TEMPLATE).unwrap();
        let expected = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        assert_eq!(copy["Resources"]["Funders"]["Properties"]["TemplateURL"], expected);
        assert!(rewritten(&TEMPLATE.replace("Cargo.toml", "absent.yaml")).is_err());
    }

    #[test]
    fn an_unknown_or_missing_binary_is_an_error_that_names_the_function() {
        for template in [
            TEMPLATE.replace("quote-status", "quote-lost"),
            TEMPLATE.replace("Binary:", "Binaries:"),
        ] {
            let failure = rewritten(&template).unwrap_err().to_string();
            assert!(failure.contains("FundersQuoteStatus"), "{failure}");
        }
    }
}
