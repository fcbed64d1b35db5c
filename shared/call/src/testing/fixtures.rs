//! The fixtures of one adapter: the files in its folder, by name.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// `<operation>.<what>.json`, or `.txt` where the body is no JSON. `<what>` is:
///
/// - `request`: the body that the hub sends. A form stands here with plain line ends.
/// - `answer`: a success.
/// - `loose`: the same success, written otherwise: numbers as text, whole numbers with a fraction of zero, dates without a
///   zone, and null for what is absent.
/// - `refusal`: a refusal of the request, at 400 and 422.
/// - `absent`: at 404, the partner's own statement that the thing does not exist. `absent.txt` holds for every operation.
///
/// `unauthorised.json` is an answer at 401. `requests.txt` has the header with the credential, and the operation, method,
/// address and headers of every call.
pub struct Fixtures(BTreeMap<String, String>);

impl Fixtures {
    /// The folder `fixtures/<name in lower case>` of a crate.
    pub fn load(crate_folder: &str, name: &str) -> Self {
        let folder = Path::new(crate_folder).join("fixtures").join(name.to_lowercase());
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{name} has no fixtures: {error}"));
        let files = entries.map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(&path).unwrap())
        });
        Self(files.collect())
    }

    pub fn find(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    #[track_caller]
    pub fn get(&self, name: &str) -> &str {
        self.find(name).unwrap_or_else(|| panic!("there is no fixture {name}"))
    }

    #[track_caller]
    pub fn absent(&self, operation: &str) -> &str {
        self.find(&format!("{operation}.absent"))
            .unwrap_or_else(|| self.get("absent"))
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
