//! Numbers for CloudWatch. They gather while a call runs and leave in its log line, in embedded metric format, so that they
//! cost no request.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;
use std::rc::Rc;

use jiff::Timestamp;
use model::Kind;
use model::error::Level;
use model::id::CorrelationId;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::clock::Clock;
use super::config::Config;

const NAMESPACE: &str = "Trunkline";
/// The counters of a stage. CloudWatch charges for each as for any metric.
pub const COUNTERS: [&str; 11] = [
    "ConflictingOrders",
    "FailedRuns",
    "ForwardHeld",
    "LateOrders",
    "LogRowsLost",
    "ManualOrders",
    "QuotaRefusals",
    "RefusedCredentials",
    "RefusedWebhooks",
    "StuckPending",
    "UnconfiguredWebhooks",
];
/// CloudWatch takes at most this many values of one metric in one line.
const VALUES: usize = 100;

tokio::task_local! {
    static CALL: Call;
}

/// Raises one of the [`COUNTERS`] of the whole stage. It leaves with the log line of the call that runs.
pub fn count(name: &'static str, by: u64) {
    debug_assert!(COUNTERS.contains(&name), "{name} is none of the counters");
    let _ = CALL.try_with(|call| *call.gathered.borrow_mut().counters.entry(name).or_default() += by);
}

/// Counts a request that went to a partner. `error` is the code of its failure.
pub(crate) fn called(partner: &str, environment: &str, error: Option<&str>, millis: u64) {
    let _ = CALL.try_with(|call| call.gathered.borrow_mut().call(partner, environment, error, millis));
}

/// Writes the log line of a request or a message. Outside [`gather`], as in tests, it writes nothing.
pub(crate) fn report(line: &Line) {
    let _ = CALL.try_with(|call| write(&call.lines(Some(line), Clock::System.now())));
}

/// Runs a call. Numbers that no log line took are written after it.
pub(crate) async fn gather<F: Future>(source: Rc<Dimensions>, call: F) -> F::Output {
    let gathered = RefCell::default();
    let reported = async {
        let output = call.await;
        let _ = CALL.try_with(|call| write(&call.lines(None, Clock::System.now())));
        output
    };
    CALL.scope(Call { source, gathered }, reported).await
}

/// The lines of a request in which a function calls these installations of partners and raises these counters.
#[cfg(any(test, feature = "testing"))]
pub fn logged(
    domain: &'static str,
    function: &str,
    partners: &[(&str, &str)],
    counters: &[&'static str],
) -> Vec<String> {
    let config = [("STAGE", "test"), ("AWS_LAMBDA_FUNCTION_NAME", function)];
    let call = Call {
        source: Rc::new(Dimensions::new(domain, &config.into_iter().collect())),
        gathered: RefCell::default(),
    };
    for (partner, environment) in partners {
        call.gathered.borrow_mut().call(partner, environment, None, 1);
    }
    call.gathered
        .borrow_mut()
        .counters
        .extend(counters.iter().map(|name| (*name, 1)));
    let line = Line {
        route: "GET /",
        caller: None,
        duration: 1,
        code: None,
        correlation: CorrelationId::new(Timestamp::UNIX_EPOCH),
        status: 200,
        level: Level::Info,
        cause: None,
    };
    call.lines(Some(&line), Timestamp::UNIX_EPOCH)
}

/// Straight to standard output, which is the log: tracing's formatter cannot nest, and CloudWatch wants it nested.
fn write(lines: &[String]) {
    for line in lines {
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }
}

/// The source of a line, the same for the life of the process.
pub(crate) struct Dimensions {
    stage: String,
    domain: &'static str,
    /// No dimension: each function would make three metrics of its own, and CloudWatch charges for a metric. Logs Insights
    /// splits by it.
    function: String,
}

impl Dimensions {
    pub fn new(domain: &'static str, config: &Config) -> Self {
        let name = |setting| config.get(setting).unwrap_or("unknown").to_owned();
        Self {
            domain,
            stage: name("STAGE"),
            function: name("AWS_LAMBDA_FUNCTION_NAME"),
        }
    }
}

/// The log line of one call.
pub(crate) struct Line<'a> {
    pub route: &'a str,
    /// A keyed hash: callers must be comparable in the log and not readable.
    pub caller: Option<&'a str>,
    /// Milliseconds.
    pub duration: u64,
    pub code: Option<&'a str>,
    pub correlation: CorrelationId,
    pub status: u16,
    pub level: Level,
    pub cause: Option<String>,
}

struct Call {
    source: Rc<Dimensions>,
    gathered: RefCell<Gathered>,
}

#[derive(Default)]
struct Gathered {
    counters: BTreeMap<&'static str, u64>,
    partners: Vec<Partner>,
}

/// The calls to one installation of a partner.
struct Partner {
    name: String,
    environment: String,
    /// 1 for a failure, 0 for an answer, so that the average is the error rate.
    errors: Vec<u8>,
    /// Milliseconds.
    latency: Vec<u64>,
}

impl Gathered {
    fn call(&mut self, name: &str, environment: &str, error: Option<&str>, millis: u64) {
        // A partner that understood the request and refused it works.
        let refused = Kind::PartnerRejected.rule().code;
        let failed = error.is_some_and(|code| code != refused);
        let known = self.partners.iter_mut().find(|partner| {
            partner.name == name && partner.environment == environment && partner.latency.len() < VALUES
        });
        if let Some(partner) = known {
            partner.errors.push(failed.into());
            partner.latency.push(millis);
            return;
        }
        self.partners.push(Partner {
            name: name.to_owned(),
            environment: environment.to_owned(),
            errors: vec![failed.into()],
            latency: vec![millis],
        });
    }
}

impl Call {
    /// The request's line with the gathered numbers, or only the numbers. A line has room for one partner; each further
    /// partner gets a line of its own.
    fn lines(&self, request: Option<&Line>, now: Timestamp) -> Vec<String> {
        let Gathered { counters, partners } = std::mem::take(&mut *self.gathered.borrow_mut());
        let mut partners = partners.iter();
        let entry = |request, counters, partner| Entry {
            source: &self.source,
            now,
            request,
            counters,
            partner,
        };
        let none = BTreeMap::new();
        let mut entries = Vec::new();
        if request.is_some() || !counters.is_empty() {
            entries.push(entry(request, &counters, partners.next()));
        }
        entries.extend(partners.map(|partner| entry(None, &none, Some(partner))));
        let lines = entries.iter().map(serde_json::to_string);
        lines.filter_map(Result::ok).collect()
    }
}

/// One line: a log entry, and under `_aws` which of its members are metrics.
struct Entry<'a> {
    source: &'a Dimensions,
    now: Timestamp,
    request: Option<&'a Line<'a>>,
    counters: &'a BTreeMap<&'static str, u64>,
    partner: Option<&'a Partner>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    /// Milliseconds since 1970.
    timestamp: i64,
    cloud_watch_metrics: Vec<Directive<'a>>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'static str,
    /// Each set makes a metric of its own. Alarms cannot search, so the metrics that they watch also exist for the whole stage.
    dimensions: &'static [&'static [&'static str]],
    metrics: Vec<Metric<'a>>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'static str>,
}

fn plain(name: &str) -> Metric<'_> {
    Metric { name, unit: None }
}

fn millis(name: &str) -> Metric<'_> {
    Metric {
        name,
        unit: Some("Milliseconds"),
    }
}

impl Entry<'_> {
    fn directives(&self) -> Vec<Directive<'_>> {
        let directive = |dimensions, metrics| Directive {
            namespace: NAMESPACE,
            dimensions,
            metrics,
        };
        let request = self.request.map(|_| {
            let metrics = vec![plain("Requests"), plain("Errors"), millis("Duration")];
            directive(&[&["Stage"], &["Stage", "Domain"]], metrics)
        });
        let counters = (!self.counters.is_empty()).then(|| {
            let metrics = self.counters.keys().map(|name| plain(name)).collect();
            directive(&[&["Stage"]], metrics)
        });
        let partner = self.partner.map(|_| {
            let metrics = vec![plain("PartnerCalls"), plain("PartnerErrors"), millis("PartnerLatency")];
            directive(&[&["Stage", "Partner", "Environment"]], metrics)
        });
        [request, counters, partner].into_iter().flatten().collect()
    }
}

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("timestamp", &self.now)?;
        let level = self.request.map_or(Level::Info, |line| line.level);
        map.serialize_entry("level", word(level))?;
        map.serialize_entry("message", if self.request.is_some() { "request" } else { "metrics" })?;
        if let Some(line) = self.request {
            map.serialize_entry("correlation", &line.correlation)?;
            map.serialize_entry("route", line.route)?;
            for (name, value) in [
                ("caller", line.caller),
                ("code", line.code),
                ("cause", line.cause.as_deref()),
            ] {
                if let Some(value) = value {
                    map.serialize_entry(name, value)?;
                }
            }
            map.serialize_entry("status", &line.status)?;
            map.serialize_entry("Requests", &1)?;
            map.serialize_entry("Errors", &u8::from(line.status >= 500))?;
            map.serialize_entry("Duration", &line.duration)?;
        }
        for (name, value) in self.counters {
            map.serialize_entry(name, value)?;
        }
        if let Some(partner) = self.partner {
            map.serialize_entry("Partner", &partner.name)?;
            map.serialize_entry("Environment", &partner.environment)?;
            map.serialize_entry("PartnerCalls", &partner.latency.len())?;
            map.serialize_entry("PartnerErrors", &partner.errors)?;
            map.serialize_entry("PartnerLatency", &partner.latency)?;
        }
        map.serialize_entry("Stage", &self.source.stage)?;
        map.serialize_entry("Domain", self.source.domain)?;
        map.serialize_entry("Function", &self.source.function)?;
        let metadata = Metadata {
            timestamp: self.now.as_millisecond(),
            cloud_watch_metrics: self.directives(),
        };
        map.serialize_entry("_aws", &metadata)?;
        map.end()
    }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Info => "INFO",
        Level::Warn => "WARN",
        Level::Error => "ERROR",
    }
}

#[cfg(test)]
mod tests;
