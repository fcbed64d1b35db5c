//! YAML to JSON.

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// The document, and the logical ids of its resources in the order of the file.
pub fn document(text: &str) -> Result<(Value, Vec<String>), String> {
    let documents = Yaml::load_from_str(text).map_err(|error| error.to_string())?;
    let [document] = documents.as_slice() else {
        return Err(format!("there are {} documents", documents.len()));
    };
    let resources = document.as_mapping_get("Resources").and_then(Yaml::as_mapping);
    let resources = resources.ok_or("there is no mapping Resources")?;
    let ids = resources.keys().map(key).collect::<Result<_, _>>()?;
    Ok((value(document)?, ids))
}

fn key(node: &Yaml) -> Result<String, String> {
    let text = node.as_str().map(str::to_owned);
    text.ok_or_else(|| format!("a key is no text: {node:?}"))
}

fn value(node: &Yaml) -> Result<Value, String> {
    Ok(match node {
        Yaml::Value(scalar) => match scalar {
            Scalar::Null => Value::Null,
            Scalar::Boolean(value) => (*value).into(),
            Scalar::Integer(value) => (*value).into(),
            Scalar::FloatingPoint(value) => value.into_inner().into(),
            Scalar::String(value) => value.as_ref().into(),
        },
        Yaml::Sequence(nodes) => Value::Array(nodes.iter().map(value).collect::<Result<_, _>>()?),
        Yaml::Mapping(mapping) => {
            let members = mapping.iter().map(|(name, node)| Ok((key(name)?, value(node)?)));
            Value::Object(members.collect::<Result<Map<_, _>, String>>()?)
        }
        Yaml::Tagged(tag, node) if tag.handle == "!" => function(&tag.suffix, value(node)?)?,
        _ => return Err(format!("not what a template may contain: {node:?}")),
    })
}

/// A tag of CloudFormation, in its long form.
fn function(tag: &str, argument: Value) -> Result<Value, String> {
    Ok(match (tag, argument) {
        ("Ref" | "Condition", argument) => json!({ tag: argument }),
        ("GetAtt", Value::String(path)) => {
            let (resource, attribute) = path
                .split_once('.')
                .ok_or(format!("!GetAtt {path} names no attribute"))?;
            json!({ "Fn::GetAtt": [resource, attribute] })
        }
        (tag, argument) => json!({ format!("Fn::{tag}"): argument }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(member: &str) -> Value {
        document(&format!("Resources: {{}}\n{member}")).unwrap().0["A"].clone()
    }

    #[test]
    fn tags_have_their_long_form_in_either_style() {
        let expected = json!({
            "B": {"Ref": "C"}, "D": {"Fn::GetAtt": ["E", "Outputs.F"]}, "G": {"Fn::If": ["H", {"Fn::Sub": "${I}"}, "24"]},
        });
        let block = "A:\n  B: !Ref C\n  D: !GetAtt E.Outputs.F\n  G: !If\n    - H\n    - !Sub '${I}'\n    - '24'\n";
        assert_eq!(read(block), expected);
        let flow = "A: { B: !Ref C, D: !GetAtt E.Outputs.F, G: !If [H, !Sub '${I}', '24'] }";
        assert_eq!(read(flow), expected);
    }

    #[test]
    fn scalars_keep_their_types() {
        let text = "A: [1, '1', true, 'true', ~, 1.5, rate(1 minute), '2010-09-09']";
        let expected = json!([1, "1", true, "true", null, 1.5, "rate(1 minute)", "2010-09-09"]);
        assert_eq!(read(text), expected);
        assert_eq!(read("A: >-\n  folded\n  text\n"), "folded text");
    }

    #[test]
    fn resources_keep_the_order_of_the_file() {
        let (_, resources) = document("Resources:\n  Z: {}\n  A: {}\nOutputs: {}\n").unwrap();
        assert_eq!(resources, ["Z", "A"]);
    }

    #[test]
    fn a_file_that_is_no_template_is_refused() {
        for text in [
            "A: 1\nA: 2\n",
            "A: 1\n---\nB: 2\n",
            "A: [\n",
            "A: !GetAtt B\n",
            "1: A\n",
        ] {
            assert!(document(&format!("Resources: {{}}\n{text}")).is_err(), "{text}");
        }
        assert!(document("A: 1\n").is_err() && document("- A\n").is_err());
    }
}
