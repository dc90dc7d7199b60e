//! `tls-sni-required`

use crate::model::{
    finding::{Confidence, Fix},
    observation::{TlsOutcome, TlsProbe},
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, tls_rows};

declare_finding! {
    /// ## What it means
    /// The server serves several names, and the one that it was asked for (SNI) is none of them. Often the application uses
    /// the endpoint's own name or an address where the server knows the vendor's name alone.
    /// ## How we know
    /// The server answered the ClientHello with the alert unrecognized_name (RFC 6066 section 3).
    /// ## What looks like it
    /// `tls-hostname-mismatch`: the server shakes hands and presents a certificate for another name.
    /// ## How to confirm it by hand
    ///     openssl s_client -connect ADDRESS:PORT -servername NAME </dev/null
    /// ## How to fix it
    /// Connect to the name that the service's owner gives out (`tls.server_name` for this check), and let DNS lead it to the
    /// endpoint. If it is that name: the owner has not set it up yet for this endpoint.
    static TLS_SNI_REQUIRED = { title: "the server does not serve the name that it is asked for", severity: Error, side: Client, layer: Tls, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&TLS_SNI_REQUIRED, check);

fn check(case: &Case<'_>) -> Outcome {
    let rows: Vec<_> = case.failing().filter_map(|row| Some((row, refuses(row)?))).collect();
    let Some((_, first)) = rows.first() else {
        return Ok(None);
    };
    let name = &first.server_name;
    let draft = Draft::new(Confidence::Confirmed, format!("The server does not serve the name {name}."))
        .evidence(tls_rows::said(rows.iter().map(|(row, tls)| {
            (*row, format!("answered a ClientHello for {} with the alert unrecognized_name", tls.server_name))
        })))
        .fix(Fix::text(format!(
            "Connect to the name that the service's owner gives out, or ask the owner to serve {name} here"
        )))
        .explains(rows.iter().map(|(row, _)| *row));
    Ok(Some(draft))
}

fn refuses<'a>(row: &Row<'a>) -> Option<&'a TlsProbe> {
    row.probe.tls.as_ref().filter(
        |tls| matches!(&tls.outcome, TlsOutcome::Alert { description } if description == "unrecognized_name"),
    )
}
