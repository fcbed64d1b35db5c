//! What is compared.

use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;

use crate::bench::Bench;

/// Ours, the heaviest function.
pub const QUOTE: &str = "quote";
/// The same without opening connections during init.
pub const QUOTE_COLD_IO: &str = "quote-cold-io";
pub const EMPTY: &str = "empty-a";
pub const CONTROL: &str = "empty-b";
pub const FALLBACK: &str = "fallback";
pub const STOCK: &str = "stock";
pub const NODE: &str = "node";
pub const PYTHON: &str = "python";

#[derive(Clone)]
pub struct Variant {
    pub id: &'static str,
    pub label: &'static str,
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub environment: Vec<(&'static str, String)>,
    pub event: Bytes,
    /// What a right answer has.
    pub status: u64,
    pub parcel: Parcel,
}

/// What is zipped and uploaded.
#[derive(Clone)]
pub enum Parcel {
    Binary(PathBuf),
    Folder(PathBuf),
}

impl Variant {
    /// A quote is asked for, rather than nothing.
    pub fn quotes(&self) -> bool {
        self.status == 201
    }

    /// Compiled, so that its instructions can be counted.
    pub fn native(&self) -> bool {
        matches!(self.parcel, Parcel::Binary(_))
    }

    pub fn present(&self) -> bool {
        self.program.exists() && self.arguments.iter().all(|argument| Path::new(argument).exists())
    }
}

/// All of them, those that are not built left out.
pub fn all(bench: &Bench) -> Vec<Variant> {
    let of = |name: &str| bench.binary(name);
    let (quote, fallback) = (&bench.events.quote, &bench.events.fallback);
    let off = vec![("WARM_UP", "off".to_owned())];
    // The template names no table for it, so it opens no connection; an empty setting is none.
    let none = vec![("INTEGRATION_LOG_TABLE", String::new())];
    let native = vec![("SSL_CERT_FILE", text(&bench.authority.with_native))];
    let variants = vec![
        binary(EMPTY, "empty Rust (A)", of("empty"), fallback, 200, vec![]),
        binary(CONTROL, "empty Rust (B)", of("empty"), fallback, 200, vec![]),
        binary(
            FALLBACK,
            "ours, fallback",
            of("operations-fallback"),
            fallback,
            404,
            none,
        ),
        binary(QUOTE, "ours, quote", of("funders-quote-generate"), quote, 201, vec![]),
        binary(
            QUOTE_COLD_IO,
            "ours, no warm-up",
            of("funders-quote-generate"),
            quote,
            201,
            off.clone(),
        ),
        binary(STOCK, "stock Rust SDK", of("stock"), quote, 201, [native, off].concat()),
        script(
            NODE,
            "Node 20 + SDK v3",
            "node",
            bench.parts("node"),
            "bootstrap.mjs",
            quote,
        ),
        script(
            PYTHON,
            "Python + Powertools",
            "python3",
            bench.parts("python"),
            "bootstrap.py",
            quote,
        ),
    ];
    variants.into_iter().filter(Variant::present).collect()
}

fn binary(
    id: &'static str,
    label: &'static str,
    program: PathBuf,
    event: &Bytes,
    status: u64,
    environment: Vec<(&'static str, String)>,
) -> Variant {
    Variant {
        id,
        label,
        arguments: Vec::new(),
        environment,
        event: event.clone(),
        status,
        parcel: Parcel::Binary(program.clone()),
        program,
    }
}

fn script(id: &'static str, label: &'static str, program: &str, folder: PathBuf, main: &str, event: &Bytes) -> Variant {
    Variant {
        id,
        label,
        program: interpreter(program),
        arguments: vec![text(&folder.join(main))],
        environment: Vec::new(),
        event: event.clone(),
        status: 201,
        parcel: Parcel::Folder(folder),
    }
}

/// The interpreter itself: what stands on the PATH may be a shell script that finds it.
fn interpreter(name: &str) -> PathBuf {
    let question = match name {
        "node" => ["-p", "process.execPath"],
        _ => ["-c", "import sys; print(sys.executable)"],
    };
    let said = Command::new(name).args(question).output();
    said.ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map(|path| PathBuf::from(path.trim()))
        .unwrap_or_default()
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
