//! From a node of the tree to a typed value, or to the fault in it.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use super::{
    duration,
    error::{KeyPath, Problem, TreeFault, quote},
    host,
    plan::InventoryChoice,
    services::{self, Unspoken},
    spelling::Near,
    yaml::Node,
};
use crate::model::{id::EndpointId, target::Protocol};

/// What can stand as a value in the file.
pub(super) trait Value: Sized {
    fn read(node: Node, path: &KeyPath) -> Result<Self, TreeFault>;

    /// What a missing `key` of the mapping at `parent` means.
    fn absent(key: &'static str, parent: &KeyPath) -> Result<Self, TreeFault> {
        Err(TreeFault::at_value(parent.clone(), Problem::MissingKey(key)))
    }
}

pub(super) fn root<T: Value>(tree: Node) -> Result<T, TreeFault> {
    T::read(tree, &KeyPath::default())
}

/// The entries of a mapping that has a fixed set of keys.
pub(super) struct Entries {
    path: KeyPath,
    entries: Vec<(String, Node)>,
}

impl Entries {
    /// Nothing at all counts as an empty mapping: that is what remains when all keys of a section are
    /// commented out.
    pub(super) fn of(node: Node, path: &KeyPath, valid: &'static [&'static str]) -> Result<Self, TreeFault> {
        let entries = match node {
            Node::Map(entries) => entries,
            Node::Null => Vec::new(),
            other => return Err(unexpected(path, "a mapping of keys to values", &other)),
        };
        if let Some((key, _)) = entries.iter().find(|(key, _)| !valid.contains(&key.as_str())) {
            return Err(TreeFault::at_key(path.key(key), Problem::UnknownKey(Near::to(key, valid))));
        }
        Ok(Self { path: path.clone(), entries })
    }

    pub(super) fn take<T: Value>(&mut self, key: &'static str) -> Result<T, TreeFault> {
        match self.entries.iter().position(|(name, _)| name == key) {
            Some(index) => T::read(self.entries.swap_remove(index).1, &self.path.key(key)),
            None => T::absent(key, &self.path),
        }
    }
}

impl<T: Value> Value for Option<T> {
    fn read(node: Node, path: &KeyPath) -> Result<Self, TreeFault> {
        T::read(node, path).map(Some)
    }

    fn absent(_: &'static str, _: &KeyPath) -> Result<Self, TreeFault> {
        Ok(None)
    }
}

impl<T: Value> Value for Vec<T> {
    fn read(node: Node, path: &KeyPath) -> Result<Self, TreeFault> {
        match node {
            Node::List(nodes) => {
                nodes.into_iter().enumerate().map(|(index, node)| T::read(node, &path.index(index))).collect()
            }
            other => Err(unexpected(path, "a list, each entry behind a hyphen", &other)),
        }
    }
}

/// Words for people: any text but an empty one, and no control characters.
pub(super) struct Label(pub(super) String);

impl Value for Label {
    fn read(node: Node, path: &KeyPath) -> Result<Self, TreeFault> {
        let is_label =
            |text: &str| text.trim() == text && !text.is_empty() && !text.contains(char::is_control);
        text_that(is_label, "a name, any text in one line", node, path).map(Self)
    }
}

/// A host name or an address.
pub(super) struct Host(pub(super) String);

impl Value for Host {
    fn read(node: Node, path: &KeyPath) -> Result<Self, TreeFault> {
        let text = text("a host name or an IP address", node, path)?;
        host::parse(&text).map(Self).map_err(|error| TreeFault::at_value(path.clone(), Problem::Host(error)))
    }
}

/// A TCP port one can connect to.
#[derive(Clone, Copy)]
pub(super) struct Port(pub(super) u16);

impl Value for Port {
    fn read(node: Node, path: &KeyPath) -> Result<Self, TreeFault> {
        number_in(1, u16::MAX, "a port from 1 to 65535", &node, path).map(Self)
    }
}

/// How many at once.
#[derive(Clone, Copy)]
pub(super) struct Concurrency(pub(super) u16);

impl Value for Concurrency {
    fn read(node: Node, path: &KeyPath) -> Result<Self, TreeFault> {
        number_in(1, 1024, "a whole number from 1 to 1024", &node, path).map(Self)
    }
}

/// How many availability zones. No Region has more than a handful.
#[derive(Clone, Copy)]
pub(super) struct Zones(pub(super) u16);

impl Value for Zones {
    fn read(node: Node, path: &KeyPath) -> Result<Self, TreeFault> {
        number_in(1, 16, "a number of zones from 1 to 16", &node, path).map(Self)
    }
}

/// RFC 9110 section 15.
pub(super) struct Status(pub(super) u16);

impl Value for Status {
    fn read(node: Node, path: &KeyPath) -> Result<Self, TreeFault> {
        number_in(100, 599, "an HTTP status from 100 to 599", &node, path).map(Self)
    }
}

impl Value for Duration {
    /// The upper limit keeps sums of a few durations and a clock far from overflow.
    fn read(node: Node, path: &KeyPath) -> Result<Self, TreeFault> {
        const EXPECTED: &str = "a duration from 1ms to 24h, such as 500ms, 15s, 2m or 1h30m";
        if let Node::Integer(number) = node {
            let found = format!("{number} without a unit");
            return Err(TreeFault::at_value(path.clone(), Problem::Expected { expected: EXPECTED, found }));
        }
        let text = text(EXPECTED, node, path)?;
        let limits = Self::from_millis(1)..=Self::from_hours(24);
        duration::parse(&text)
            .filter(|duration| limits.contains(duration))
            .ok_or_else(|| unexpected(path, EXPECTED, &Node::Text(text)))
    }
}

impl Value for SocketAddr {
    fn read(node: Node, path: &KeyPath) -> Result<Self, TreeFault> {
        const EXPECTED: &str = "an IP address and a port, such as 127.0.0.1:10115 or [::1]:10115";
        let text = text(EXPECTED, node, path)?;
        text.parse().map_err(|_| unexpected(path, EXPECTED, &Node::Text(text)))
    }
}

impl Value for PathBuf {
    fn read(node: Node, path: &KeyPath) -> Result<Self, TreeFault> {
        let is_path = |text: &str| !text.is_empty() && !text.contains('\0');
        text_that(is_path, "the path of a file", node, path).map(Self::from)
    }
}

impl Value for InventoryChoice {
    fn read(node: Node, path: &KeyPath) -> Result<Self, TreeFault> {
        let text = text(Self::EXPECTED, node, path)?;
        text.parse().map_err(|problem| TreeFault::at_value(path.clone(), problem))
    }
}

impl Value for Protocol {
    fn read(node: Node, path: &KeyPath) -> Result<Self, TreeFault> {
        const EXPECTED: &str = "a protocol";
        let text = text(EXPECTED, node, path)?;
        if let Some(protocol) = Self::ALL.into_iter().find(|protocol| protocol.as_str() == text) {
            return Ok(protocol);
        }
        let problem = if let Some((name, _, instead)) = services::unspoken(&text) {
            Problem::Unspoken(Unspoken { name, instead: format!("protocol: {instead}") })
        } else {
            let near = Near::to(&text, services::SPOKEN);
            Problem::UnknownWord { expected: EXPECTED, found: text, near }
        };
        Err(TreeFault::at_value(path.clone(), problem))
    }
}

impl Value for EndpointId {
    /// Eight hexadecimal digits in old accounts, seventeen since 2018; AWS promises neither, and an emulator has ids of
    /// its own. One that does not exist is found out by asking.
    fn read(node: Node, path: &KeyPath) -> Result<Self, TreeFault> {
        let is_id = |text: &str| {
            text.strip_prefix("vpce-").is_some_and(|rest| {
                !rest.is_empty() && !rest.starts_with("svc-") && rest.bytes().all(is_lower_or_hyphen)
            })
        };
        text_that(is_id, "an endpoint id such as vpce-0ce90d01341533a5c", node, path).map(Self)
    }
}

/// A preset's name: a lowercase word.
pub(super) struct Word(pub(super) String);

impl Value for Word {
    fn read(node: Node, path: &KeyPath) -> Result<Self, TreeFault> {
        let is_word = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_lowercase()) && text.bytes().all(is_lower_or_hyphen)
        };
        text_that(is_word, "a lowercase word such as zilliz", node, path).map(Self)
    }
}

/// A Region's name becomes part of host names, so nothing else may get through.
pub(super) struct Region(pub(super) String);

impl Value for Region {
    fn read(node: Node, path: &KeyPath) -> Result<Self, TreeFault> {
        let is_region = |text: &str| text.split('-').count() >= 3 && text.bytes().all(is_lower_or_hyphen);
        text_that(is_region, "a Region such as us-west-2", node, path).map(Self)
    }
}

/// `arn:PARTITION:iam::ACCOUNT:role/NAME`
pub(super) struct RoleArn(pub(super) String);

impl Value for RoleArn {
    fn read(node: Node, path: &KeyPath) -> Result<Self, TreeFault> {
        text_that(is_role_arn, "a role's ARN such as arn:aws:iam::123456789012:role/name", node, path)
            .map(Self)
    }
}

/// The full name of an endpoint service, `com.amazonaws.vpce.us-west-2.vpce-svc-…` or `com.amazonaws.us-west-2.sts`.
pub(super) struct ServiceName(pub(super) String);

impl Value for ServiceName {
    fn read(node: Node, path: &KeyPath) -> Result<Self, TreeFault> {
        let is_name = |text: &str| {
            text.split('.').count() >= 3
                && text.split('.').all(|part| {
                    !part.is_empty()
                        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
                })
        };
        let expected = "a service name such as com.amazonaws.us-west-2.sts";
        text_that(is_name, expected, node, path).map(Self)
    }
}

/// The path and query of a request (RFC 9112 section 3.2.1).
pub(super) struct RequestPath(pub(super) String);

impl Value for RequestPath {
    fn read(node: Node, path: &KeyPath) -> Result<Self, TreeFault> {
        let expected = "a path that begins with / and holds no spaces and no #";
        text_that(is_request_path, expected, node, path).map(Self)
    }
}

pub(super) fn is_request_path(text: &str) -> bool {
    text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

/// Header names and values (RFC 9110 section 5) in the order of the file.
pub(super) struct Headers(pub(super) Vec<(String, String)>);

impl Value for Headers {
    fn read(node: Node, path: &KeyPath) -> Result<Self, TreeFault> {
        let entries = match node {
            Node::Map(entries) => entries,
            Node::Null => Vec::new(),
            other => return Err(unexpected(path, "a mapping of header names to values", &other)),
        };
        let mut headers = Vec::<(String, String)>::new();
        for (name, node) in entries {
            let path = path.key(&name);
            if !is_token(&name) {
                let found = quote(&name);
                let problem = Problem::Expected { expected: "a header name", found };
                return Err(TreeFault::at_key(path, problem));
            }
            // Names differ only by letters, not by their case.
            if headers.iter().any(|(earlier, _)| earlier.eq_ignore_ascii_case(&name)) {
                return Err(TreeFault::at_key(path, Problem::DuplicateKey));
            }
            let value = text_that(is_header_value, "a header value in one line of ASCII", node, &path)?;
            headers.push((name, value));
        }
        Ok(Self(headers))
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn is_header_value(text: &str) -> bool {
    text.trim() == text && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

fn is_role_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts[..] else { return false };
    partition.starts_with("aws")
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty())
        && resource.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_lower_or_hyphen(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'-')
}

fn number_in(
    least: u16,
    most: u16,
    expected: &'static str,
    node: &Node,
    path: &KeyPath,
) -> Result<u16, TreeFault> {
    let number = match node {
        Node::Integer(number) => u16::try_from(*number).ok(),
        _ => None,
    };
    number.filter(|number| (least..=most).contains(number)).ok_or_else(|| {
        let hint = if matches!(node, Node::Text(_)) { "; a number stands without quotes" } else { "" };
        unexpected_with(hint, path, expected, node)
    })
}

fn text_that(
    fits: impl Fn(&str) -> bool,
    expected: &'static str,
    node: Node,
    path: &KeyPath,
) -> Result<String, TreeFault> {
    match text(expected, node, path)? {
        text if fits(&text) => Ok(text),
        text => Err(unexpected(path, expected, &Node::Text(text))),
    }
}

/// Where YAML read something other than text, quotes may be all that is missing.
fn text(expected: &'static str, node: Node, path: &KeyPath) -> Result<String, TreeFault> {
    let hint = match node {
        Node::Text(text) => return Ok(text),
        Node::Bool(_) | Node::Float(_) | Node::Integer(_) => "; a text that looks like this needs quotes",
        Node::List(_) | Node::Map(_) | Node::Null => "",
    };
    Err(unexpected_with(hint, path, expected, &node))
}

pub(super) fn unexpected(path: &KeyPath, expected: &'static str, found: &Node) -> TreeFault {
    unexpected_with("", path, expected, found)
}

fn unexpected_with(hint: &str, path: &KeyPath, expected: &'static str, found: &Node) -> TreeFault {
    let found = describe(found) + hint;
    TreeFault::at_value(path.clone(), Problem::Expected { expected, found })
}

fn describe(node: &Node) -> String {
    match node {
        Node::Bool(value) => value.to_string(),
        Node::Float(value) => value.to_string(),
        Node::Integer(value) => value.to_string(),
        Node::List(_) => "a list".to_owned(),
        Node::Map(_) => "a mapping".to_owned(),
        Node::Null => "nothing".to_owned(),
        Node::Text(text) => quote(text),
    }
}
