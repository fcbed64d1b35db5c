//! A chart of horizontal bars on a logarithmic scale.

use std::fmt::Write;

use super::escape::escape;

const WIDTH: f64 = 960.0;
const LABEL: f64 = 250.0;
const VALUE: f64 = 90.0;
const ROW: f64 = 24.0;
const TOP: f64 = 8.0;

pub struct Chart {
    pub title: &'static str,
    pub note: &'static str,
    pub lines: Vec<Line>,
}

pub struct Line {
    pub label: String,
    pub value: f64,
    pub interval: Option<(f64, f64)>,
    /// Published elsewhere, not measured here.
    pub published: bool,
}

impl Line {
    pub fn published(label: &str, value: f64) -> Self {
        Self {
            label: format!("published: {label}"),
            value,
            interval: None,
            published: true,
        }
    }
}

impl Chart {
    pub fn svg(&self) -> String {
        let values = || self.lines.iter().map(|line| line.value.max(1e-3).log10());
        let first = values().fold(f64::INFINITY, f64::min).floor();
        let last = values().fold(f64::NEG_INFINITY, f64::max).ceil().max(first + 1.0);
        let x = |value: f64| {
            let share = (value.max(1e-3).log10() - first) / (last - first);
            LABEL + share.clamp(0.0, 1.0) * (WIDTH - LABEL - VALUE)
        };
        let bottom = TOP + ROW * self.lines.len() as f64;
        let mut svg = String::new();
        let mut power = first;
        while power <= last {
            let (at, tick) = (x(10f64.powf(power)), 10f64.powf(power));
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/><text class=\"tick\" \
                 x=\"{at:.1}\" y=\"{:.1}\">{tick}</text>",
                bottom + 16.0
            );
            power += 1.0;
        }
        for (index, line) in self.lines.iter().enumerate() {
            svg += &row(line, TOP + ROW * index as f64, &x);
        }
        format!(
            "<h2>{}</h2><svg viewBox=\"0 0 {WIDTH} {:.0}\" role=\"img\" aria-label=\"{}\">{svg}</svg><p class=\"note\">{}</p>",
            escape(self.title),
            bottom + 24.0,
            escape(self.title),
            escape(self.note)
        )
    }
}

fn row(line: &Line, y: f64, x: &impl Fn(f64) -> f64) -> String {
    let class = match (line.published, line.label.starts_with("hub,")) {
        (true, _) => "published",
        (_, true) => "hub",
        _ => "other",
    };
    let (end, middle) = (x(line.value), y + ROW / 2.0);
    let mut text = format!(
        "<text class=\"label\" x=\"{:.1}\" y=\"{:.1}\">{}</text><rect class=\"{class}\" x=\"{LABEL}\" y=\"{:.1}\" \
         width=\"{:.1}\" height=\"{:.1}\"/>",
        LABEL - 8.0,
        middle + 4.0,
        escape(&line.label),
        y + 4.0,
        (end - LABEL).max(1.0),
        ROW - 8.0
    );
    let mut right = end;
    if let Some((low, high)) = line.interval {
        right = x(high).max(end);
        let _ = write!(
            text,
            "<line class=\"interval\" x1=\"{:.1}\" x2=\"{right:.1}\" y1=\"{middle:.1}\" y2=\"{middle:.1}\"/>",
            x(low)
        );
    }
    let shown = if line.value < 10.0 {
        format!("{:.2}", line.value)
    } else {
        format!("{:.1}", line.value)
    };
    let _ = write!(
        text,
        "<text class=\"value\" x=\"{:.1}\" y=\"{:.1}\">{shown}</text>",
        right + 6.0,
        middle + 4.0
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_time_has_a_longer_bar() {
        let chart = Chart {
            title: "a <b>",
            note: "",
            lines: vec![Line::published("short", 1.0), Line::published("long", 1000.0)],
        };
        let svg = chart.svg();
        let widths: Vec<f64> = svg
            .split("width=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next()?.parse().ok())
            .collect();
        assert!(widths.len() == 2 && widths[0] < widths[1]);
        assert!(svg.contains("a &lt;b&gt;"));
    }
}
