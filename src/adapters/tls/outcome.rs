//! From the library's errors to the vocabulary of a diagnosis.

use std::{borrow::Cow, io, sync::Mutex};

use rustls::{AlertDescription, PeerIncompatible};

use super::head::Head;
use crate::model::observation::TlsOutcome;

pub(super) fn of(error: &io::Error, head: &Mutex<Head>) -> TlsOutcome {
    if let Some(head) = Head::foreign(head) {
        return TlsOutcome::NotTls { head };
    }
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return of_protocol(error);
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => TlsOutcome::UnexpectedEof,
        // Writing into a connection that was reset a moment ago is a broken pipe.
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            TlsOutcome::Reset
        }
        // The kernel gave up retransmitting before we did.
        io::ErrorKind::TimedOut => TlsOutcome::TimedOut,
        _ => TlsOutcome::Failed { message: error.to_string() },
    }
}

/// A few foreign bytes and then silence is no TLS either.
pub(super) fn timed_out(head: &Mutex<Head>) -> TlsOutcome {
    Head::foreign(head).map_or(TlsOutcome::TimedOut, |head| TlsOutcome::NotTls { head })
}

fn of_protocol(error: &rustls::Error) -> TlsOutcome {
    match error {
        rustls::Error::AlertReceived(alert) => {
            TlsOutcome::Alert { description: alert_name(*alert).into_owned() }
        }
        rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => TlsOutcome::Failed { message: format!("{}: {error}", TlsOutcome::NO_COMMON_VERSION) },
        other => TlsOutcome::Failed { message: other.to_string() },
    }
}

/// <https://www.iana.org/assignments/tls-parameters/tls-parameters.xhtml#tls-parameters-6>
fn alert_name(alert: AlertDescription) -> Cow<'static, str> {
    let name = match u8::from(alert) {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        52 => "too_many_cids_requested",
        60 => "export_restriction",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        111 => "certificate_unobtainable",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        114 => "bad_certificate_hash_value",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        117 => "general_error",
        120 => "no_application_protocol",
        121 => "ech_required",
        other => return format!("alert_{other}").into(),
    };
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(error: &io::Error) -> TlsOutcome {
        of(error, &Mutex::new(Head::default()))
    }

    #[test]
    fn alerts_carry_their_registered_names() {
        let received = |alert| outcome(&io::Error::other(rustls::Error::AlertReceived(alert)));
        let named = |name: &str| TlsOutcome::Alert { description: name.to_owned() };
        assert_eq!(received(AlertDescription::UnrecognisedName), named("unrecognized_name"));
        assert_eq!(received(AlertDescription::UnknownCA), named("unknown_ca"));
        assert_eq!(received(AlertDescription::Unknown(200)), named("alert_200"));
    }

    #[test]
    fn a_broken_connection_is_told_from_a_closed_one() {
        assert_eq!(outcome(&io::ErrorKind::BrokenPipe.into()), TlsOutcome::Reset);
        assert_eq!(outcome(&io::ErrorKind::UnexpectedEof.into()), TlsOutcome::UnexpectedEof);
        assert!(matches!(outcome(&io::ErrorKind::HostUnreachable.into()), TlsOutcome::Failed { .. }));
    }
}
