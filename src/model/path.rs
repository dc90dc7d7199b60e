//! One flow's path as people and programs read it.

use std::net::IpAddr;

use super::{
    finding::Fix,
    firewall::Direction,
    id::{AzId, NetworkInterfaceId, SecurityGroupId, SubnetId, VpcId},
    known::{Known, Unknown},
    net::PortRange,
    report::PathVerdict,
    resource::ResourceRef,
};

/// The answer of `vpce-doctor path`.
#[derive(Clone, Debug, PartialEq)]
pub struct PathReport {
    pub verdict: Known<PathVerdict>,
    pub from: EndReport,
    pub to: EndReport,
    /// IANA number.
    pub protocol: u8,
    pub port: u16,
    /// The client's, to which the replies go.
    pub source_ports: PortRange,
    /// The client as the far end sees it: another, where something translates its address.
    pub seen: SeenReport,
    /// Every step of the contract once, in its order.
    pub steps: Vec<StepReport>,
    /// Whatever stops the flow, in the order of the steps.
    pub blockers: Vec<BlockerReport>,
    /// What lets the flow pass and not always.
    pub warnings: Vec<BlockerReport>,
    pub undecided: Vec<UndecidedStep>,
    /// One ordered set of changes; nothing where none is known.
    pub fixes: Vec<Fix>,
    /// With the whole set made, the path passes on this inventory.
    pub verified: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct EndReport {
    /// As the user named it.
    pub named: String,
    pub ip: IpAddr,
    pub eni: Option<NetworkInterfaceId>,
    pub subnet: Option<SubnetId>,
    pub vpc: Option<VpcId>,
    pub az_id: Option<AzId>,
    /// The endpoint that the interface belongs to, or the instance.
    pub owner: Option<ResourceRef>,
    /// Why nothing is known of the address's interface, where nothing is.
    pub unplaced: Option<Unknown>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenReport {
    pub ip: IpAddr,
    /// To which the far end replies.
    pub ports: PortRange,
}

#[derive(Clone, Debug, PartialEq)]
pub struct StepReport {
    /// `source-sg-egress`, …: the contract's word.
    pub step: &'static str,
    /// What all its parts together say.
    pub verdict: StepVerdict,
    /// Every table, gateway and subnet on the way, in order; one for most steps.
    pub parts: Vec<PartReport>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PartReport {
    pub verdict: StepVerdict,
    pub resource: Option<ResourceRef>,
    /// Which of its rules were asked, where the resource has some for each direction.
    pub direction: Option<Direction>,
    /// The deciding rule in its own words.
    pub rule: String,
    /// Where groups deny: what each does admit instead.
    pub admits: Vec<GroupReport>,
    /// From 0 to 1: the share of the client's ports that an allowing part denies all the same.
    pub blocked_share: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepVerdict {
    Allow,
    Undecided,
    Deny,
}

/// One of the groups that deny together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupReport {
    pub group: SecurityGroupId,
    /// `only tcp/443 from sg-2`, and its further rules of the direction, nearest misses first; the last may count
    /// those that are left. Or that it has none.
    pub rules: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct BlockerReport {
    pub step: &'static str,
    /// The code that `vpce-doctor explain` knows.
    pub code: &'static str,
    /// VPC Reachability Analyzer's code, where it has one.
    pub aws_code: Option<&'static str>,
    /// In one sentence.
    pub summary: String,
    /// Who has to change something.
    pub who: String,
    pub resource: Option<ResourceRef>,
    pub direction: Option<Direction>,
    pub rule: String,
    /// What decides, one fact each, where the summary does not tell it.
    pub because: Vec<String>,
    pub blocked_share: f64,
    /// What of the ordered set mends this; a sentence where no change of the configuration does.
    pub fixes: Vec<Fix>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndecidedStep {
    pub step: &'static str,
    pub why: Unknown,
    /// The command whose output is missing in the directory.
    pub supply: Option<String>,
}

impl StepReport {
    /// The part that speaks for the step: the first that is as bad as the whole.
    pub fn deciding(&self) -> Option<&PartReport> {
        let partly = self.parts.iter().find(|part| part.blocked_share > 0.0);
        let worst = self.parts.iter().find(|part| part.verdict == self.verdict);
        if self.verdict == StepVerdict::Allow { partly.or(worst) } else { worst }
    }
}

impl StepVerdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Undecided => "undecided",
            Self::Deny => "deny",
        }
    }
}
