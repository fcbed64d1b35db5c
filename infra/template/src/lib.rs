//! Reads a CloudFormation template: YAML with the tags of CloudFormation, as the JSON that CloudFormation makes of it.
//!
//! `!Ref X` becomes `{"Ref": "X"}`, `!GetAtt A.B` becomes `{"Fn::GetAtt": ["A", "B"]}`, and `!Sub t` becomes
//! `{"Fn::Sub": "t"}`.

mod yaml;

use std::fs;
use std::path::Path;

use serde_json::Value;

pub const FUNCTION: &str = "AWS::Serverless::Function";
pub const STACK: &str = "AWS::CloudFormation::Stack";

pub struct Template {
    pub document: Value,
    /// The logical ids, in the order of the file.
    resources: Vec<String>,
}

impl Template {
    pub fn read(file: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        Self::parse(&text).map_err(|error| format!("{}: {error}", file.display()))
    }

    pub fn parse(text: &str) -> Result<Self, String> {
        let (document, resources) = yaml::document(text)?;
        Ok(Self { document, resources })
    }

    /// A section, such as `Parameters`, or null.
    pub fn section(&self, name: &str) -> &Value {
        self.document.get(name).unwrap_or(&Value::Null)
    }

    /// The logical ids and the bodies of the resources of one type, in the order of the file.
    pub fn resources<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let all = self.section("Resources");
        let each = self.resources.iter().filter_map(|id| Some((id.as_str(), all.get(id)?)));
        each.filter(move |(_, resource)| resource.get("Type").is_some_and(|found| found == kind))
    }

    /// The logical ids and the files of the nested stacks.
    pub fn nested(&self) -> impl Iterator<Item = (&str, &str)> {
        let stacks = self.resources(STACK);
        stacks.filter_map(|(id, stack)| Some((id, stack.pointer("/Properties/TemplateURL")?.as_str()?)))
    }
}
