//! Counts the resources that CloudFormation makes of template.yaml, and those that it would make of more functions.

use std::collections::BTreeMap;

use sam_template::{FUNCTION, Template};
use serde_json::Value;

use crate::failure::Result;
use crate::progress::note;
use crate::translated;
use crate::venv::Venv;
use crate::workspace::Workspace;

/// CloudFormation takes 500 in a stack.
const MAX_RESOURCES: usize = 450;
/// The functions of all five specifications.
const ALL_FUNCTIONS: usize = 121;
/// What further functions do not multiply.
const SHARED: [&str; 3] = [
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Stage",
    "AWS::CloudFormation::Stack",
];

pub fn check(workspace: &Workspace, venv: &Venv) -> Result<()> {
    let template = Template::read(&workspace.root.join("template.yaml"))?;
    let functions = template.resources(FUNCTION).count();
    let counted = counted(&translated::resources(&template, workspace, venv)?);
    let now: usize = counted.values().sum();
    let forecast = forecast(&counted, functions);
    note(format!(
        "{now} resources with {functions} functions, {forecast} with {ALL_FUNCTIONS}"
    ));
    if now.max(forecast) > MAX_RESOURCES {
        return Err(format!("a stack may have 500 resources, and the ceiling here is {MAX_RESOURCES}").into());
    }
    Ok(())
}

/// How many resources of each type there are.
fn counted(resources: &Value) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    let resources = resources.as_object().into_iter().flatten();
    for kind in resources.filter_map(|(_, resource)| resource.get("Type")?.as_str()) {
        *counted.entry(kind.to_owned()).or_default() += 1;
    }
    counted
}

/// The resources of [`ALL_FUNCTIONS`] functions that have as many each as those of today.
fn forecast(counted: &BTreeMap<String, usize>, functions: usize) -> usize {
    let (shared, own): (Vec<_>, Vec<_>) = counted.iter().partition(|(kind, _)| SHARED.contains(&kind.as_str()));
    let sum = |of: Vec<(&String, &usize)>| -> usize { of.into_iter().map(|(_, count)| count).sum() };
    sum(shared) + (sum(own) * ALL_FUNCTIONS).div_ceil(functions.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_functions_share_the_api_and_the_nested_stacks() {
        let counted = [
            ("AWS::CloudFormation::Stack", 6),
            ("AWS::IAM::Role", 55),
            ("AWS::Lambda::Function", 55),
        ];
        let counted = counted.map(|(kind, count)| (kind.to_owned(), count)).into();
        assert_eq!(forecast(&counted, 55), 6 + 2 * ALL_FUNCTIONS);
        let odd = [("AWS::Lambda::Permission".to_owned(), 1)].into();
        assert_eq!(forecast(&odd, 2), 61, "half a resource is one");
    }
}
