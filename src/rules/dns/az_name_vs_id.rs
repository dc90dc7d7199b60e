//! `dns-az-name-vs-id`

use crate::{
    analyze::dns,
    model::{
        finding::{Confidence, Evidence, Failure, Fix, Severity, Symptom},
        id::AzId,
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, words};

declare_finding! {
    /// ## What it means
    /// The name says a zone by its id, as brokers that live in one zone each do, and leads to an interface of the endpoint
    /// in another zone. Zone names (us-west-2a) mean another zone in each account; zone ids (usw2-az1) mean the same
    /// everywhere. Records that were made by the names, or one wildcard record for all, send such a name astray.
    /// ## How we know
    /// A label of the name holds a zone id, and the interface that holds the address lies in another zone. It is likely
    /// where the connection fails there and the endpoint has an interface in the zone that the name says; and confirmed
    /// where the server there does not know the name, while the same name passes in its own zone.
    /// ## What looks like it
    /// `tls-hostname-mismatch`: the certificate is not the name's, whatever the zone.
    /// `provider-az-unhealthy`: the zone is the right one, and nothing answers there.
    /// ## How to confirm it by hand
    ///     dig +short NAME
    ///     aws ec2 describe-network-interfaces --filters Name=addresses.private-ip-address,Values=ADDRESS \
    ///         --query 'NetworkInterfaces[].[NetworkInterfaceId,AvailabilityZone,AvailabilityZoneId]'
    /// ## How to fix it
    /// Make a record for each zone in the private hosted zone, by zone id, as an alias of the endpoint's zonal name of
    /// that zone.
    static DNS_AZ_NAME_VS_ID = { title: "the name says one zone and leads to another", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_AZ_NAME_VS_ID, check);

fn check(case: &Case<'_>) -> Outcome {
    let Some(said) = zone_id_in(case.host()) else {
        return Ok(None);
    };
    let mut astray: Vec<(&Row<'_>, AzId)> = Vec::new();
    let mut right = Vec::new();
    for row in case.rows.iter().filter(|row| row.probe.used) {
        let Some(eni) = *row.eni.ok()? else { continue };
        match case.facts.inventory.az_id_of(eni) {
            Some(zone) if zone.0 == said => right.push(row),
            Some(zone) if row.endpoint.ok()?.is_some() => astray.push((row, zone)),
            _ => {}
        }
    }
    if astray.is_empty() || right.iter().any(|row| row.symptom.is_some()) {
        return Ok(None);
    }
    let failing: Vec<_> = astray.iter().map(|(row, _)| *row).filter(|row| is_refused_there(row)).collect();
    let own = own_zone(case, &astray, &said);
    // The same name, asked in the zone that it says, is known there.
    let sure = !right.is_empty() && !failing.is_empty() && failing.iter().all(|row| does_not_know(row));
    let confidence = match (sure, failing.is_empty() || own.is_none()) {
        (_, true) => Confidence::Possible,
        (true, false) => Confidence::Confirmed,
        (false, false) => Confidence::Likely,
    };
    let host = case.host();
    let where_to = astray.iter().map(|(row, zone)| format!("{} ({zone})", row.ip()));
    let draft = Draft::new(
        confidence,
        format!("{host} says zone {said}, and leads to {} as well.", words::list(where_to)),
    );
    let draft = if right.is_empty() {
        let where_to = astray.iter().map(|(row, zone)| format!("{} ({zone})", row.ip()));
        Draft {
            summary: format!("{host} says zone {said}, and leads to {}.", words::list(where_to)),
            ..draft
        }
    } else {
        draft
    };
    let draft = draft
        .evidence([words::system(case)])
        .evidence(words::servers(case))
        .evidence(astray.iter().filter_map(|(row, zone)| holder(row, zone)))
        .evidence(failing.iter().map(|row| words::packets(case, row)))
        .fix(Fix::text(match own {
            Some(name) => {
                format!("Give {host} a record of its own: an alias of {name}, the endpoint's name of {said}")
            }
            None => format!("Give {host} a record of its own, once the endpoint has a subnet in {said}"),
        }))
        .explains(failing.iter().copied());
    Ok(Some(if failing.is_empty() { draft.severity(Severity::Warning) } else { draft }))
}

/// Somebody is there and does not know the name, or nobody answers: what the wrong broker does. A certificate that has
/// expired is no sign of the zone.
fn is_refused_there(row: &Row<'_>) -> bool {
    let silent = [Failure::Refused, Failure::Reset, Failure::TimedOut, Failure::UnexpectedEof];
    does_not_know(row) || fails(row, &silent)
}

fn does_not_know(row: &Row<'_>) -> bool {
    fails(row, &[Failure::Alert, Failure::CertificateName])
}

fn fails(row: &Row<'_>, ways: &[Failure]) -> bool {
    matches!(&row.symptom, Some(Symptom::AddressFails { failure, .. }) if ways.contains(failure))
}

/// The endpoint's name of the zone that is said: its interfaces tell which zone name that id has in this account.
fn own_zone<'a>(case: &Case<'a>, astray: &[(&Row<'a>, AzId)], said: &str) -> Option<&'a str> {
    let inventory = &case.facts.inventory;
    let endpoint = astray.iter().find_map(|(row, _)| row.endpoint.known().copied().flatten())?;
    let mut enis = endpoint.network_interfaces.iter().filter_map(|id| inventory.interface(id));
    let eni = enis.find(|eni| inventory.az_id_of(eni).is_some_and(|zone| zone.0 == said))?;
    let name = eni.az.clone().or_else(|| inventory.subnet(&eni.subnet)?.az.clone())?;
    endpoint
        .dns_names
        .iter()
        .map(String::as_str)
        .find(|own| dns::zone_of_own_name(own) == Some(name.as_str()))
}

fn holder(row: &Row<'_>, zone: &AzId) -> Option<Evidence> {
    let eni = row.eni.known().copied().flatten()?;
    Some(Evidence::of(
        format!("{} is held by {} in {zone}", row.ip(), eni.id),
        ResourceRef::new(ResourceKind::NetworkInterface, &eni.id),
    ))
}

/// `b0-usw2-az1` → `usw2-az1`. <https://docs.aws.amazon.com/global-infrastructure/latest/regions/az-ids.html>
fn zone_id_in(host: &str) -> Option<String> {
    let host = host.to_ascii_lowercase();
    if dns::endpoint_of_own_name(&host).is_some() {
        return None;
    }
    host.split('.').find_map(|label| {
        let words: Vec<_> = label.split('-').collect();
        let pair = words.windows(2).find(|pair| is_region_code(pair[0]) && is_zone_number(pair[1]))?;
        Some(pair.join("-"))
    })
}

/// `usw2`, `apne1`, `usgw1`.
fn is_region_code(word: &str) -> bool {
    let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
    (3..=4).contains(&letters.len())
        && letters.len() + 1 == word.len()
        && letters.bytes().all(|b| b.is_ascii_lowercase())
}

fn is_zone_number(word: &str) -> bool {
    word.strip_prefix("az")
        .is_some_and(|number| (1..=2).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::zone_id_in;

    #[test_case("b0-usw2-az1.vendor.example", Some("usw2-az1"))]
    #[test_case("lkc-1.USE1-AZ4.glb.vendor.example", Some("use1-az4"); "as a label of its own")]
    #[test_case("b0-apne1-az3.vendor.example", Some("apne1-az3"))]
    #[test_case("b0-us-west-2a.vendor.example", None; "a zone name")]
    #[test_case("data-az1.vendor.example", None; "no Region")]
    #[test_case("team42-az1.vendor.example", None; "two digits")]
    #[test_case("vpce-0ab-use1-az1.svc.us-east-1.vpce.amazonaws.com", None; "an endpoint's own name")]
    fn zone_ids(host: &str, id: Option<&str>) {
        assert_eq!(zone_id_in(host).as_deref(), id);
    }
}
