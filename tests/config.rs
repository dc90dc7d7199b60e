//! The configuration file as its users meet it: what is accepted, and the exact words for what is not.

use std::{collections::BTreeSet, fs, time::Duration};

use proptest::prelude::*;
use vpce_doctor::{
    config::{self, InventoryChoice, Plan},
    model::target::{HttpSettings, Protocol},
};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/config/");

/// One file a mistake, `invalid-NAME.yaml`, and the whole message.
const INVALID: &[(&str, &str)] = &[
    ("alias-bomb", "config.yaml: not valid YAML: repetition limit exceeded"),
    (
        "client-cert-alone",
        "config.yaml:6:7: targets[0].tls.client_cert: client_key is missing; a client certificate and its key go together",
    ),
    (
        "client-key-alone",
        "config.yaml:4:11: targets[0].tls.client_key: client_cert is missing; a client certificate and its key go together",
    ),
    ("concurrency", "config.yaml:1:14: concurrency: expected a whole number from 1 to 1024, found 0"),
    ("control-character", r"config.yaml:2:15: '\u{7}' is not allowed in YAML"),
    ("duplicate-key", "config.yaml:5:5: targets[0].name: key given twice"),
    (
        "duplicate-name",
        r#"config.yaml:6:11: targets[2].name: "api" is the name of targets[0] already; names tell targets apart, also in metrics"#,
    ),
    ("duplicate-section", "config.yaml:5:1: aws: key given twice"),
    (
        "duration-too-long",
        r#"config.yaml:2:12: aws.refresh: expected a duration from 1ms to 24h, such as 500ms, 15s, 2m or 1h30m, found "48h""#,
    ),
    (
        "duration-unknown-unit",
        r#"config.yaml:4:15: targets[0].interval: expected a duration from 1ms to 24h, such as 500ms, 15s, 2m or 1h30m, found "15sec""#,
    ),
    (
        "duration-without-unit",
        "config.yaml:1:10: timeout: expected a duration from 1ms to 24h, such as 500ms, 15s, 2m or 1h30m, found 5 without a unit",
    ),
    (
        "duration-zero",
        r#"config.yaml:1:11: interval: expected a duration from 1ms to 24h, such as 500ms, 15s, 2m or 1h30m, found "0s""#,
    ),
    ("empty-file", r#"config.yaml:2:1: missing key "targets""#),
    ("empty-targets", "config.yaml:1:10: targets: expected at least one target, found nothing"),
    (
        "endpoint-id",
        r#"config.yaml:4:15: targets[0].endpoint: expected an endpoint id such as vpce-0ce90d01341533a5c, found "vpce-svc-0b6254a59ba2bd2e2""#,
    ),
    (
        "host-address",
        r#"config.yaml:3:11: targets[0].host: "10.0.0.256" is neither an IPv4 address (four numbers up to 255) nor a host name, which does not end in a number"#,
    ),
    (
        "host-international",
        "config.yaml:1:35: targets[0].host: 'ü' is not ASCII; write an international name in its xn-- form",
    ),
    (
        "host-url",
        "config.yaml:3:11: targets[0].host: ':' is not allowed in a host name; expected a name such as api.example.com or an IP address, nothing else",
    ),
    (
        "host-with-port",
        "config.yaml:3:11: targets[0].host: ':' is not allowed in a host name; expected a name such as api.example.com or an IP address, nothing else",
    ),
    (
        "http-header-name",
        r#"config.yaml:7:9: targets[0].http.headers["X Trace"]: expected a header name, found "X Trace""#,
    ),
    ("http-header-twice", "config.yaml:8:9: targets[0].http.headers.x-trace: key given twice"),
    (
        "http-header-value",
        "config.yaml:7:18: targets[0].http.headers.X-Trace: expected a header value in one line of ASCII, found 1; a text that looks like this needs quotes",
    ),
    (
        "http-on-tls",
        "config.yaml:4:5: targets[0].http: no use with protocol tls; these settings need http or https",
    ),
    (
        "http-path",
        r#"config.yaml:5:18: targets[0].http.path: expected a path that begins with / and holds no spaces and no #, found "ping""#,
    ),
    (
        "http-status",
        "config.yaml:6:21: targets[0].http.status[1]: expected an HTTP status from 100 to 599, found 4000",
    ),
    (
        "interval-below-timeout",
        "config.yaml:4:15: targets[0].interval: 2s is shorter than the timeout of 5s, which a probe may need",
    ),
    (
        "inventory-slip",
        r#"config.yaml:1:12: inventory: expected auto, ec2, none or a directory, found "atuo"; did you mean "auto"?"#,
    ),
    ("key-not-a-word", "config.yaml:1:3: not valid YAML: invalid type: sequence, expected a word as key"),
    (
        "listen-name",
        r#"config.yaml:1:9: listen: expected an IP address and a port, such as 127.0.0.1:10115 or [::1]:10115, found "localhost:10115""#,
    ),
    (
        "listen-without-port",
        r#"config.yaml:1:9: listen: expected an IP address and a port, such as 127.0.0.1:10115 or [::1]:10115, found "127.0.0.1""#,
    ),
    (
        "min-zones",
        "config.yaml:4:25: targets[0].expect.min_zones: expected a number of zones from 1 to 16, found 0",
    ),
    ("missing-host", r#"config.yaml:4:5: targets[1]: missing key "host""#),
    (
        "missing-port",
        r#"config.yaml:2:5: targets[0]: missing key "port", which protocol tcp has no default for"#,
    ),
    ("missing-targets", r#"config.yaml:1:1: missing key "targets""#),
    ("name-blank", r#"config.yaml:2:11: targets[0].name: expected a name, any text in one line, found " ""#),
    ("nesting", "config.yaml:1:137: not valid YAML: recursion limit exceeded"),
    ("port-too-large", "config.yaml:4:11: targets[0].port: expected a port from 1 to 65535, found 70000"),
    ("port-zero", "config.yaml:4:11: targets[0].port: expected a port from 1 to 65535, found 0"),
    (
        "protocol-slip",
        r#"config.yaml:4:15: targets[0].protocol: expected a protocol, found "htps"; did you mean "https"?"#,
    ),
    (
        "protocol-unknown",
        r#"config.yaml:4:15: targets[0].protocol: expected a protocol, found "gopher"; valid here: http, https, tcp, tls"#,
    ),
    (
        "protocol-unspoken",
        "config.yaml:4:15: targets[0].protocol: protocol postgres is not spoken yet; protocol: tcp tests the connection under it",
    ),
    (
        "provider",
        r#"config.yaml:4:15: targets[0].provider: expected a lowercase word such as zilliz, found "Zilliz Cloud""#,
    ),
    (
        "region",
        r#"config.yaml:1:15: aws.region: expected a Region such as us-west-2, found "us-west-2a.example""#,
    ),
    (
        "role",
        r#"config.yaml:2:16: aws.assume_role: expected a role's ARN such as arn:aws:iam::123456789012:role/name, found "arn:aws:iam::123:role/reader""#,
    ),
    ("second-document", "config.yaml:5:1: the file holds a second YAML document; expected one"),
    (
        "service",
        r#"config.yaml:5:16: targets[0].expect.service: expected a service name such as com.amazonaws.us-west-2.sts, found "vpce-svc-0b6254a59ba2bd2e2""#,
    ),
    ("syntax-anchor", "config.yaml:4:15: not valid YAML: unknown anchor"),
    (
        "syntax-bracket",
        "config.yaml:2:1: not valid YAML: did not find expected ',' or ']', while parsing a flow sequence at line 1 column 10",
    ),
    (
        "syntax-tab",
        "config.yaml:4:1: not valid YAML: found a tab character that violates indentation, while scanning a plain scalar at line 3 column 11",
    ),
    ("tag", "config.yaml:4:11: targets[0].port: expected a plain value, found the YAML tag !port"),
    (
        "timeout-above-default",
        "config.yaml:1:10: timeout: 1m is longer than the interval of 30s, so probes would overlap",
    ),
    (
        "timeout-above-interval",
        "config.yaml:5:14: targets[0].timeout: 20s is longer than the interval of 10s, so probes would overlap",
    ),
    (
        "tls-on-implied-tcp",
        "config.yaml:5:5: targets[0].tls: no use with protocol tcp, which port 5432 implies; these settings need tls or https",
    ),
    (
        "tls-on-tcp",
        "config.yaml:6:5: targets[0].tls: no use with protocol tcp; these settings need tls or https",
    ),
    ("unknown-key", r#"config.yaml:6:5: targets[1].hots: unknown key; did you mean "host"?"#),
    (
        "unknown-key-in-section",
        r#"config.yaml:5:7: targets[0].tls.ca_fiel: unknown key; did you mean "ca_file"?"#,
    ),
    (
        "unknown-key-none-near",
        "config.yaml:1:1: retries: unknown key; valid here: interval, timeout, listen, inventory, aws, concurrency, targets",
    ),
    (
        "wrong-type-list",
        "config.yaml:2:3: targets: expected a list, each entry behind a hyphen, found a mapping",
    ),
    (
        "wrong-type-mapping",
        "config.yaml:4:10: targets[0].tls: expected a mapping of keys to values, found true",
    ),
    (
        "wrong-type-nothing",
        "config.yaml:4:14: targets[0].provider: expected a lowercase word such as zilliz, found nothing",
    ),
    (
        "wrong-type-number",
        r#"config.yaml:4:11: targets[0].port: expected a port from 1 to 65535, found "443"; a number stands without quotes"#,
    ),
    ("wrong-type-root", "config.yaml:1:1: expected a mapping of keys to values, found a list"),
    (
        "wrong-type-text",
        "config.yaml:2:11: targets[0].name: expected a name, any text in one line, found 42; a text that looks like this needs quotes",
    ),
];

const EXAMPLE: &str = include_str!("../config/vpce-doctor.yaml");
const MINIMAL: &str = "targets:\n  - name: api\n    host: api.example.com\n";

#[test]
fn every_mistake_has_its_message() {
    for (name, message) in INVALID {
        let text = read(&format!("invalid-{name}.yaml"));
        let error = config::parse(&text, "config.yaml").expect_err(name);
        assert_eq!(error.to_string(), *message, "{name}");
    }
}

#[test]
fn every_invalid_file_is_in_the_table() {
    let files: BTreeSet<String> =
        fs::read_dir(DATA).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let table = INVALID.iter().map(|(name, _)| format!("invalid-{name}.yaml")).collect();
    assert_eq!(files, table);
}

#[test]
fn a_name_and_a_host_are_enough() {
    let plan = config::parse(MINIMAL, "config.yaml").unwrap();
    let [target] = &plan.targets[..] else { panic!("one target: {plan:?}") };
    assert_eq!((&*target.name, &*target.host), ("api", "api.example.com"));
    assert_eq!((target.port, target.protocol), (443, Protocol::Tls));
    assert_eq!((target.interval, target.timeout), (Duration::from_secs(30), Duration::from_secs(5)));
    assert_eq!(target.http, HttpSettings::default());
    assert_eq!(Plan { targets: Vec::new(), ..plan }, Plan::default());
}

#[test]
fn defaults_without_a_file_are_the_documented_ones() {
    let plan = Plan::default();
    assert_eq!(plan.listen.to_string(), "127.0.0.1:10115");
    assert_eq!(plan.inventory, InventoryChoice::Auto);
    assert_eq!(plan.aws.refresh, Duration::from_mins(1));
    assert_eq!(plan.concurrency, 64);
}

#[test]
fn a_target_inherits_what_it_does_not_say() {
    let text = "interval: 1m\ntimeout: 2s\n".to_owned()
        + MINIMAL
        + "    interval: 10s\n  - {name: db, host: db.example.com, port: 5432}\n";
    let plan = config::parse(&text, "config.yaml").unwrap();
    let pace = |index: usize| (plan.targets[index].interval.as_secs(), plan.targets[index].timeout.as_secs());
    assert_eq!((pace(0), pace(1)), ((10, 2), (60, 2)));
    assert_eq!(plan.targets[1].protocol, Protocol::Tcp, "the port says so");
}

/// Only what a target ends up with has to fit together.
#[test]
fn a_long_timeout_for_all_needs_long_intervals_of_each() {
    let text = format!("timeout: 1m\n{MINIMAL}    interval: 2m\n");
    assert!(config::parse(&text, "config.yaml").is_ok());
}

#[test]
fn a_directory_is_kept_as_written() {
    let text = format!("inventory: dump/today\n{MINIMAL}");
    let plan = config::parse(&text, "config.yaml").unwrap();
    assert_eq!(plan.inventory, InventoryChoice::Directory("dump/today".into()));
}

/// All keys of a section commented out leave nothing, which is not a mistake.
#[test]
fn an_empty_section_is_no_section() {
    let text = format!("aws:\n{MINIMAL}    tls:\n    expect:\n");
    assert!(config::parse(&text, "config.yaml").is_ok());
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark_do_not_matter() {
    let text = format!("\u{feff}{MINIMAL}    hots: x\n").replace('\n', "\r\n");
    let error = config::parse(&text, "config.yaml").unwrap_err();
    assert_eq!(error.to_string(), r#"config.yaml:4:5: targets[0].hots: unknown key; did you mean "host"?"#);
}

#[test]
fn the_example_states_the_defaults() {
    let plan = config::parse(EXAMPLE, "config/vpce-doctor.yaml").unwrap();
    let [.., last] = &plan.targets[..] else { panic!("no target: {plan:?}") };
    assert_eq!((last.interval, last.timeout), (Plan::DEFAULT_INTERVAL, Plan::DEFAULT_TIMEOUT));
    assert_eq!(Plan { targets: Vec::new(), ..plan }, Plan::default());
}

#[test]
fn the_example_is_valid_with_every_setting_switched_on() {
    let plan = config::parse(&switched_on(EXAMPLE), "config/vpce-doctor.yaml").unwrap();
    assert!(plan.aws.assume_role.is_some() && plan.targets[0].tls.client_key.is_some());
}

#[test]
fn the_example_names_every_key() {
    let example: serde_yaml::Value = serde_yaml::from_str(&switched_on(EXAMPLE)).unwrap();
    for (section, keys) in config::SECTIONS {
        let places = section.split('.').filter(|step| !step.is_empty()).fold(vec![&example], below);
        let named: BTreeSet<&str> = places
            .iter()
            .filter_map(|place| place.as_mapping())
            .flat_map(|mapping| mapping.keys().filter_map(serde_yaml::Value::as_str))
            .collect();
        let valid: BTreeSet<&str> = keys.iter().copied().collect();
        assert_eq!(named, valid, "section {section:?}");
    }
}

/// All that one step of a section's place leads to; `targets[]` leads to every target.
fn below<'a>(places: Vec<&'a serde_yaml::Value>, step: &str) -> Vec<&'a serde_yaml::Value> {
    let children = places.into_iter().filter_map(|place| place.get(step.trim_end_matches("[]")));
    children
        .flat_map(|child| child.as_sequence().map_or_else(|| vec![child], |list| list.iter().collect()))
        .collect()
}

/// Settings are commented out by a `#` right before the key, prose by a `#` and a space.
fn switched_on(text: &str) -> String {
    let lines = text.lines().map(|line| match line.trim_start().strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase()) => line.replacen('#', "", 1),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Deletes, repeats or replaces a few pieces of a document, as tired fingers do.
fn damaged(text: &'static str) -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "",
        ":",
        "-",
        " ",
        "\n",
        "\t",
        "\"",
        "'",
        "[",
        "]",
        "{",
        "}",
        "&a",
        "*a",
        "!x",
        "|",
        ">",
        "#",
        "?",
        "%",
        "\u{0}",
        "ü",
        "null",
        "1e999",
        "targets",
        "name: api\n",
        "---\n",
        "<<: ",
    ]);
    let edit = (0..=text.len(), 0..12_usize, pieces);
    prop::collection::vec(edit, 1..6).prop_map(move |edits| {
        edits.into_iter().fold(text.to_owned(), |text, (at, length, piece)| {
            let start = text.floor_char_boundary(at.min(text.len()));
            let end = text.floor_char_boundary((start + length).min(text.len())).max(start);
            [&text[..start], piece, &text[end..]].concat()
        })
    })
}

/// A message may point behind the last character, but never out of the file.
fn check(text: &str) -> Result<(), TestCaseError> {
    let Err(error) = config::parse(text, "config.yaml") else { return Ok(()) };
    prop_assert!(!error.to_string().is_empty());
    if let Some(place) = error.place {
        let text = text.replace("\r\n", "\n");
        let lines: Vec<&str> = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).collect();
        prop_assert!((1..=lines.len()).contains(&place.line), "{}", error);
        let length = lines[place.line - 1].chars().count();
        prop_assert!((1..=length + 1).contains(&place.column), "{}", error);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in any::<String>()) {
        check(&text)?;
    }

    #[test]
    fn text_that_resembles_yaml_does_not_panic(text in "([-?:,\\[\\]{}&*!|>'\"%@` \n\t#a-c0-9~]|targets|name|host: a){0,60}") {
        check(&text)?;
    }

    #[test]
    fn a_damaged_file_does_not_panic(text in damaged(EXAMPLE)) {
        check(&text)?;
    }
}

#[expect(clippy::disallowed_methods, reason = "a test reads its own data")]
fn read(file: &str) -> String {
    fs::read_to_string(format!("{DATA}{file}")).unwrap()
}
