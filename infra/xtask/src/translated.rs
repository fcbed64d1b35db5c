//! The resources of template.yaml and of its nested stacks, as CloudFormation gets them.

use sam_template::Template;
use serde_json::Value;

use crate::failure::{Context, Result};
use crate::files;
use crate::process;
use crate::settings::{self, Settings};
use crate::venv::Venv;
use crate::workspace::Workspace;

/// Each file with its resources by their logical ids.
pub fn all(workspace: &Workspace, venv: &Venv) -> Result<Vec<(String, Value)>> {
    let main = Template::read(&workspace.root.join("template.yaml"))?;
    let mut all = vec![("template.yaml".to_owned(), resources(&main, workspace, venv)?)];
    for (_, file) in main.nested() {
        let nested = Template::read(&workspace.root.join(file))?;
        all.push((file.to_owned(), nested.section("Resources").clone()));
    }
    Ok(all)
}

/// The resources that SAM's translator makes of template.yaml.
pub fn resources(template: &Template, workspace: &Workspace, venv: &Venv) -> Result<Value> {
    let mut document = template.document.clone();
    // The translator takes code only where a build has put it.
    let code = document.pointer_mut("/Globals/Function/CodeUri");
    *code.context("template.yaml has no CodeUri in its Globals")? = "s3://bucket/key".into();
    let file = workspace.target.join("translate.json");
    files::write(&file, &document.to_string())?;
    let mut translate = venv.command("python")?;
    translate
        .arg(workspace.root.join("infra/xtask/translate.py"))
        .arg(&file)
        .arg(Settings::read(&workspace.root, settings::LOCAL)?.region);
    serde_json::from_str(&process::capture(translate)?).context("translate.py")
}
