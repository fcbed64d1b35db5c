//! The variants that are compared.

use std::path::PathBuf;

use bytes::Bytes;

use crate::bench::Bench;
use crate::event::RequestKind;
use crate::fixture::{CASES_TABLE, CHANNELS_TABLE};

/// The hub's heaviest function.
pub const QUOTE: &str = "quote";
/// The same without connections opened during init.
pub const QUOTE_COLD_IO: &str = "quote-cold-io";
pub const CASE: &str = "case";
pub const CASE_COLD_IO: &str = "case-cold-io";
pub const WEBHOOK: &str = "webhook";
pub const WEBHOOK_COLD_IO: &str = "webhook-cold-io";
pub const EMPTY: &str = "empty-a";
pub const CONTROL: &str = "empty-b";
pub const FALLBACK: &str = "fallback";
pub const STOCK: &str = "stock";

#[derive(Clone)]
pub struct Variant {
    pub id: &'static str,
    pub label: &'static str,
    pub kind: RequestKind,
    pub program: PathBuf,
    pub environment: Vec<(&'static str, String)>,
    pub event: Bytes,
}

impl Variant {
    /// Only its cold start is measured: warm, it is the same as another variant.
    pub fn starts_only(&self) -> bool {
        [CONTROL, QUOTE_COLD_IO, CASE_COLD_IO, WEBHOOK_COLD_IO].contains(&self.id)
    }
}

/// All variants whose binary is built.
pub fn all(bench: &Bench) -> Vec<Variant> {
    let mut variants = [floor(bench), quotes(bench), other_domains(bench)].concat();
    variants.retain(|variant| variant.program.exists());
    variants
}

/// A quote's function at another place than where this machine's are built.
pub fn quote_of(bench: &Bench, program: PathBuf) -> Variant {
    let quote = variant(
        bench,
        QUOTE,
        "quote",
        RequestKind::Quote,
        "funders-quote-generate",
        vec![],
    );
    Variant { program, ..quote }
}

fn floor(bench: &Bench) -> Vec<Variant> {
    // The template gives the fallback no table, so it opens no connection. An empty setting counts as unset.
    let no_table = vec![("INTEGRATION_LOG_TABLE", String::new())];
    let empty = |id, label| variant(bench, id, label, RequestKind::Empty, "empty", vec![]);
    vec![
        empty(EMPTY, "empty Rust (A)"),
        empty(CONTROL, "empty Rust (B)"),
        variant(
            bench,
            FALLBACK,
            "hub, fallback",
            RequestKind::UnknownRoute,
            "operations-fallback",
            no_table,
        ),
    ]
}

fn quotes(bench: &Bench) -> Vec<Variant> {
    let name = "funders-quote-generate";
    let roots = bench.authority.with_native.to_string_lossy().into_owned();
    let stock = vec![("SSL_CERT_FILE", roots), no_warm_up()];
    let of = |id, label, name, environment| variant(bench, id, label, RequestKind::Quote, name, environment);
    vec![
        of(QUOTE, "hub, quote", name, vec![]),
        of(QUOTE_COLD_IO, "hub, no warm-up", name, vec![no_warm_up()]),
        of(STOCK, "stock Rust SDK", "stock", stock),
    ]
}

/// One function of each other domain whose caller waits for the answer.
fn other_domains(bench: &Bench) -> Vec<Variant> {
    let queue = |name: &str| format!("https://sqs.eu-west-2.amazonaws.com/000000000000/{name}");
    let cases = vec![
        ("CHANNELS_TABLE", CHANNELS_TABLE.to_owned()),
        ("CASES_TABLE", CASES_TABLE.to_owned()),
        ("BQS_FORWARD_QUEUE_URL", queue("bqs-forward")),
    ];
    let orders = vec![
        ("MMOB_TABLE", "orders".to_owned()),
        ("MMOB_ORDERS_QUEUE_URL", queue("mmob-orders")),
        ("MMOB_WEBHOOK_SECRET", "bench/mmob/webhook".to_owned()),
    ];
    let cold = |settings: &[_]| [settings, &[no_warm_up()]].concat();
    let case = |id, label, environment| variant(bench, id, label, RequestKind::Case, "bqs-case-create", environment);
    let webhook = |id, label, environment| {
        let name = "mmob-order-webhook";
        variant(bench, id, label, RequestKind::Webhook, name, environment)
    };
    vec![
        case(CASE, "hub, case", cases.clone()),
        case(CASE_COLD_IO, "hub, case, no warm-up", cold(&cases)),
        webhook(WEBHOOK, "hub, webhook", orders.clone()),
        webhook(WEBHOOK_COLD_IO, "hub, webhook, no warm-up", cold(&orders)),
    ]
}

fn variant(
    bench: &Bench,
    id: &'static str,
    label: &'static str,
    kind: RequestKind,
    binary: &str,
    environment: Vec<(&'static str, String)>,
) -> Variant {
    Variant {
        id,
        label,
        kind,
        program: bench.binary(binary),
        environment,
        event: bench.events.of(kind),
    }
}

/// Opens no connections during init.
fn no_warm_up() -> (&'static str, String) {
    ("WARM_UP", "off".to_owned())
}
