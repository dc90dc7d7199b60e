//! One metric with all its series, built for one scrape.

use prometheus::{
    TextEncoder,
    proto::{Gauge, LabelPair, Metric, MetricFamily, MetricType},
};

pub(super) struct Family(MetricFamily);

impl Family {
    pub(super) fn gauge(name: &str, help: &str) -> Self {
        let mut family = MetricFamily::default();
        family.set_name(name.to_owned());
        family.set_help(help.to_owned());
        family.set_field_type(MetricType::GAUGE);
        Self(family)
    }

    pub(super) fn add(&mut self, labels: &[(&str, &str)], value: f64) {
        let pair = |(name, value): &(&str, &str)| {
            let mut pair = LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value((*value).to_owned());
            pair
        };
        let mut gauge = Gauge::default();
        gauge.set_value(value);
        let mut metric = Metric::from_gauge(gauge);
        metric.set_label(labels.iter().map(pair).collect());
        self.0.mut_metric().push(metric);
    }

    pub(super) fn with(mut self, labels: &[(&str, &str)], value: f64) -> Self {
        self.add(labels, value);
        self
    }

    /// A metric without a series is left out.
    pub(super) fn write(self, text: &mut String) {
        if !self.0.get_metric().is_empty() {
            encode(&[self.0], text);
        }
    }
}

/// Appends; a family that the encoder refuses (it has no name or no series) is left out.
pub(super) fn encode(families: &[MetricFamily], text: &mut String) {
    let end = text.len();
    if TextEncoder::new().encode_utf8(families, text).is_err() {
        text.truncate(end);
    }
}
