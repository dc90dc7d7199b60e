//! `endpoint-wrong-type`

use crate::{
    analyze::dns,
    model::{
        endpoint::{EndpointKind, VpcEndpoint},
        finding::{Confidence, Evidence, Fix},
        resource::{ResourceKind, ResourceRef},
        route::RouteTable,
    },
};

use super::{
    Case, Draft, Outcome, Row, Rule, declare_finding,
    gateway_endpoint::{self, Way},
    new_endpoint, words,
};

declare_finding! {
    /// ## What it means
    /// The only endpoint for the service is a gateway endpoint. It has no addresses and no interfaces: the name goes on
    /// leading to public addresses, and only subnets whose route table sends those to the gateway get there. It serves
    /// nobody outside the VPC, and carries TCP alone.
    /// ## How we know
    /// DescribeVpcEndpoints lists a gateway endpoint for the service and no interface endpoint that could answer for the
    /// name, the name gives public addresses that do not answer, and the route table of this host's subnet does not send
    /// them to the gateway endpoint.
    /// ## What looks like it
    /// `endpoint-missing`: there is no endpoint for the service at all.
    /// `dns-private-dns-disabled`: there is an interface endpoint, and its name is off.
    /// `sg-source-egress-missing`: the route is there, and the group does not let the public addresses out.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-endpoints --vpc-endpoint-ids VPCE --query 'VpcEndpoints[].[VpcEndpointType,RouteTableIds]'
    ///     aws ec2 describe-route-tables --filters Name=association.subnet-id,Values=SUBNET
    /// ## How to fix it
    /// Add this subnet's route table to the gateway endpoint; groups and ACLs must let the service's prefix list out. For
    /// hosts outside the VPC, or to have private addresses, create an interface endpoint.
    static ENDPOINT_WRONG_TYPE = { title: "a gateway endpoint serves the service, and not this subnet", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ENDPOINT_WRONG_TYPE, check);

fn check(case: &Case<'_>) -> Outcome {
    let public: Vec<_> =
        case.undelivered_public().filter(|row| !gateway_endpoint::is_stopped_before_route(row)).collect();
    if public.is_empty() {
        return Ok(None);
    }
    let endpoints = case.endpoints()?;
    let Some(gateway) = endpoints.iter().find(|e| e.kind == EndpointKind::Gateway && is_meant(case, e))
    else {
        return Ok(None);
    };
    // An interface endpoint whose private DNS is on should answer for the name; why it does not is another question.
    let answers = |e: &&&VpcEndpoint| e.kind == EndpointKind::Interface && e.private_dns_enabled;
    if endpoints.iter().filter(answers).any(|endpoint| is_meant(case, endpoint)) {
        return Ok(None);
    }
    let draft = match gateway_endpoint::way(case, &public) {
        Ok(Way::Gateway) => return Ok(None),
        Ok(Way::Nowhere(table)) => draft(case, gateway, Confidence::Confirmed, Some(table), &public),
        Ok(Way::Elsewhere(table)) => draft(case, gateway, Confidence::Likely, Some(table), &public),
        Err(_) => draft(case, gateway, Confidence::Possible, None, &public),
    };
    Ok(Some(draft))
}

fn is_meant(case: &Case<'_>, endpoint: &VpcEndpoint) -> bool {
    dns::private_dns_covers(&case.facts.inventory, endpoint, case.host()) == Some(true)
        || case.target.target.expect.service.as_ref() == Some(&endpoint.service)
}

fn draft(
    case: &Case<'_>,
    gateway: &VpcEndpoint,
    confidence: Confidence,
    table: Option<&RouteTable>,
    public: &[&Row<'_>],
) -> Draft {
    let (id, service) = (&gateway.id, &gateway.service);
    let ips = words::list(public.iter().map(|row| row.ip()));
    let here = case.facts.vantage.subnet.known().map_or("this host's subnet", |subnet| subnet.as_str());
    let summary = match table {
        Some(table) => {
            format!("{id} is a gateway endpoint, and {} of {here} does not send {ips} to it.", table.id)
        }
        None => format!(
            "{id} is a gateway endpoint, which has no addresses; {ips} can be reached through it by a route alone."
        ),
    };
    let associate = table.map(|table| {
        Fix::text(format!("Add {} to {id}", table.id)).cli(format!(
            "aws ec2 modify-vpc-endpoint --vpc-endpoint-id {id} --add-route-table-ids {}",
            table.id
        ))
    });
    let draft = Draft::new(confidence, summary)
        .evidence([Evidence::of(
            format!("{id} for {service} is of type {} and {}", gateway.kind, gateway.state),
            ResourceRef::new(ResourceKind::VpcEndpoint, id),
        )])
        .evidence(table.map(|table| {
            Evidence::of(
                format!("{}: no route sends {ips} to {id}", table.id),
                ResourceRef::new(ResourceKind::RouteTable, &table.id),
            )
        }))
        .evidence([words::system(case)])
        .evidence(public.iter().map(|row| words::packets(case, row)))
        .explains(public.iter().copied());
    let draft = associate.into_iter().fold(draft, Draft::fix);
    let text = format!("Or, to have private addresses, create an interface endpoint for {service}");
    draft.fix(new_endpoint::fix(case, text, service, None, false))
}
