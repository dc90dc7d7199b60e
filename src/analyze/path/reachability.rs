//! VPC Reachability Analyzer's explanation codes, and which of them a path of ours can show.
//!
//! <https://docs.aws.amazon.com/vpc/latest/reachability/explanation-codes.html>: 71 codes for paths that do not exist
//! and 5 for questions that have none. The 13 codes for its search filters have nothing to say of a network.

use std::net::IpAddr;

/// Whether a code comes out of an analysis here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// As the `aws_code` of a blocker.
    Produced,
    /// What Reachability Analyzer calls by this code is undecided here: for want of this.
    Undecided(&'static str),
    /// It cannot be, or says nothing that a blocker would not; and why.
    NotProduced(&'static str),
}

macro_rules! codes {
    ($($variant:ident = $name:literal: $coverage:ident $(($why:literal))?),+ $(,)?) => {
        /// An explanation code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ReachabilityCode {
            $($variant),+
        }

        impl ReachabilityCode {
            /// All of them, in the order of AWS's page.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }

            pub fn coverage(self) -> Coverage {
                match self {
                    $(Self::$variant => Coverage::$coverage $(($why))?),+
                }
            }
        }
    };
}

codes! {
    BadState = "BAD_STATE": Produced,
    BadStateAttachment = "BAD_STATE_ATTACHMENT": Produced,
    BadStateRoute = "BAD_STATE_ROUTE": Produced,
    BadStateVpn = "BAD_STATE_VPN": NotProduced("VPN connections lie beyond what the inventory shows: undecided at their gateway"),
    CannotRoute = "CANNOT_ROUTE": Produced,
    ElbAclRestriction = "ELB_ACL_RESTRICTION": NotProduced("Classic Load Balancers are no part of a consumer's path"),
    ElbInstalledAzRestriction = "ELB_INSTALLED_AZ_RESTRICTION": NotProduced("a load balancer stands behind the endpoint service, in the provider's account"),
    ElbListenerPortRestriction = "ELB_LISTENER_PORT_RESTRICTION": NotProduced("Classic Load Balancers are no part of a consumer's path"),
    ElbListenersMismatch = "ELB_LISTENERS_MISMATCH": NotProduced("Classic Load Balancers are no part of a consumer's path"),
    ElbNotCrosszone = "ELB_NOT_CROSSZONE": NotProduced("a load balancer stands behind the endpoint service, in the provider's account"),
    Elbv2ListenerHasNoTg = "ELBV2_LISTENER_HAS_NO_TG": NotProduced("a load balancer stands behind the endpoint service, in the provider's account"),
    Elbv2ListenerPortRestriction = "ELBV2_LISTENER_PORT_RESTRICTION": NotProduced("a load balancer stands behind the endpoint service, in the provider's account"),
    Elbv2ListenerRequiresTgAccept = "ELBV2_LISTENER_REQUIRES_TG_ACCEPT": NotProduced("a load balancer stands behind the endpoint service, in the provider's account"),
    Elbv2ListenersMismatch = "ELBV2_LISTENERS_MISMATCH": NotProduced("a load balancer stands behind the endpoint service, in the provider's account"),
    Elbv2NoTargetsInAz = "ELBV2_NO_TARGETS_IN_AZ": NotProduced("a load balancer stands behind the endpoint service, in the provider's account"),
    Elbv2SourceAddressPreservation = "ELBV2_SOURCE_ADDRESS_PRESERVATION": NotProduced("a load balancer stands behind the endpoint service, in the provider's account"),
    EniAddressRestriction = "ENI_ADDRESS_RESTRICTION": Produced,
    EniSgRulesMismatch = "ENI_SG_RULES_MISMATCH": Produced,
    EniSourceDestCheckRestriction = "ENI_SOURCE_DEST_CHECK_RESTRICTION": Produced,
    FirewallRulesRestriction = "FIREWALL_RULES_RESTRICTION": NotProduced("the rules of firewalls and appliances are in no inventory: undecided at their interface"),
    GatewayRejectsSpoofedTraffic = "GATEWAY_REJECTS_SPOOFED_TRAFFIC": NotProduced("the source is always an address of its own interface"),
    GwlbDestinationPortRestriction = "GWLB_DESTINATION_PORT_RESTRICTION": NotProduced("GENEVE between a Gateway Load Balancer and its targets is no consumer's flow"),
    GwlbProtocolRestriction = "GWLB_PROTOCOL_RESTRICTION": NotProduced("GENEVE between a Gateway Load Balancer and its targets is no consumer's flow"),
    HigherPriorityRoute = "HIGHER_PRIORITY_ROUTE": NotProduced("says why a route was not taken; the step names the one that was"),
    IgwDestinationAddressInVpcCidrs = "IGW_DESTINATION_ADDRESS_IN_VPC_CIDRS": NotProduced("packets from the internet are decided from the client on; gateway route tables end the analysis"),
    IgwDestinationAddressNotInRfc1918Egress = "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS": Produced,
    IgwDestinationAddressNotInRfc6598Egress = "IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS": Produced,
    IgwNatReflection = "IGW_NAT_REFLECTION": NotProduced("a limit of Reachability Analyzer: such flows are followed here"),
    IgwPrivateIpAssociationForIngress = "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS": Produced,
    IgwPublicIpAssociationForEgress = "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS": Produced,
    IgwSourceAddressNotInRfc1918Ingress = "IGW_SOURCE_ADDRESS_NOT_IN_RFC1918_INGRESS": NotProduced("packets from the internet are decided from the client on; gateway route tables end the analysis"),
    IgwSourceAddressNotInRfc6598Ingress = "IGW_SOURCE_ADDRESS_NOT_IN_RFC6598_INGRESS": NotProduced("packets from the internet are decided from the client on; gateway route tables end the analysis"),
    IngressRtbNoPublicIp = "INGRESS_RTB_NO_PUBLIC_IP": NotProduced("packets from the internet are decided from the client on; gateway route tables end the analysis"),
    IngressRtbTrafficRedirection = "INGRESS_RTB_TRAFFIC_REDIRECTION": NotProduced("packets from the internet are decided from the client on; gateway route tables end the analysis"),
    MoreSpecificRoute = "MORE_SPECIFIC_ROUTE": NotProduced("says why a route was not taken; the step names the one that was"),
    NgwDestAddressPreservation = "NGW_DEST_ADDRESS_PRESERVATION": NotProduced("says what a NAT gateway does, not what it stops"),
    NgwRequiresSourceInVpc = "NGW_REQUIRES_SOURCE_IN_VPC": NotProduced("from a peering connection no packet comes as far as a NAT gateway: PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"),
    NgwSourceAddressReassign = "NGW_SOURCE_ADDRESS_REASSIGN": NotProduced("says what a NAT gateway does; what its address then fails is the blocker"),
    NoPossibleDestination = "NO_POSSIBLE_DESTINATION": Undecided("what lies in another account or Region"),
    NoRouteToDestination = "NO_ROUTE_TO_DESTINATION": Produced,
    PcxRequiresAddressInVpcCidr = "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR": Produced,
    ProtocolRestriction = "PROTOCOL_RESTRICTION": NotProduced("only TCP and UDP are asked for, and interface endpoints carry both"),
    RegionalNgwRouteAzRestriction = "REGIONAL_NGW_ROUTE_AZ_RESTRICTION": Undecided("a regional NAT gateway has no subnet to follow"),
    RemapEphemeralPort = "REMAP_EPHEMERAL_PORT": NotProduced("says which ports replies come to; what an ACL then denies is the blocker"),
    SgHasNoRules = "SG_HAS_NO_RULES": Produced,
    SgReferencesNotPreserved = "SG_REFERENCES_NOT_PRESERVED": Produced,
    SgReferencingSupport = "SG_REFERENCING_SUPPORT": Produced,
    SubnetAclRestriction = "SUBNET_ACL_RESTRICTION": Produced,
    TargetAddressRestriction = "TARGET_ADDRESS_RESTRICTION": NotProduced("a load balancer stands behind the endpoint service, in the provider's account"),
    TargetPortRestriction = "TARGET_PORT_RESTRICTION": NotProduced("a load balancer stands behind the endpoint service, in the provider's account"),
    TgwAttachMissingTgwRtbAssociation = "TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION": Produced,
    TgwAttachVpcAzRestriction = "TGW_ATTACH_VPC_AZ_RESTRICTION": NotProduced("the zone by which packets leave the gateway is chosen as the gateway chooses it"),
    TgwBadStateVpn = "TGW_BAD_STATE_VPN": NotProduced("VPN connections lie beyond what the inventory shows: undecided at their attachment"),
    TgwRouteAzRestriction = "TGW_ROUTE_AZ_RESTRICTION": Produced,
    TgwRtbBadStateRoute = "TGW_RTB_BAD_STATE_ROUTE": Produced,
    TgwRtbCannotRoute = "TGW_RTB_CANNOT_ROUTE": NotProduced("says why a route was not taken; the step names the one that was"),
    TgwRtbHigherPriorityRoute = "TGW_RTB_HIGHER_PRIORITY_ROUTE": NotProduced("says why a route was not taken; the step names the one that was"),
    TgwRtbMoreSpecificRoute = "TGW_RTB_MORE_SPECIFIC_ROUTE": NotProduced("says why a route was not taken; the step names the one that was"),
    TgwRtbNoRouteToTgwAttachment = "TGW_RTB_NO_ROUTE_TO_TGW_ATTACHMENT": Produced,
    TgwRtbRoutesAreUnknown = "TGW_RTB_ROUTES_ARE_UNKNOWN": Undecided("routes of a table that nobody read"),
    UnknownDestination = "UNKNOWN_DESTINATION": Undecided("an address beyond the edge of the inventory"),
    UnknownPeeredSgs = "UNKNOWN_PEERED_SGS": Undecided("members of a group that is described elsewhere"),
    UnknownResource = "UNKNOWN_RESOURCE": Undecided("a resource that the inventory lacks"),
    VgwPrivateIpAssociationForEgress = "VGW_PRIVATE_IP_ASSOCIATION_FOR_EGRESS": NotProduced("a virtual private gateway is the edge of what can be known"),
    VgwPrivateIpAssociationForIngress = "VGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS": NotProduced("a virtual private gateway is the edge of what can be known"),
    VpcBlockPublicAccessEnabled = "VPC_BLOCK_PUBLIC_ACCESS_ENABLED": NotProduced("stops internet traffic alone, which is undecided at the internet gateway as it is"),
    VpcLocalRouteCidrRestriction = "VPC_LOCAL_ROUTE_CIDR_RESTRICTION": NotProduced("a local route whose range is not the VPC's cannot be made"),
    VpceGatewayEgressSourceAddressRestriction = "VPCE_GATEWAY_EGRESS_SOURCE_ADDRESS_RESTRICTION": NotProduced("what a gateway endpoint's service sends is no consumer's flow"),
    VpceGatewayProtocolRestriction = "VPCE_GATEWAY_PROTOCOL_RESTRICTION": Produced,
    VpceIntraVpcTraffic = "VPCE_INTRA_VPC_TRAFFIC": Produced,
    VpceServiceNotInstalledInAz = "VPCE_SERVICE_NOT_INSTALLED_IN_AZ": Produced,
    DisconnectedVpcs = "DISCONNECTED_VPCS": NotProduced("the route that is missing is named: NO_ROUTE_TO_DESTINATION"),
    NoPath = "NO_PATH": NotProduced("every blocker is named instead"),
    NoSourceOrDestination = "NO_SOURCE_OR_DESTINATION": NotProduced("a source or destination that is not in the inventory is an error of the command"),
    UnassociatedComponent = "UNASSOCIATED_COMPONENT": NotProduced("only interfaces are asked about, and each has its VPC"),
    UnsupportedComponent = "UNSUPPORTED_COMPONENT": Undecided("a target of routes that nothing here can follow"),
}

/// RFC 6598's range for carriers, which EKS likes for pods.
pub(super) fn is_shared_range(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V4(v4) if v4.octets()[0] == 100 && (64..128).contains(&v4.octets()[1]))
}
