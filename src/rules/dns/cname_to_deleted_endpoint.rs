//! `dns-cname-to-deleted-endpoint`

use crate::{
    analyze::{dns, vendors},
    model::{
        finding::{Confidence, Evidence, Fix},
        id::EndpointId,
        known::Known,
        name::{DnsAnswer, Lookup, Rcode, ServerAnswer},
        net,
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, endpoint_state, new_endpoint, words};

declare_finding! {
    /// ## What it means
    /// The record exists and points at an endpoint's own name, and no endpoint of this account has that name: it was
    /// deleted, it never was, or it is somebody else's. Names of endpoints are public DNS: they lead to private addresses
    /// that mean nothing outside the VPC of the endpoint.
    /// ## How we know
    /// The answer is a CNAME chain that ends at a `vpce-….vpce.amazonaws.com` name, followed by NXDOMAIN or by no address;
    /// it is confirmed when DescribeVpcEndpoints does not list the endpoint either. Or the name at the end has addresses,
    /// the endpoint is not listed, and no interface here holds them: then it exists, and is foreign.
    /// ## What looks like it
    /// `dns-nxdomain-no-record`: there is no record at all.
    /// `endpoint-deleted`: the endpoint is still listed, as deleted.
    /// `endpoint-in-other-vpc`: the endpoint is this account's, in another VPC.
    /// `dns-stale-a-record`: a record of an address, and no alias.
    /// ## How to confirm it by hand
    ///     dig NAME CNAME
    ///     aws ec2 describe-vpc-endpoints --filters Name=vpc-endpoint-id,Values=VPCE
    /// ## How to fix it
    /// Point the record at the regional DNS name of the endpoint that serves the name now, as an alias.
    static DNS_CNAME_TO_DELETED_ENDPOINT = { title: "the name is an alias of an endpoint that does not exist or is foreign", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_CNAME_TO_DELETED_ENDPOINT, check);

fn check(case: &Case<'_>) -> Outcome {
    if !case.name_gives_nothing() {
        return foreign(case);
    }
    let mut servers = case.target.resolution.servers.iter();
    Ok(servers.find_map(dangling_end).and_then(|(end, rcode)| dangling(case, end, rcode)))
}

/// The end of the chain gives nothing.
fn dangling(case: &Case<'_>, end: &str, rcode: Rcode) -> Option<Draft> {
    let id = EndpointId::new(dns::endpoint_of_own_name(end)?);
    let inventory = &case.facts.inventory;
    let denied = rcode == Rcode::NxDomain;
    let own = inventory.endpoint(&id);
    if own.is_some() && !denied {
        // It is there, and its name exists: that it gives no address is its state's business.
        return None;
    }
    let gone = inventory.vpc_endpoints.is_known() && own.is_none();
    let confidence = if gone && denied { Confidence::Confirmed } else { Confidence::Likely };
    let what = match (own, denied) {
        (Some(_), _) => format!("which is no name of {id}"),
        (None, true) => "which does not exist".to_owned(),
        (None, false) => "which has no address any more".to_owned(),
    };
    let host = case.host();
    let draft = Draft::new(confidence, format!("{host} is an alias of {end}, {what}."))
        .evidence([words::system(case)])
        .evidence(words::servers(case))
        .evidence(gone.then(|| unlisted(&id)))
        .explains_name();
    let near = own.and_then(|endpoint| {
        let names = || endpoint.dns_names.iter().map(String::as_str);
        vendors::nearest(end, names()).or_else(|| names().next().map(str::to_owned))
    });
    Some(draft.fix(match near {
        Some(name) => Fix::text(format!("Point the record of {host} at {name}, as an alias")),
        None => fix(case, end),
    }))
}

fn unlisted(id: &EndpointId) -> Evidence {
    Evidence::of(words::unlisted(id), ResourceRef::new(ResourceKind::VpcEndpoint, id))
}

/// The end of the chain has addresses, so the endpoint exists, and it is not among those of this account.
fn foreign(case: &Case<'_>) -> Outcome {
    let ends = case.answers().filter(|answer| !answer.addresses.is_empty()).filter_map(own_name_at_end);
    let Some((end, id)) = words::distinct(ends).into_iter().next() else {
        return Ok(None);
    };
    let given =
        |row: &&Row<'_>| row.is_undelivered() && net::is_private(row.ip()) && case.dns_gives(row.ip());
    let rows: Vec<_> = case.failing().filter(given).collect();
    if rows.is_empty() {
        return Ok(None);
    }
    case.facts.inventory.vpc_endpoints.ok()?;
    let mut held = false;
    for row in &rows {
        held |= row.eni.ok()?.is_some();
    }
    if held || case.facts.inventory.endpoint(&id).is_some() {
        return Ok(None);
    }
    let draft = Draft::new(
        sure(case, &rows),
        format!("{} is an alias of {end}, an endpoint that is not this account's.", case.host()),
    )
    .evidence([unlisted(&id), words::system(case)])
    .evidence(words::servers(case))
    .evidence(rows.iter().map(|row| words::packets(case, row)))
    .fix(fix(case, end))
    .explains(rows.iter().copied());
    Ok(Some(draft))
}

/// An endpoint of another account may be meant: that of the owner of a shared subnet, or one beyond a connection between
/// VPCs. In this VPC's own range it would need an interface here.
fn sure(case: &Case<'_>, rows: &[&Row<'_>]) -> Confidence {
    let vpc = case.vpc().and_then(|id| case.facts.inventory.vpc(id));
    let inside =
        |row: &&Row<'_>| vpc.is_some_and(|vpc| vpc.cidrs.iter().any(|cidr| cidr.contains(&row.ip())));
    if endpoint_state::shared_subnet(case) == Known::Known(None) && rows.iter().all(inside) {
        Confidence::Confirmed
    } else {
        Confidence::Possible
    }
}

/// To an endpoint for the same service, where there is one.
fn fix(case: &Case<'_>, end: &str) -> Fix {
    let host = case.host();
    let Some(service) = dns::service_of_own_name(end) else {
        return Fix::text(format!(
            "Point the record of {host} at the endpoint that serves it now, as an alias"
        ));
    };
    match new_endpoint::living(case, &service).and_then(|living| Some((living, living.dns_names.first()?))) {
        Some((living, name)) => Fix::text(format!(
            "Point the record of {host} at {}, an endpoint for the same service, as an alias to {name}",
            living.id
        )),
        None => new_endpoint::fix(
            case,
            format!(
                "Create an endpoint for {service}, and point the record of {host} at its regional DNS name"
            ),
            &service,
            None,
            false,
        ),
    }
}

/// The endpoint's name at the end of a chain that leads nowhere, for either family.
fn dangling_end(server: &ServerAnswer) -> Option<(&str, Rcode)> {
    let answers = || server.lookups().into_iter().filter_map(Lookup::answer);
    let ends = |answer: &DnsAnswer| matches!(answer.rcode, Rcode::NxDomain | Rcode::NoError);
    if answers().any(|answer| !answer.addresses.is_empty()) {
        return None;
    }
    let answer = answers().find(|answer| ends(answer) && own_name_at_end(answer).is_some())?;
    Some((answer.cnames.last()?.target.as_str(), answer.rcode))
}

fn own_name_at_end(answer: &DnsAnswer) -> Option<(&str, EndpointId)> {
    let end = answer.cnames.last()?.target.as_str();
    Some((end, EndpointId::new(dns::endpoint_of_own_name(end)?)))
}
