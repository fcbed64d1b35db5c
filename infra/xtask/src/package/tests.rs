use super::*;

/// A folder below the system's for temporary files, which goes when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("trunkline-{name}-{}", std::process::id()));
        files::make_dir(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .to_owned()
}

fn options(stage: &str, arch: Architecture) -> Options {
    Options {
        stage: stage.to_owned(),
        arch,
    }
}

/// Describes the package of a stage of this tree.
fn described(scratch: &Scratch, options: &Options) -> PathBuf {
    let root = root();
    let package = Package::new(&root, &scratch.0, options).unwrap();
    package.clear().unwrap();
    package.describe(&|_| true).unwrap();
    package.folder
}

/// The head of a binary for a processor.
fn binary(machine: u8) -> Vec<u8> {
    [&b"\x7fELF"[..], &[0; 14], &[machine, 0]].concat()
}

#[test]
fn every_function_has_its_code_for_the_architecture_of_the_template() {
    let scratch = Scratch::new("code");
    let folder = described(&scratch, &options("staging", Architecture::Arm64));
    let template = Template::read(&folder.join(TEMPLATE)).unwrap();
    let code = template.resources(FUNCTION).map(|(_, function)| {
        let code = function["Properties"]["CodeUri"].as_str().unwrap();
        folder.join(code).join("bootstrap")
    });
    let code: Vec<PathBuf> = code.collect();
    assert_eq!(
        code.len(),
        Template::read(&root().join("template.yaml"))
            .unwrap()
            .resources(FUNCTION)
            .count()
    );
    for bootstrap in &code {
        files::make_dir(bootstrap.parent().unwrap()).unwrap();
        fs::write(bootstrap, binary(183)).unwrap();
    }
    verify(&folder, Architecture::Arm64).unwrap();
    verify(&folder, Architecture::X86_64).unwrap_err();
    fs::write(&code[0], binary(62)).unwrap();
    let other = verify(&folder, Architecture::Arm64).unwrap_err().to_string();
    assert!(other.ends_with("is not a binary for arm64"), "{other}");
    fs::remove_file(&code[0]).unwrap();
    verify(&folder, Architecture::Arm64).unwrap_err();
}

#[test]
fn a_package_is_for_one_stage_and_one_architecture() {
    let scratch = Scratch::new("stage");
    let folder = described(&scratch, &options("live", Architecture::X86_64));
    let template = Template::read(&folder.join(TEMPLATE)).unwrap();
    let parameters = template.section("Parameters");
    assert_eq!(parameters["Stage"]["AllowedValues"], json!(["live"]));
    assert_eq!(parameters["Stage"]["Default"], "live");
    assert_eq!(parameters["AllowLive"]["Default"], "true");
    assert_eq!(parameters["AllowLive"]["AllowedValues"], json!(["true", "false"]));
    assert!(parameters.get("Architecture").is_none());
    assert!(!template.document.to_string().contains(r#"{"Ref":"Architecture"}"#));
    let settings = Settings::read(&folder, DEFAULT).unwrap();
    assert_eq!(settings.stack_name, "trunkline-live");
    assert_eq!(settings.parameters, ["Stage=live", "AllowLive=true"]);
}

/// An operator keeps the folder elsewhere.
#[test]
fn a_package_names_nothing_outside_of_itself() {
    let scratch = Scratch::new("moved");
    let folder = described(&scratch, &options("live", Architecture::Arm64));
    let template = Template::read(&folder.join(TEMPLATE)).unwrap();
    let stacks: Vec<&str> = template.nested().map(|(_, file)| file).collect();
    assert!(!stacks.is_empty() && stacks.iter().all(|file| file.starts_with("stacks/")));
    let text = files::read(&folder.join(TEMPLATE)).unwrap();
    for outside in [&root(), &scratch.0] {
        assert!(!text.contains(outside.to_str().unwrap()));
    }
}

#[test]
fn a_stage_that_samconfig_does_not_have_is_refused() {
    let target = Path::new("unused");
    assert!(Package::new(&root(), target, &options("lively", Architecture::Arm64)).is_err());
}
