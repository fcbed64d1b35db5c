//! Makes a line for people of what a function logged.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::source::Event;

/// Lambda's own lines about an invocation.
const PLATFORM_LINES: [&str; 4] = ["START RequestId:", "END RequestId:", "REPORT RequestId:", "INIT_START "];
/// Members that stand in front, or say nothing to a person: metrics, and what is the same in every line.
const HIDDEN: [&str; 13] = [
    "timestamp",
    "level",
    "message",
    "Function",
    "status",
    "Duration",
    "route",
    "Requests",
    "Errors",
    "Stage",
    "Domain",
    "_aws",
    "PartnerErrors",
];

pub struct Formatter {
    /// The binary of each deployed function, by its deployed name.
    pub functions: BTreeMap<String, String>,
    /// Only lines with this correlation id.
    pub correlation: Option<String>,
    /// Lines as the functions wrote them.
    pub json: bool,
}

impl Formatter {
    /// `None` if the line is not wanted.
    pub fn line(&self, event: &Event) -> Option<String> {
        let message = event.message.trim_end();
        if message.is_empty() || PLATFORM_LINES.iter().any(|start| message.starts_with(start)) {
            return None;
        }
        let logged: Option<Map<String, Value>> = serde_json::from_str(message).ok();
        if let Some(wanted) = &self.correlation {
            let own = logged.as_ref().and_then(|logged| logged.get("correlation"));
            own.filter(|own| *own == wanted.as_str())?;
        }
        Some(match logged {
            Some(logged) if !self.json => self.readable(&logged, event.at),
            // A crash writes plain text.
            _ => message.to_owned(),
        })
    }

    fn readable(&self, logged: &Map<String, Value>, at: i64) -> String {
        let text = |name: &str| logged.get(name).and_then(Value::as_str).unwrap_or_default();
        let number = |name: &str| logged.get(name).and_then(Value::as_u64);
        let at = text("timestamp").parse().ok().or(Timestamp::from_millisecond(at).ok());
        let at = at.map_or_else(String::new, |at: Timestamp| at.strftime("%H:%M:%S%.3f").to_string());
        let mut line = format!("{at} {:5}", text("level"));
        let function = text("Function");
        if !function.is_empty() {
            let binary = self.functions.get(function).map_or(function, String::as_str);
            line.push_str(&format!(" {binary}"));
        }
        if let (Some(status), Some(duration)) = (number("status"), number("Duration")) {
            line.push_str(&format!(" {status} {duration} ms {}", text("route")));
        } else {
            line.push_str(&format!(" {}", text("message")));
        }
        for (name, value) in logged.iter().filter(|(name, _)| !HIDDEN.contains(&name.as_str())) {
            line.push_str(&match value {
                Value::String(text) if text.contains(' ') => format!(" {name}={value}"),
                Value::String(text) => format!(" {name}={text}"),
                value => format!(" {name}={value}"),
            });
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01a22399-e437-7c47-aedf-a3c9eb0c81a4";
    const REQUEST: &str = r#"{"timestamp":"2026-11-28T19:20:17.746Z","level":"WARN","message":"request","correlation":"01a22399-e437-7c47-aedf-a3c9eb0c81a4","route":"POST /api/x","code":"mmob-error","cause":"the provider answered 503","status":503,"Requests":1,"Errors":1,"Duration":26,"Stage":"local","Domain":"mmob","Function":"trunkline-local-MmobOrderGet-A8","_aws":{"Timestamp":1}}"#;
    const ATTEMPT: &str = r#"{"timestamp":"2026-11-28T19:20:43.725252Z","level":"WARN","message":"an attempt failed","correlation":"other","partner":"MMOB"}"#;

    fn formatter(correlation: Option<&str>, json: bool) -> Formatter {
        Formatter {
            functions: [(
                "trunkline-local-MmobOrderGet-A8".to_owned(),
                "mmob-order-get".to_owned(),
            )]
            .into(),
            correlation: correlation.map(str::to_owned),
            json,
        }
    }

    fn line(formatter: &Formatter, message: &str) -> Option<String> {
        let message = message.to_owned();
        formatter.line(&Event { at: 0, message })
    }

    #[test]
    fn a_request_begins_with_its_time_function_and_status() {
        assert_eq!(
            line(&formatter(None, false), REQUEST).unwrap(),
            format!(
                "19:20:17.746 WARN  mmob-order-get 503 26 ms POST /api/x cause=\"the provider answered 503\" \
                 code=mmob-error correlation={ID}"
            )
        );
    }

    #[test]
    fn another_line_begins_with_its_text() {
        assert_eq!(
            line(&formatter(None, false), ATTEMPT).unwrap(),
            "19:20:43.725 WARN  an attempt failed correlation=other partner=MMOB"
        );
    }

    #[test]
    fn one_request_is_picked_by_its_correlation_id() {
        let picks = formatter(Some(ID), false);
        assert!(line(&picks, REQUEST).is_some());
        for other in [ATTEMPT, r#"{"message":"metrics"}"#, "thread 'main' panicked"] {
            assert_eq!(line(&picks, other), None, "{other}");
        }
    }

    #[test]
    fn lambdas_own_lines_are_left_out_and_a_crash_stands_as_it_is() {
        let all = formatter(None, false);
        for platform in [
            "START RequestId: 1 Version: $LATEST",
            "END RequestId: 1",
            "REPORT RequestId: 1\tDuration: 1 ms",
            "",
        ] {
            assert_eq!(line(&all, platform), None, "{platform}");
        }
        assert_eq!(
            line(&all, "thread 'main' panicked\n").unwrap(),
            "thread 'main' panicked"
        );
    }

    #[test]
    fn lines_stand_as_they_were_written_if_asked() {
        assert_eq!(line(&formatter(None, true), REQUEST).unwrap(), REQUEST);
    }
}
