//! Host names and address literals, as a user may write them.

use std::net::{IpAddr, Ipv6Addr};

use thiserror::Error;

use super::error::quote;

/// Why a text names no host.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HostError {
    #[error(
        "{0:?} is not allowed in a host name; expected a name such as api.example.com or an IP address, nothing else"
    )]
    Character(char),
    #[error("the host is empty")]
    Empty,
    #[error("a part of the host name is empty: there is a dot too many")]
    EmptyLabel,
    #[error("{} begins or ends with a hyphen (RFC 1123 section 2.1)", quote(.0))]
    Hyphen(String),
    #[error("{0:?} is not ASCII; write an international name in its xn-- form")]
    International(char),
    #[error("{} has more than 63 characters (RFC 1035 section 2.3.4)", quote(.0))]
    LabelTooLong(String),
    #[error("{} is neither an IPv4 address (four numbers up to 255) nor a host name, which does not end in a number", quote(.0))]
    Numeric(String),
    #[error("the host name has {0} characters; 253 is the most (RFC 1035 section 2.3.4)")]
    TooLong(usize),
    #[error("{} is not an IPv6 address such as 2001:db8::1; zones (%eth0) are not supported", quote(.0))]
    V6(String),
}

/// The host as the model keeps it: as written, but an IPv6 literal without brackets.
///
/// Names follow RFC 1123; a trailing dot is allowed, and so are underscores, which vendors use although the RFC does not.
pub(super) fn parse(text: &str) -> Result<String, HostError> {
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return v6(inner);
    }
    if text.parse::<IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    name(text)?;
    Ok(text.to_owned())
}

pub(super) fn v6(text: &str) -> Result<String, HostError> {
    text.parse::<Ipv6Addr>().map(|_| text.to_owned()).map_err(|_| HostError::V6(text.to_owned()))
}

fn name(text: &str) -> Result<(), HostError> {
    if text.is_empty() {
        return Err(HostError::Empty);
    }
    if let Some(found) = text.chars().find(|c| !is_allowed(*c)) {
        return Err(if found.is_ascii() {
            HostError::Character(found)
        } else {
            HostError::International(found)
        });
    }
    let absolute = text.strip_suffix('.').unwrap_or(text);
    if absolute.len() > 253 {
        return Err(HostError::TooLong(absolute.len()));
    }
    absolute.split('.').try_for_each(label)?;
    // RFC 1123 section 2.1 tells names from addresses by this; resolvers read "10.1" as an address.
    let last = absolute.rsplit('.').next().unwrap_or(absolute);
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(HostError::Numeric(text.to_owned()));
    }
    Ok(())
}

fn label(label: &str) -> Result<(), HostError> {
    match label {
        "" => Err(HostError::EmptyLabel),
        _ if label.len() > 63 => Err(HostError::LabelTooLong(label.to_owned())),
        _ if label.starts_with('-') || label.ends_with('-') => Err(HostError::Hyphen(label.to_owned())),
        _ => Ok(()),
    }
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("api.example.com" => "api.example.com")]
    #[test_case("API.example.com" => "API.example.com"; "letter case is kept")]
    #[test_case("api.example.com." => "api.example.com."; "trailing dot")]
    #[test_case("_service._tcp.example" => "_service._tcp.example"; "underscores")]
    #[test_case("localhost" => "localhost")]
    #[test_case("3com.example" => "3com.example"; "leading digit")]
    #[test_case("xn--bcher-kva.example" => "xn--bcher-kva.example")]
    #[test_case("10.0.2.20" => "10.0.2.20")]
    #[test_case("2001:db8::1" => "2001:db8::1")]
    #[test_case("[2001:db8::1]" => "2001:db8::1"; "brackets are dropped")]
    fn accepts(text: &str) -> String {
        parse(text).unwrap()
    }

    #[test_case("" => HostError::Empty; "nothing")]
    #[test_case("." => HostError::EmptyLabel; "root")]
    #[test_case("a..b" => HostError::EmptyLabel; "two dots")]
    #[test_case(".a" => HostError::EmptyLabel; "leading dot")]
    #[test_case("-a.example" => HostError::Hyphen("-a".to_owned()); "leading hyphen")]
    #[test_case("a.b-.example" => HostError::Hyphen("b-".to_owned()); "trailing hyphen")]
    #[test_case("*.example.com" => HostError::Character('*'); "wildcard")]
    #[test_case("api.example.com:443" => HostError::Character(':'); "with a port")]
    #[test_case("a b" => HostError::Character(' '); "space")]
    #[test_case("bücher.example" => HostError::International('ü'); "international")]
    #[test_case("in01-….example" => HostError::International('…'); "an ellipsis copied from a page")]
    #[test_case("10.0.0.256" => HostError::Numeric("10.0.0.256".to_owned()); "octet past 255")]
    #[test_case("10.1" => HostError::Numeric("10.1".to_owned()); "short address")]
    #[test_case("[::1" => HostError::Character('['); "open bracket")]
    #[test_case("[fe80::1%eth0]" => HostError::V6("fe80::1%eth0".to_owned()); "zone")]
    #[test_case("[10.0.0.1]" => HostError::V6("10.0.0.1".to_owned()); "IPv4 in brackets")]
    fn refuses(text: &str) -> HostError {
        parse(text).unwrap_err()
    }

    #[test]
    fn lengths_are_those_of_the_rfc() {
        let long = "a".repeat(63);
        assert!(parse(&long).is_ok());
        assert_eq!(parse(&"a".repeat(64)), Err(HostError::LabelTooLong("a".repeat(64))));
        let name = format!("{long}.{long}.{long}.{}", "a".repeat(61));
        assert!(parse(&format!("{name}.")).is_ok());
        assert_eq!(parse(&format!("{name}a")), Err(HostError::TooLong(254)));
    }
}
