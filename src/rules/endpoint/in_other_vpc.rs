//! `endpoint-in-other-vpc`

use crate::{
    analyze::path::StepKind,
    model::{
        finding::{Confidence, Evidence, Fix},
        known::Known,
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, new_endpoint, own_host, route_rows, words};

declare_finding! {
    /// ## What it means
    /// The name resolves to an endpoint's interface in a VPC that this host is not in, and nothing carries packets there.
    /// Names of endpoints are public DNS: they resolve everywhere, to private addresses that are reachable only from
    /// inside their VPC or over a connection to it.
    /// ## How we know
    /// The address is held by an interface whose VPC differs from this host's, the routes do not lead there, no active
    /// peering connection joins the two, and connections get no answer.
    /// ## What looks like it
    /// `sg-endpoint-ingress-missing`: routes lead there, and the group drops the packets.
    /// `route-missing`: the two VPCs are connected, and this subnet's table does not use the connection.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-network-interfaces --filters Name=addresses.private-ip-address,Values=ADDRESS \
    ///         --query 'NetworkInterfaces[].[NetworkInterfaceId,VpcId]'
    /// ## How to fix it
    /// Create an endpoint for the service in this VPC. Or connect the VPCs (peering, transit gateway), add routes in both
    /// directions, and admit this host's addresses on the endpoint's security group.
    static ENDPOINT_IN_OTHER_VPC = { title: "the name leads to an endpoint in another VPC", severity: Error, side: ConsumerVpc, layer: Route, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ENDPOINT_IN_OTHER_VPC, check);

fn check(case: &Case<'_>) -> Outcome {
    let mut elsewhere = Vec::new();
    let mut undecided = None;
    let mut confidence = Confidence::Confirmed;
    let left = |row: &&Row<'_>| row.is_undelivered() && !own_host::keeps(case, row);
    for row in case.failing().filter(|row| left(row) && row.eni != Known::Known(None)) {
        match route_rows::unrouted(case, row) {
            Ok(Some(found)) => {
                // What joins the two VPCs may be all that is not known.
                let found = match route_rows::connection(case, row) {
                    Ok(None) => found,
                    Ok(Some(_)) => continue,
                    Err(_) => Confidence::Possible,
                };
                confidence = confidence.min(found);
                elsewhere.push(row);
            }
            Ok(None) => {}
            Err(why) => undecided = Some(why),
        }
    }
    if elsewhere.is_empty() {
        return undecided.map_or(Ok(None), Err);
    }
    let there =
        words::list(words::distinct(elsewhere.iter().filter_map(|row| row.path.destination.vpc.known())));
    let here = case.vpc().map_or("another VPC", |vpc| vpc.as_str());
    let summary = format!(
        "{} leads to an endpoint in {there}; this host is in {here}, and no route leads there.",
        case.host()
    );
    let draft = Draft::new(confidence, summary)
        .evidence(elsewhere.iter().map(|row| holder(row)))
        .evidence(words::distinct(elsewhere.iter().filter_map(|row| route(row))))
        .evidence(elsewhere.iter().map(|row| words::packets(case, row)))
        .fix(fix(case, &elsewhere))
        .explains(elsewhere.iter().copied());
    Ok(Some(draft))
}

fn holder(row: &Row<'_>) -> Evidence {
    let place = &row.path.destination;
    let eni = place.eni.known().map_or("an interface", |eni| eni.as_str());
    let vpc = place.vpc.known().map_or("another VPC", |vpc| vpc.as_str());
    let endpoint = match &row.endpoint {
        Known::Known(Some(endpoint)) => format!(" of {}", endpoint.id),
        _ => String::new(),
    };
    let reference = match &row.endpoint {
        Known::Known(Some(endpoint)) => words::endpoint_ref(endpoint),
        _ => ResourceRef::new(ResourceKind::NetworkInterface, eni),
    };
    Evidence::of(format!("{} is held by {eni}{endpoint} in {vpc}", row.ip()), reference)
}

fn route(row: &Row<'_>) -> Option<Evidence> {
    let step = row.path.step(StepKind::ForwardRoute)?;
    Some(match step.resource() {
        Some(resource) => {
            Evidence::of(format!("{} towards {}: {}", resource.id, row.ip(), step.rule()), resource)
        }
        None => Evidence::new(format!("the way to {}: {}", row.ip(), step.rule())),
    })
}

fn fix(case: &Case<'_>, rows: &[&Row<'_>]) -> Fix {
    let here = case.vpc().map_or("VPC_ID", |vpc| vpc.as_str());
    let there = rows.iter().find_map(|row| row.endpoint.known().copied().flatten());
    let service = there.map_or("SERVICE_NAME", |endpoint| endpoint.service.as_str());
    let text =
        format!("Create an endpoint for {service} in {here}, or connect the two VPCs and route both ways");
    new_endpoint::fix(case, text, service, None, there.is_some_and(|endpoint| endpoint.private_dns_enabled))
}
