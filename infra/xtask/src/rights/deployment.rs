//! What is deployed. A value of a policy leads, through outputs of nested stacks, to the resources that it names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Where a bucket names its key.
pub const BUCKET_KEY: &str =
    "/Properties/BucketEncryption/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault/KMSMasterKeyID/Ref";

pub struct Deployment {
    /// The resources of template.yaml, translated.
    pub resources: Value,
    /// The nested stacks by their logical ids.
    pub nested: BTreeMap<String, Value>,
    /// The functions with a public route for notices.
    pub webhooks: BTreeSet<String>,
}

/// A resource that a value names.
#[derive(Clone, Debug, PartialEq)]
pub struct Reached {
    /// The logical id of its nested stack. Empty for a resource of template.yaml.
    pub stack: String,
    pub id: String,
    /// The conditions that hold where it is named, with their definitions.
    pub conditions: Vec<Value>,
}

impl Deployment {
    pub fn resource(&self, reached: &Reached) -> Option<&Value> {
        match self.nested.get(&reached.stack) {
            Some(stack) => stack.get("Resources")?.get(&reached.id),
            None => self.resources.get(&reached.id),
        }
    }

    /// The resources that a value of a stack names. A value that is none of the stacks' resources is refused.
    pub fn reached(&self, value: &Value, stack: Option<&str>) -> Result<Vec<Reached>, String> {
        let refused = || format!("{value} is not a resource of the stacks");
        let function = value.as_object().and_then(|function| function.iter().next());
        let (function, argument) = function.ok_or_else(refused)?;
        match function.as_str() {
            "Ref" if argument == "AWS::NoValue" => Ok(Vec::new()),
            "Fn::GetAtt" => {
                let part = |index: usize| argument.get(index).and_then(Value::as_str);
                let (id, attribute) = part(0).zip(part(1)).ok_or_else(refused)?;
                self.attribute(id, attribute, stack).ok_or_else(refused)?
            }
            // A part of a resource: `${Stack.Outputs.Arn}/prefix/*`.
            "Fn::Sub" => {
                let named = argument
                    .as_str()
                    .and_then(|text| text.strip_prefix("${")?.split_once("}/"));
                let (id, attribute) = named.and_then(|(name, _)| name.split_once('.')).ok_or_else(refused)?;
                self.attribute(id, attribute, stack).ok_or_else(refused)?
            }
            "Fn::Split" => self.reached(argument.get(1).ok_or_else(refused)?, stack),
            "Fn::Join" => {
                let parts = argument.get(1).and_then(Value::as_array).ok_or_else(refused)?;
                let each = parts.iter().map(|part| self.reached(part, stack));
                Ok(each.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
            }
            "Fn::If" => {
                let name = argument.get(0).and_then(Value::as_str).ok_or_else(refused)?;
                let document = stack.and_then(|stack| self.nested.get(stack)).ok_or_else(refused)?;
                let condition = document
                    .get("Conditions")
                    .and_then(|all| all.get(name))
                    .ok_or_else(refused)?;
                let mut reached = self.reached(argument.get(1).ok_or_else(refused)?, stack)?;
                for each in &mut reached {
                    each.conditions.push(condition.clone());
                }
                reached.extend(self.reached(argument.get(2).ok_or_else(refused)?, stack)?);
                Ok(reached)
            }
            _ => Err(refused()),
        }
    }

    /// An output of a nested stack, or an attribute of a resource. None if there is no such thing.
    fn attribute(&self, id: &str, attribute: &str, stack: Option<&str>) -> Option<Result<Vec<Reached>, String>> {
        if let (None, Some(output)) = (stack, attribute.strip_prefix("Outputs.")) {
            let value = self.nested.get(id)?.get("Outputs")?.get(output)?.get("Value")?;
            return Some(self.reached(value, Some(id)));
        }
        let reached = Reached {
            stack: stack.unwrap_or_default().to_owned(),
            id: id.to_owned(),
            conditions: Vec::new(),
        };
        self.resource(&reached)?;
        Some(Ok(vec![reached]))
    }
}
