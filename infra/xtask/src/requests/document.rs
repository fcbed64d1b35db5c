//! The API document: its operations, with references followed.

use serde_json::Value;

use crate::failure::{Context, Result};
use crate::files;
use crate::lint::API_DOCUMENT;
use crate::workspace::Workspace;

pub struct Document(Value);

/// An operation with its place in the document.
pub struct Operation<'a> {
    pub path: &'a str,
    pub method: &'a str,
    members: &'a Value,
}

impl Document {
    pub fn read(workspace: &Workspace) -> Result<Self> {
        let file = workspace.root.join(API_DOCUMENT);
        files::read_json(&file).map(Self).context(file.display())
    }

    #[cfg(test)]
    pub fn new(document: Value) -> Self {
        Self(document)
    }

    pub fn operations(&self) -> impl Iterator<Item = Operation<'_>> {
        members(&self.0, "paths").flat_map(|(path, item)| {
            let methods = item.as_object().into_iter().flatten();
            let operations = methods.filter(|(_, members)| members.get("operationId").is_some());
            operations.map(move |(method, members)| Operation { path, method, members })
        })
    }

    /// The groups of operations, with their descriptions.
    pub fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        let tags = self.0.get("tags").and_then(Value::as_array);
        let tags = tags.into_iter().flatten();
        tags.map(|tag| (text(tag, "name"), text(tag, "description")))
    }

    /// The introduction.
    pub fn description(&self) -> &str {
        self.0
            .pointer("/info/description")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// What a reference points at; any other value as it is.
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let target = value.get("$ref").and_then(Value::as_str);
        target
            .and_then(|reference| self.0.pointer(reference.strip_prefix('#')?))
            .unwrap_or(value)
    }
}

impl<'a> Operation<'a> {
    pub fn text(&self, member: &str) -> &'a str {
        text(self.members, member)
    }

    /// The first tag.
    pub fn tag(&self) -> &'a str {
        let tag = self.members.pointer("/tags/0").and_then(Value::as_str);
        tag.unwrap_or_default()
    }

    pub fn parameters(&self, document: &'a Document, place: &str) -> impl Iterator<Item = &'a Value> {
        let all = self.members.get("parameters").and_then(Value::as_array);
        let all = all.into_iter().flatten().map(|parameter| document.resolve(parameter));
        all.filter(move |parameter| text(parameter, "in") == place)
    }

    /// The body's media type and its example.
    pub fn body(&self, document: &'a Document) -> Option<(&'a str, &'a Value)> {
        let body = document.resolve(self.members.get("requestBody")?);
        let (media, content) = members(body, "content").next()?;
        Some((media, example(document, content)?))
    }

    pub fn responses(&self, document: &'a Document) -> impl Iterator<Item = (&'a str, &'a Value)> {
        members(self.members, "responses").map(|(status, response)| (status, document.resolve(response)))
    }

    /// An example of a success.
    pub fn answer(&self, document: &'a Document) -> Option<&'a Value> {
        let successes = self.responses(document).filter(|(status, _)| status.starts_with('2'));
        let contents = successes.flat_map(|(_, response)| members(response, "content"));
        contents
            .filter(|(media, _)| *media == "application/json")
            .find_map(|(_, content)| example(document, content))
    }

    /// The scheme of its credentials, and the role that it names.
    pub fn credentials(&self) -> Option<(&'a str, Option<&'a str>)> {
        let requirement = self.members.pointer("/security/0")?.as_object()?;
        let (scheme, roles) = requirement.iter().next()?;
        Some((scheme, roles.pointer("/0").and_then(Value::as_str)))
    }
}

/// The example of a parameter or of a body's content.
pub fn example<'a>(document: &'a Document, of: &'a Value) -> Option<&'a Value> {
    let named = of.get("examples").and_then(Value::as_object);
    let named = named.and_then(|examples| document.resolve(examples.values().next()?).get("value"));
    of.get("example").or(named)
}

pub fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

fn members<'a>(of: &'a Value, member: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let members = of.get(member).and_then(Value::as_object);
    members
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
}
