//! `endpoint-missing`

use crate::{
    analyze::dns,
    model::{
        endpoint::{EndpointKind, VpcEndpoint},
        finding::{Confidence, Evidence, Fix},
        id::{EndpointId, SubnetId},
        known::Known,
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{
    Case, Draft, Outcome, Rule, cross_region, declare_finding, elsewhere, endpoint_state, new_endpoint, words,
};

declare_finding! {
    /// ## What it means
    /// Nothing in this VPC connects privately to the service: its name leads to public addresses that this host cannot
    /// reach, or to nothing.
    /// ## How we know
    /// DescribeVpcEndpoints lists no endpoint of the service in this VPC (or not the endpoint that the configuration
    /// names), and the name gives public addresses that do not answer, or no address. In a subnet that another account
    /// shares that is no more than a possibility: its endpoints are not listed.
    /// ## What looks like it
    /// `dns-private-dns-disabled`: the endpoint exists, its name is off.
    /// `endpoint-in-other-vpc`: the endpoint exists, elsewhere.
    /// `endpoint-service-region-mismatch`: the service is in another Region.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-endpoints --filters Name=vpc-id,Values=VPC Name=service-name,Values=SERVICE
    /// ## How to fix it
    /// Create an interface endpoint for the service, with private DNS on, in subnets of at least two zones, and with a
    /// security group that admits this host on the service's port. Where an endpoint serves the same service under the name
    /// of this Region, ask that name instead of a global one or another Region's.
    static ENDPOINT_MISSING = { title: "this VPC has no endpoint for the service", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ENDPOINT_MISSING, check);

fn check(case: &Case<'_>) -> Outcome {
    let public: Vec<_> = case.undelivered_public().collect();
    if public.is_empty() && !case.name_gives_nothing() {
        return Ok(None);
    }
    let endpoints = case.endpoints()?;
    let Some((what, sure)) = absent(case, &endpoints) else {
        return Ok(None);
    };
    let shared = endpoint_state::shared_subnet(case);
    // An endpoint of a VPC that is joined with this one may be meant for both.
    let sure = if shared == Known::Known(None) { sure } else { Confidence::Possible };
    let confidence = if elsewhere::is_plausible(case) { Confidence::Possible } else { sure };
    let guest = shared.known().copied().flatten().map(|subnet| Guest::of(case, subnet));
    let regional = endpoints.iter().find_map(|e| Some((*e, dns::regional_name(e, case.host())?)));
    let vpc = case.vpc().map_or("this VPC", |vpc| vpc.as_str());
    let leads = if public.is_empty() {
        format!("{} gives no address", case.host())
    } else {
        format!("{} leads to {}", case.host(), words::list(public.iter().map(|row| row.ip())))
    };
    let summary = match (&regional, &guest) {
        (Some((endpoint, name)), _) => format!(
            "{leads}; it is {} of a service that {} serves in this Region, as {name}.",
            foreign(case.host()),
            endpoint.id
        ),
        (None, Some(guest)) => {
            format!(
                "This account sees no {} in {vpc}, which {} shares; {leads}.",
                what.describe(),
                guest.host
            )
        }
        (None, None) if !shared.is_known() => {
            format!("No {} is listed in {vpc}; {leads}.", what.describe())
        }
        (None, None) => format!("{vpc} has no {}; {leads}.", what.describe()),
    };
    let meant = if regional.is_some() { None } else { what.meant(case) };
    let subject_is_name = meant.is_none();
    let draft = Draft::new(confidence, summary)
        .evidence([meant.unwrap_or_else(|| words::system(case))])
        .evidence([Evidence::of(
            format!("{vpc}: DescribeVpcEndpoints lists {}", listed(&endpoints)),
            ResourceRef::new(ResourceKind::Vpc, vpc),
        )])
        .evidence((!subject_is_name).then(|| words::system(case)))
        .evidence(public.iter().map(|row| words::packets(case, row)))
        .evidence(guest.as_ref().map(Guest::evidence))
        .evidence(regional.as_ref().map(|(endpoint, name)| {
            let fact = format!("{} serves {name}, this Region's name of the same service", endpoint.id);
            Evidence::of(fact, words::endpoint_ref(endpoint))
        }))
        .fix(match (&regional, &guest) {
            (Some((endpoint, name)), _) => use_name(endpoint, name),
            (None, Some(guest)) => fix(
                case,
                &what,
                format!(
                    "Ask {}, which owns {}, whether it has one; no other account can create one there",
                    guest.host, guest.subnet
                ),
            ),
            (None, None) => {
                fix(case, &what, format!("Create an interface endpoint in {vpc}, with private DNS on"))
            }
        })
        .explains(public.iter().copied());
    Ok(Some(if case.name_gives_nothing() { draft.explains_name() } else { draft }))
}

/// A host in a subnet that another account shares.
struct Guest<'a> {
    subnet: &'a SubnetId,
    /// The account.
    host: String,
}

impl<'a> Guest<'a> {
    fn of(case: &Case<'_>, subnet: &'a SubnetId) -> Self {
        let owner = case.facts.inventory.subnet(subnet).and_then(|subnet| subnet.owner.as_ref());
        Self {
            subnet,
            host: owner.map_or_else(|| "another account".to_owned(), |owner| format!("account {owner}")),
        }
    }

    fn evidence(&self) -> Evidence {
        Evidence::of(
            format!("{} is shared by {}, whose endpoints are not listed", self.subnet, self.host),
            ResourceRef::new(ResourceKind::Subnet, self.subnet),
        )
    }
}

/// What a name is that means the same service elsewhere.
fn foreign(host: &str) -> &'static str {
    if dns::service_of_aws_name(host).is_some() { "another Region's name" } else { "the global name" }
}

const UNKNOWN_SERVICE: &str = "SERVICE_NAME";

/// What should exist here and does not.
enum Absent {
    Endpoint(String),
    Service(String),
    Any,
}

impl Absent {
    fn describe(&self) -> String {
        match self {
            Self::Endpoint(id) => format!("endpoint {id}"),
            Self::Service(name) => format!("endpoint for {name}"),
            Self::Any => "interface endpoint that could serve this name".to_owned(),
        }
    }

    /// Why it should exist. The first evidence: two services that have no endpoint are two causes.
    fn meant(&self, case: &Case<'_>) -> Option<Evidence> {
        match self {
            Self::Endpoint(id) => {
                let elsewhere = case.facts.inventory.endpoint(&EndpointId::new(id))?;
                Some(Evidence::of(
                    format!("the configuration names {id}, which is in {}", elsewhere.vpc),
                    words::endpoint_ref(elsewhere),
                ))
            }
            Self::Service(name) => {
                let says = match &case.target.target.expect.service {
                    Some(_) => "the configuration expects".to_owned(),
                    None => format!("{} is a name of", case.host()),
                };
                let reference = ResourceRef::new(ResourceKind::EndpointService, name);
                Some(Evidence::of(format!("{says} {name}"), reference))
            }
            Self::Any => None,
        }
    }

    fn service<'a>(&'a self, case: &Case<'a>) -> &'a str {
        match self {
            Self::Endpoint(id) => {
                let elsewhere = case.facts.inventory.endpoint(&EndpointId::new(id));
                elsewhere.map_or(UNKNOWN_SERVICE, |endpoint| &endpoint.service)
            }
            Self::Service(name) => name,
            Self::Any => UNKNOWN_SERVICE,
        }
    }
}

fn absent(case: &Case<'_>, endpoints: &[&VpcEndpoint]) -> Option<(Absent, Confidence)> {
    let target = &case.target.target;
    if let Some(id) = &target.endpoint {
        // One that is nowhere to be seen is another finding's.
        let elsewhere = case.facts.inventory.endpoint(id).is_some();
        let here = endpoints.iter().any(|endpoint| endpoint.id == *id);
        return (elsewhere && !here).then(|| (Absent::Endpoint(id.to_string()), Confidence::Confirmed));
    }
    // A regional name of AWS exists publicly with or without an endpoint: that it gives nothing has another cause.
    let by_name = || dns::service_of_aws_name(case.host()).filter(|_| !case.name_gives_nothing());
    let service = target.expect.service.clone().or_else(by_name);
    // What lives in another Region takes an endpoint of another kind: a finding of its own.
    if service.as_ref().is_some_and(|service| cross_region::foreign(case, service).is_some()) {
        return None;
    }
    if let Some(service) = service {
        let served = endpoints.iter().any(|e| e.service == service || covers(case, e));
        return (!served).then_some((Absent::Service(service), Confidence::Confirmed));
    }
    // A name of AWS that says nothing of its service: it tells something that no endpoint here could serve it. Of
    // anybody else's name, nothing says that it should lead to an endpoint.
    let could_serve = |endpoint: &&VpcEndpoint| {
        endpoint.kind == EndpointKind::Interface
            && dns::private_dns_covers(&case.facts.inventory, endpoint, case.host()) != Some(false)
    };
    let none = !endpoints.iter().any(could_serve) && dns::is_aws_name(case.host());
    let public = case.undelivered_public().next().is_some();
    let regional = endpoints.iter().any(|endpoint| dns::regional_name(endpoint, case.host()).is_some());
    let confidence = if regional { Confidence::Likely } else { Confidence::Possible };
    (none && public).then_some((Absent::Any, confidence))
}

fn covers(case: &Case<'_>, endpoint: &VpcEndpoint) -> bool {
    dns::private_dns_covers(&case.facts.inventory, endpoint, case.host()) == Some(true)
}

fn listed(endpoints: &[&VpcEndpoint]) -> String {
    if endpoints.is_empty() {
        return "no endpoint".to_owned();
    }
    words::list(endpoints.iter().map(|endpoint| format!("{} ({})", endpoint.id, endpoint.service)))
}

/// Clients of AWS ask global names, or those of the Region they were configured with. Each SDK has its variable.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html>,
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-sts-regionalized-endpoints.html>
fn use_name(endpoint: &VpcEndpoint, name: &str) -> Fix {
    let text = format!(
        "Nothing need change in the VPC: let the application ask {name}, which {} serves, by setting its Region where it is \
         started",
        endpoint.id
    );
    let Some(region) = dns::region_of_service(&endpoint.service) else { return Fix::text(text) };
    let sts = if endpoint.service.rsplit('.').next() == Some("sts") {
        " AWS_STS_REGIONAL_ENDPOINTS=regional"
    } else {
        ""
    };
    Fix::text(text).cli(format!("export AWS_REGION={region} AWS_DEFAULT_REGION={region}{sts}"))
}

fn fix(case: &Case<'_>, what: &Absent, text: String) -> Fix {
    new_endpoint::fix(case, text, what.service(case), None, true)
}
