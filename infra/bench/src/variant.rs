//! What is compared.

use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;

use crate::bench::Bench;
use crate::stub::CASES;

/// Ours, the heaviest function.
pub const QUOTE: &str = "quote";
/// The same without opening connections during init.
pub const QUOTE_COLD_IO: &str = "quote-cold-io";
pub const CASE: &str = "case";
pub const CASE_COLD_IO: &str = "case-cold-io";
pub const WEBHOOK: &str = "webhook";
pub const WEBHOOK_COLD_IO: &str = "webhook-cold-io";
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
    pub kind: Kind,
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub environment: Vec<(&'static str, String)>,
    pub event: Bytes,
    pub parcel: Parcel,
}

/// What is asked of a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nothing,
    /// A route that there is not.
    Nowhere,
    Quote,
    /// A case of a dealer.
    Case,
    /// An order of a marketplace to take note of.
    Order,
}

/// What is zipped and uploaded.
#[derive(Clone)]
pub enum Parcel {
    Binary(PathBuf),
    Folder(PathBuf),
}

impl Kind {
    /// What a right answer has.
    pub fn status(self) -> u64 {
        match self {
            Self::Nothing | Self::Order => 200,
            Self::Nowhere => 404,
            Self::Quote | Self::Case => 201,
        }
    }

    /// It keeps something, so that its round trips and what they take are worth a look.
    pub fn stores(self) -> bool {
        matches!(self, Self::Quote | Self::Case | Self::Order)
    }
}

impl Variant {
    /// Compiled, so that its instructions can be counted.
    pub fn native(&self) -> bool {
        matches!(self.parcel, Parcel::Binary(_))
    }

    /// Of interest only as it starts: it is the same as another once it is warm.
    pub fn starts_only(&self) -> bool {
        [CONTROL, QUOTE_COLD_IO, CASE_COLD_IO, WEBHOOK_COLD_IO].contains(&self.id)
    }

    fn present(&self) -> bool {
        self.program.exists() && self.arguments.iter().all(|argument| Path::new(argument).exists())
    }
}

/// All of them, those that are not built left out.
pub fn all(bench: &Bench) -> Vec<Variant> {
    let variants = [floor(bench), quotes(bench), others(bench)].concat();
    variants.into_iter().filter(Variant::present).collect()
}

fn floor(bench: &Bench) -> Vec<Variant> {
    // The template names no table for it, so it opens no connection; an empty setting is none.
    let none = vec![("INTEGRATION_LOG_TABLE", String::new())];
    let of = |id, label, kind, name, environment| binary(bench, id, label, kind, name, environment);
    vec![
        of(EMPTY, "empty Rust (A)", Kind::Nothing, "empty", vec![]),
        of(CONTROL, "empty Rust (B)", Kind::Nothing, "empty", vec![]),
        of(FALLBACK, "ours, fallback", Kind::Nowhere, "operations-fallback", none),
    ]
}

fn quotes(bench: &Bench) -> Vec<Variant> {
    let name = "funders-quote-generate";
    let native = vec![("SSL_CERT_FILE", text(&bench.authority.with_native))];
    let of = |id, label, name, environment| binary(bench, id, label, Kind::Quote, name, environment);
    vec![
        of(QUOTE, "ours, quote", name, vec![]),
        of(QUOTE_COLD_IO, "ours, no warm-up", name, vec![off()]),
        of(STOCK, "stock Rust SDK", "stock", [native, vec![off()]].concat()),
        script(bench, NODE, "Node 20 + SDK v3", "node", "bootstrap.mjs"),
        script(bench, PYTHON, "Python + Powertools", "python3", "bootstrap.py"),
    ]
}

/// What somebody waits for in the other domains.
fn others(bench: &Bench) -> Vec<Variant> {
    let (case, webhook) = ("bqs-case-create", "mmob-order-webhook");
    let queue = |name: &str| format!("https://sqs.eu-west-2.amazonaws.com/000000000000/{name}");
    let cases = vec![
        ("CASES_TABLE", CASES.to_owned()),
        ("BQS_FORWARD_QUEUE_URL", queue("bqs-forward")),
    ];
    let orders = vec![
        ("MMOB_TABLE", "orders".to_owned()),
        ("MMOB_ORDERS_QUEUE_URL", queue("mmob-orders")),
        ("MMOB_SECRET", "bench/mmob".to_owned()),
    ];
    let cold = |settings: &[_]| [settings, &[off()]].concat();
    let of = |id, label, kind, name, environment| binary(bench, id, label, kind, name, environment);
    vec![
        of(CASE, "ours, case", Kind::Case, case, cases.clone()),
        of(CASE_COLD_IO, "ours, case, no warm-up", Kind::Case, case, cold(&cases)),
        of(WEBHOOK, "ours, webhook", Kind::Order, webhook, orders.clone()),
        of(
            WEBHOOK_COLD_IO,
            "ours, webhook, no warm-up",
            Kind::Order,
            webhook,
            cold(&orders),
        ),
    ]
}

fn binary(
    bench: &Bench,
    id: &'static str,
    label: &'static str,
    kind: Kind,
    name: &str,
    environment: Vec<(&'static str, String)>,
) -> Variant {
    let program = bench.binary(name);
    Variant {
        id,
        label,
        kind,
        arguments: Vec::new(),
        environment,
        event: bench.events.of(kind),
        parcel: Parcel::Binary(program.clone()),
        program,
    }
}

/// One that answers the same quotes.
fn script(bench: &Bench, id: &'static str, label: &'static str, program: &str, main: &str) -> Variant {
    let folder = bench.parts(id);
    Variant {
        id,
        label,
        kind: Kind::Quote,
        program: interpreter(program),
        arguments: vec![text(&folder.join(main))],
        environment: Vec::new(),
        event: bench.events.of(Kind::Quote),
        parcel: Parcel::Folder(folder),
    }
}

/// No connections during init.
fn off() -> (&'static str, String) {
    ("WARM_UP", "off".to_owned())
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
