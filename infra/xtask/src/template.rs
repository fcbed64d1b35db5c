//! The deployable copy of template.yaml, with the packages that cargo has built in place of `sam build`'s metadata.
//!
//! This module rewrites the file line by line, so that everything else, YAML tags included, stays as written. It relies on
//! the layout of template.yaml (two spaces a level, one key a line) and fails if the layout differs.

use std::path::{Path, PathBuf};

use crate::failure::{Context, Result};

/// Paths that a spec also writes with a trailing slash. On AWS the fallback function redirects those to the path without
/// it. The emulator serves the API below a path of its own, where that redirect fails, so each becomes a second route.
const TRAILING_SLASH_PATHS: [&str; 2] = ["/v1/bqs-case/management", "/v1/bqs-case/message/case"];

/// The folder of a binary's package, or `None` if the workspace builds no such binary.
type PackageOf<'a> = &'a dyn Fn(&str) -> Option<PathBuf>;

struct Rewriter<'a> {
    root: &'a Path,
    package_of: PackageOf<'a>,
    out: Vec<String>,
}

pub fn deployable(template: &str, root: &Path, package_of: PackageOf) -> Result<String> {
    let mut rewriter = Rewriter {
        root,
        package_of,
        out: Vec::new(),
    };
    for block in blocks(template) {
        if block
            .iter()
            .any(|line| line.trim() == "Type: AWS::Serverless::Function")
        {
            rewriter.function(&block)?;
        } else {
            rewriter.other(&block)?;
        }
    }
    Ok(rewriter.out.join("\n") + "\n")
}

/// The paths of a template's nested templates, as written.
pub fn nested(template: &str) -> impl Iterator<Item = &str> {
    template
        .lines()
        .filter_map(|line| line.trim().strip_prefix("TemplateURL: "))
}

impl Rewriter<'_> {
    fn function(&mut self, block: &[&str]) -> Result<()> {
        let name = block
            .first()
            .map(|line| line.trim().trim_end_matches(':'))
            .unwrap_or_default();
        let binary = block.iter().find_map(|line| line.trim().strip_prefix("Binary: "));
        let binary = binary.context(format!("template.yaml: {name} names no Binary"))?;
        let package = (self.package_of)(binary)
            .context(format!("template.yaml: {name} names {binary}, which no package builds"))?;
        let mut in_metadata = false;
        for line in block {
            if indent(line) <= 4 && !line.trim().is_empty() {
                in_metadata = line.trim() == "Metadata:";
            }
            if in_metadata || line.trim() == "CodeUri: ." {
                continue;
            }
            self.out.push((*line).to_owned());
            if *line == "    Properties:" {
                self.out.push(format!("      CodeUri: {}", quoted(&package)));
            }
            self.out.extend(self.trailing_slash_route().into_iter().flatten());
        }
        Ok(())
    }

    /// A copy of the last written route with a trailing slash, if its path is in [`TRAILING_SLASH_PATHS`].
    fn trailing_slash_route(&self) -> Option<[String; 3]> {
        let [.., name, kind, properties] = self.out.as_slice() else {
            return None;
        };
        let (before, path) = properties.split_once(", Path: ")?;
        let path = path.strip_suffix(" }")?;
        let name = name.strip_suffix(':')?;
        TRAILING_SLASH_PATHS.contains(&path).then(|| {
            [
                format!("{name}Slash:"),
                kind.clone(),
                format!("{before}, Path: {path}/ }}"),
            ]
        })
    }

    fn other(&mut self, block: &[&str]) -> Result<()> {
        for line in block {
            if line.trim() == "CodeUri: ." {
                continue;
            }
            match line.trim().strip_prefix("TemplateURL: ") {
                Some(nested) => {
                    let path = self.root.join(nested);
                    if !path.is_file() {
                        return Err(format!("template.yaml: {nested} does not exist").into());
                    }
                    self.out
                        .push(format!("{}TemplateURL: {}", " ".repeat(indent(line)), quoted(&path)));
                }
                None => self.out.push((*line).to_owned()),
            }
        }
        Ok(())
    }
}

/// Cuts the template before each line with an indent of at most two, where a resource begins.
fn blocks(template: &str) -> Vec<Vec<&str>> {
    let mut blocks: Vec<Vec<&str>> = Vec::new();
    for line in template.lines() {
        let begins = indent(line) <= 2 && !line.trim().is_empty();
        match blocks.last_mut() {
            Some(block) if !begins => block.push(line),
            _ => blocks.push(vec![line]),
        }
    }
    blocks
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// A JSON string is a YAML string, whatever the path contains.
fn quoted(path: &Path) -> String {
    serde_json::Value::from(path.to_string_lossy().as_ref()).to_string()
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
    Metadata:
      BuildMethod: rust-cargolambda
      BuildProperties:
        Binary: funders-quote-status
    Properties:
      Environment:
        Variables:
          FUNDERS_TABLE: !GetAtt Funders.Outputs.Table
";

    fn rewritten(template: &str) -> Result<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        deployable(template, root, &|binary| {
            (binary == "funders-quote-status").then(|| Path::new("/built").join(binary))
        })
    }

    #[test]
    fn a_function_gets_its_package_and_loses_its_build_metadata() {
        let copy = rewritten(TEMPLATE).unwrap();
        assert!(copy.contains("    Properties:\n      CodeUri: \"/built/funders-quote-status\"\n      Environment:"));
        assert!(!copy.contains("Metadata") && !copy.contains("rust-cargolambda") && !copy.contains("CodeUri: .\n"));
        assert!(copy.contains("FUNDERS_TABLE: !GetAtt Funders.Outputs.Table\n"));
        assert!(copy.contains("    Timeout: 30\n"));
    }

    #[test]
    fn a_path_with_a_trailing_slash_in_the_spec_becomes_two_routes() {
        let route = |name: &str, path: &str| {
            let kind = "          Type: HttpApi\n";
            format!(
                "        {name}:\n{kind}          Properties: {{ ApiId: !Ref HttpApi, Method: GET, Path: {path} }}\n"
            )
        };
        let routes = |all: &[(&str, &str)]| all.iter().map(|(name, path)| route(name, path)).collect::<String>();
        let given = [
            ("Get", "/v1/bqs-case/management"),
            ("One", "'/v1/bqs-case/management/{channelName}'"),
        ];
        let [get, one] = given;
        let template = |routes: &str| format!("{TEMPLATE}      Events:\n{routes}      Timeout: 3\n");
        let copy = rewritten(&template(&routes(&given))).unwrap();
        let twice = routes(&[get, ("GetSlash", "/v1/bqs-case/management/"), one]);
        assert!(
            copy.ends_with(&format!("      Events:\n{twice}      Timeout: 3\n")),
            "{copy}"
        );
    }

    #[test]
    fn a_nested_template_gets_an_absolute_path() {
        let copy = rewritten(TEMPLATE).unwrap();
        assert!(copy.contains(&format!(
            "      TemplateURL: \"{}/Cargo.toml\"\n",
            env!("CARGO_MANIFEST_DIR")
        )));
        assert_eq!(nested(TEMPLATE).collect::<Vec<_>>(), ["Cargo.toml"]);
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
