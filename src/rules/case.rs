//! One target as the rules see it: what was observed, joined with what the configuration says of it.

use std::net::IpAddr;

use crate::{
    analyze::{
        dns,
        path::{self, Aim, Path},
        place::Place,
        symptom, vendors,
    },
    model::{
        endpoint::{EndpointKind, NetworkInterface, VpcEndpoint},
        facts::{Facts, TargetFacts},
        finding::{Confidence, Evidence, Fix, Severity, Side, Symptom},
        id::{EndpointId, VpcId},
        known::{Known, Unknown},
        name::{DnsAnswer, Lookup, NamedAnswers, ServerAnswer},
        net::{self, Flow},
        observation::{AddressProbe, TcpOutcome},
        report::Cell,
    },
};

use super::own_host;

pub struct Case<'a> {
    pub facts: &'a Facts,
    pub target: &'a TargetFacts,
    /// A row an address, in the facts' order.
    pub rows: Vec<Row<'a>>,
    pub symptoms: Vec<Symptom>,
}

/// One address: the packets' word and the configuration's.
pub struct Row<'a> {
    pub probe: &'a AddressProbe,
    /// `Known(None)`: no interface of the inventory holds the address.
    pub eni: Known<Option<&'a NetworkInterface>>,
    /// `Known(None)`: the address belongs to no endpoint.
    pub endpoint: Known<Option<&'a VpcEndpoint>>,
    pub path: Path,
    /// What fails here; nothing for a healthy row or one that no application would use.
    pub symptom: Option<Symptom>,
}

/// What a rule found, before it is given its code and its rank.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// The declared severity, when absent.
    pub(super) severity: Option<Severity>,
    /// The declared side, when absent.
    pub(super) side: Option<Side>,
    pub(super) confidence: Confidence,
    pub(super) summary: String,
    pub(super) evidence: Vec<Evidence>,
    pub(super) fixes: Vec<Fix>,
    pub(super) explains: Vec<Symptom>,
}

impl<'a> Case<'a> {
    pub fn new(facts: &'a Facts, target: &'a TargetFacts) -> Self {
        let rows = target.addresses.iter().map(|probe| Row::new(facts, target, probe)).collect();
        Self { facts, target, rows, symptoms: symptom::symptoms(target) }
    }

    pub fn host(&self) -> &'a str {
        &self.target.target.host
    }

    /// Rows an application would use and that fail.
    pub fn failing(&self) -> impl Iterator<Item = &Row<'a>> {
        self.rows.iter().filter(|row| row.symptom.is_some())
    }

    /// Failing rows to which no packet came back, of those whose packets left this host for the network.
    pub fn silent(&self) -> impl Iterator<Item = &Row<'a>> {
        self.failing().filter(|row| row.is_silent() && !own_host::keeps(self, row))
    }

    /// Rows to an address that the public internet routes and from which no answer comes: what a private way
    /// would mend. A certificate that does not verify is not among that, nor is an IPv6 address of a VPC, which is
    /// global by its nature.
    pub fn undelivered_public(&self) -> impl Iterator<Item = &Row<'a>> {
        let public = |row: &Row<'_>| !net::is_private(row.ip()) && !matches!(row.eni, Known::Known(Some(_)));
        self.failing().filter(move |row| row.is_undelivered() && public(row))
    }

    pub fn name_gives_nothing(&self) -> bool {
        self.symptoms.contains(&Symptom::NameGivesNothing)
    }

    /// Endpoints of the VPC we stand in; of every VPC described when that is not known.
    pub fn endpoints(&self) -> Result<Vec<&'a VpcEndpoint>, Unknown> {
        let here = self.vpc();
        let all = self.facts.inventory.vpc_endpoints.ok()?;
        Ok(all.iter().filter(|endpoint| here.is_none_or(|vpc| endpoint.vpc == *vpc)).collect())
    }

    pub fn vpc(&self) -> Option<&'a VpcId> {
        self.facts.vantage.vpc.known()
    }

    /// The endpoint that the name is meant to lead to: the one the user configured, the one whose own name it is
    /// or is an alias of, or one whose private DNS covers it.
    pub fn meant_endpoint(&self) -> Option<&'a VpcEndpoint> {
        let inventory = &self.facts.inventory;
        let configured = self.target.target.endpoint.as_ref().map(EndpointId::as_str);
        let aliases =
            self.answers().flat_map(|answer| answer.cnames.iter().map(|cname| cname.target.as_str()));
        let own = std::iter::once(self.host()).chain(aliases).find_map(dns::endpoint_of_own_name);
        if let Some(id) = configured.or(own) {
            return inventory.endpoint(&EndpointId::new(id));
        }
        let covers = |e: &&VpcEndpoint| dns::private_dns_covers(inventory, e, self.host()) == Some(true);
        self.endpoints().ok()?.into_iter().find(covers)
    }

    /// The meant endpoint, or else the only one here that is not for an AWS service: a vendor's name says nothing
    /// of its endpoint.
    pub fn likely_endpoint(&self) -> Option<&'a VpcEndpoint> {
        let vendors =
            |e: &&VpcEndpoint| e.kind == EndpointKind::Interface && e.service.contains(".vpce-svc-");
        let only = || {
            // A global name of AWS (`sts.amazonaws.com`) is one as well.
            if dns::is_aws_name(self.host()) {
                return None;
            }
            let all: Vec<_> = self.endpoints().ok()?.into_iter().filter(vendors).collect();
            if let [only] = all.as_slice() { Some(*only) } else { None }
        };
        self.meant_endpoint().or_else(only)
    }

    /// The right name that this one resembles: an endpoint's here, or the same below a vendor's domain.
    pub(super) fn near_name(&self) -> Option<String> {
        let endpoints = self.endpoints().unwrap_or_default();
        let names = endpoints.iter().flat_map(|endpoint| dns::names_of(&self.facts.inventory, endpoint));
        let names: Vec<_> = names.collect();
        vendors::nearest(self.host(), names.iter().map(String::as_str))
    }

    /// The addresses that DNS gives for one of an endpoint's names, asked besides. `None`: nobody asked, or nobody answered.
    pub(super) fn addresses_of(&self, name: &str) -> Option<Vec<IpAddr>> {
        let same = |asked: &&NamedAnswers| {
            asked.name.trim_end_matches('.').eq_ignore_ascii_case(name.trim_end_matches('.'))
        };
        let asked = self.target.resolution.endpoint_names.iter().find(same)?;
        let mut ips: Vec<_> = asked.servers.iter().flat_map(ServerAnswer::addresses).collect();
        ips.sort();
        ips.dedup();
        (!ips.is_empty()).then_some(ips)
    }

    /// Everything that DNS servers answered.
    pub fn answers(&self) -> impl Iterator<Item = &'a DnsAnswer> {
        self.target.resolution.servers.iter().flat_map(ServerAnswer::lookups).filter_map(Lookup::answer)
    }

    /// A server gave another name for the asked one.
    pub(super) fn is_alias(&self) -> bool {
        self.answers().any(|answer| !answer.cnames.is_empty())
    }

    /// The VPC's attributes that private DNS needs and that are known to be off, by their API names.
    pub fn dns_attributes_off(&self) -> Vec<&'static str> {
        let vpc = self.vpc().and_then(|id| self.facts.inventory.vpc(id));
        let attributes = vpc
            .map(|vpc| [("enableDnsSupport", &vpc.dns_support), ("enableDnsHostnames", &vpc.dns_hostnames)]);
        let off = |(name, value): (_, &Known<bool>)| (*value == Known::Known(false)).then_some(name);
        attributes.into_iter().flatten().filter_map(off).collect()
    }

    /// The address is that of another name, which the search list makes of this one.
    pub(super) fn is_of_other_name(&self, ip: IpAddr) -> bool {
        let host = self.host().trim_end_matches('.');
        let mut others = self.target.resolution.expansions.iter();
        let gives = |other: &NamedAnswers| {
            !other.name.trim_end_matches('.').eq_ignore_ascii_case(host)
                && other.servers.iter().any(|server| server.addresses().any(|given| given == ip))
        };
        !self.dns_gives(ip) && others.any(gives)
    }

    /// Any DNS server gave this address for the name.
    pub fn dns_gives(&self, ip: IpAddr) -> bool {
        self.target.resolution.servers.iter().any(|server| server.addresses().any(|answer| answer == ip))
    }
}

impl<'a> Row<'a> {
    fn new(facts: &'a Facts, target: &'a TargetFacts, probe: &'a AddressProbe) -> Self {
        let inventory = &facts.inventory;
        let path = path_to(facts, target, probe);
        // Where VPCs repeat each other's ranges, the routes tell whose address it is.
        let routed = path.destination.eni.known().and_then(|id| inventory.interface(id));
        let eni = match routed.filter(|eni| eni.holds(probe.ip)) {
            Some(eni) => Known::Known(Some(eni)),
            None => inventory.interface_holding(probe.ip, facts.vantage.vpc.known()),
        };
        let endpoint = match &eni {
            Known::Known(Some(eni)) => inventory.endpoint_of(eni),
            Known::Known(None) => Known::Known(None),
            Known::Unknown(why) => Known::Unknown(why.clone()),
        };
        let symptom = symptom::of_row(&target.target, probe).filter(|_| probe.used);
        Self { probe, eni, endpoint, path, symptom }
    }

    pub fn ip(&self) -> IpAddr {
        self.probe.ip
    }

    /// For rows that were tried for comparison: every expected phase passed.
    pub(super) fn passes_without_use(&self, case: &Case<'_>) -> bool {
        symptom::failure(&case.target.target, self.probe).is_none()
    }

    /// An answer came over a path that the configuration denies.
    pub(super) fn contradicts(&self) -> bool {
        let cell = symptom::cell(&self.path.verdict(), &self.probe.tcp.outcome);
        cell == Some(Cell::DeniedAnswered) && !self.is_this_host()
    }

    /// Something on the far side of the path answered, if only to refuse.
    pub(super) fn is_answered(&self) -> bool {
        matches!(self.probe.tcp.outcome, TcpOutcome::Connected { .. } | TcpOutcome::Refused { .. })
    }

    /// What this host sends to itself never meets a group, an ACL or a route table.
    pub(super) fn is_this_host(&self) -> bool {
        let held = matches!(self.eni, Known::Known(Some(_)));
        is_own(self.probe) || (self.ip().is_loopback() && !held)
    }

    pub fn is_silent(&self) -> bool {
        matches!(self.probe.tcp.outcome, TcpOutcome::TimedOut { unsent: false, .. })
    }

    /// No packet came back, or a router said that it cannot deliver.
    pub fn is_undelivered(&self) -> bool {
        self.is_silent() || matches!(self.probe.tcp.outcome, TcpOutcome::Unreachable { .. })
    }
}

/// What this host says to itself meets no group, ACL or route of the VPC.
fn is_own(probe: &AddressProbe) -> bool {
    probe.ip.is_unspecified() || probe.source_ip.known() == Some(&probe.ip)
}

fn path_to(facts: &Facts, target: &TargetFacts, probe: &AddressProbe) -> Path {
    let nowhere = |why: &Unknown| Place::nowhere(probe.ip, why);
    let source = match probe.source_ip.ok() {
        Ok(ip) => Place::of_source(facts, *ip),
        Err(why) => nowhere(&why),
    };
    let flow = Flow {
        source: source.ip,
        source_ports: facts.host.ephemeral_ports.known().copied().unwrap_or(path::LINUX_PORTS),
        destination: probe.ip,
        destination_port: target.target.port,
        protocol: net::TCP,
    };
    if is_own(probe) {
        return Path::to_itself(flow, source);
    }
    path::analyze(&facts.inventory, &flow, source, Aim::Address)
}

impl Draft {
    pub(super) fn new(confidence: Confidence, summary: impl Into<String>) -> Self {
        Self {
            severity: None,
            side: None,
            confidence,
            summary: summary.into(),
            evidence: Vec::new(),
            fixes: Vec::new(),
            explains: Vec::new(),
        }
    }

    pub(super) fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    pub(super) fn side(mut self, side: Side) -> Self {
        self.side = Some(side);
        self
    }

    pub(super) fn evidence(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    pub(super) fn fix(mut self, fix: Fix) -> Self {
        if !self.fixes.contains(&fix) {
            self.fixes.push(fix);
        }
        self
    }

    pub(super) fn explains<'r>(mut self, rows: impl IntoIterator<Item = &'r Row<'r>>) -> Self {
        self.explains.extend(rows.into_iter().filter_map(|row| row.symptom.clone()));
        self
    }

    pub(super) fn explains_name(mut self) -> Self {
        self.explains.push(Symptom::NameGivesNothing);
        self
    }
}
