//! The flows that are asked about. An id such as `i-app` is written out to its full length.

pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// A directory under `inventories`.
    pub(crate) inventory: &'static str,
    /// Files of it that are not there.
    pub(crate) without: &'static [&'static str],
    pub(crate) args: &'static str,
    pub(crate) exit: i32,
}

pub(crate) const INVENTORIES: [&str; 8] =
    ["acls", "edge", "ipv6", "nat", "one-vpc", "peering", "region", "transit"];

const ALLOW: i32 = 0;
const DENY: i32 = 2;
const UNDECIDED: i32 = 3;

const fn case(name: &'static str, inventory: &'static str, args: &'static str, exit: i32) -> Case {
    Case { name, inventory, without: &[], args, exit }
}

const fn blind(
    name: &'static str,
    inventory: &'static str,
    without: &'static [&'static str],
    args: &'static str,
    exit: i32,
) -> Case {
    Case { name, inventory, without, args, exit }
}

pub(crate) const CASES: &[Case] = &[
    // One VPC.
    case("same-vpc", "one-vpc", "--from i-app --to 10.0.3.20 --port 19530", ALLOW),
    case("source-stopped", "one-vpc", "--from i-asleep --to 10.0.3.20 --port 19530", DENY),
    case("source-not-attached", "one-vpc", "--from eni-loose --to 10.0.3.20 --port 19530", DENY),
    case("source-group-narrow", "one-vpc", "--from i-narrow --to vpce-open --port 19530", DENY),
    case("source-group-without-rules", "one-vpc", "--from i-mute --to vpce-open --port 19530", DENY),
    case("group-wrong-port", "one-vpc", "--from i-app --to vpce-web --port 19530", DENY),
    case("group-of-others", "one-vpc", "--from i-ops --to 10.0.3.20 --port 19530", DENY),
    case("group-of-other-addresses", "one-vpc", "--from i-app --to vpce-subnets --port 19530", DENY),
    case("group-default", "one-vpc", "--from i-app --to vpce-default --port 19530", DENY),
    case("group-without-rules", "one-vpc", "--from i-app --to vpce-bare --port 19530", DENY),
    case("group-prefix-list", "one-vpc", "--from i-app --to vpce-listed --port 19530", DENY),
    case("two-groups", "one-vpc", "--from i-app --to vpce-both --port 5432", DENY),
    case("groups-at-both-ends", "one-vpc", "--from i-narrow --to vpce-bare --port 19530", DENY),
    case("endpoint-waits", "one-vpc", "--from i-app --to vpce-waiting --port 19530", DENY),
    case("endpoint-rejected", "one-vpc", "--from i-app --to vpce-refused --port 19530", DENY),
    case("endpoint-pending", "one-vpc", "--from i-app --to vpce-moving --port 19530", UNDECIDED),
    case("service-not-in-zone", "one-vpc", "--from i-app --to vpce-zonal --port 19530", DENY),
    case("nobody-there", "one-vpc", "--from i-app --to 10.0.3.99 --port 19530", DENY),
    case("nobody-here", "one-vpc", "--from 10.0.1.99 --to vpce-web --port 443", DENY),
    case("endpoint-as-source", "one-vpc", "--from vpce-web --to 10.0.1.10 --port 443", DENY),
    case("one-subnet", "one-vpc", "--from i-app --to i-ops --port 22", DENY),
    // Network ACLs.
    case("acl-client-out", "acls", "--from i-noout --to vpce-vendor --port 19530", DENY),
    case("acl-endpoint-in", "acls", "--from i-app --to vpce-noin --port 19530", DENY),
    case("acl-endpoint-out", "acls", "--from i-app --to vpce-noecho --port 19530", DENY),
    case("acl-client-in", "acls", "--from i-noback --to vpce-vendor --port 19530", DENY),
    case("half-the-replies", "acls", "--from i-half --to vpce-vendor --port 19530", ALLOW),
    case("half-at-both-ends", "acls", "--from i-half --to vpce-noreply --port 19530", ALLOW),
    case("windows-ports", "acls", "--from i-halfwin --to vpce-vendor --port 19530", ALLOW),
    case("lambda-ports", "acls", "--from eni-halflambda --to vpce-vendor --port 19530", ALLOW),
    case(
        "source-port-passes",
        "acls",
        "--from i-half --to vpce-vendor --port 19530 --source-port 50000",
        ALLOW,
    ),
    case(
        "source-port-denied",
        "acls",
        "--from i-half --to vpce-vendor --port 19530 --source-port 40000",
        DENY,
    ),
    case("udp", "acls", "--from i-app --to vpce-vendor --port 19530 --protocol udp", ALLOW),
    case("several-blockers", "acls", "--from i-stack --to vpce-closed --port 19530", DENY),
    // Peering.
    case("peering", "peering", "--from i-app --to vpce-hub --port 443", ALLOW),
    case("peering-no-route", "peering", "--from i-lost --to vpce-hub --port 443", DENY),
    case("peering-no-route-back", "peering", "--from i-app --to vpce-deaf --port 443", DENY),
    case("peering-stale-reference", "peering", "--from i-app --to vpce-stale --port 443", DENY),
    case("peering-edge-to-edge", "peering", "--from i-app --to vpce-far --port 443", DENY),
    case("peering-not-accepted", "peering", "--from i-app --to vpce-wait --port 443", DENY),
    case("peering-blackhole", "peering", "--from i-app --to 10.4.0.1 --port 443", DENY),
    case("peering-overlap", "peering", "--from i-app --to vpce-ovl --port 443", DENY),
    case("peering-other-region", "region", "--from i-app --to vpce-east --port 443", DENY),
    // Transit gateway.
    case("transit", "transit", "--from i-app --to vpce-hub --port 443", ALLOW),
    case("transit-zone", "transit", "--from i-app3 --to vpce-hub --port 443", DENY),
    case("transit-unassociated", "transit", "--from i-old --to vpce-hub --port 443", DENY),
    case("transit-no-route", "transit", "--from i-dev --to vpce-hub --port 443", DENY),
    case("transit-blackhole", "transit", "--from i-lab --to vpce-hub --port 443", DENY),
    case("transit-acl-between", "transit", "--from i-app --to vpce-hub --port 9443", DENY),
    case("transit-group-reference", "transit", "--from i-app --to vpce-hub --port 8443", DENY),
    case("transit-behind-the-route", "transit", "--from i-dev --to vpce-hub --port 80", DENY),
    case("transit-either-subnet", "transit", "--from i-app --to vpce-two --port 443", UNDECIDED),
    // The edges.
    case("gateway-endpoint", "edge", "--from i-app --to 52.92.130.7 --port 443", ALLOW),
    case("gateway-endpoint-udp", "edge", "--from i-app --to 52.92.130.7 --port 443 --protocol udp", DENY),
    case("gateway-endpoint-group", "edge", "--from i-strict --to 52.92.130.7 --port 443", DENY),
    case("internet", "edge", "--from i-web --to 203.0.113.9 --port 443", UNDECIDED),
    case("internet-no-public-address", "edge", "--from i-bare --to 203.0.113.9 --port 443", DENY),
    case("internet-nat", "edge", "--from i-app --to 203.0.113.9 --port 443", UNDECIDED),
    case("internet-isolated", "edge", "--from i-iso --to 203.0.113.9 --port 443", DENY),
    case("from-the-internet", "edge", "--from 203.0.113.9 --to 10.0.0.10 --port 443", DENY),
    case(
        "from-the-internet-to-a-public-address",
        "edge",
        "--from 203.0.113.9 --to 198.51.100.10 --port 443",
        DENY,
    ),
    case("resolver", "edge", "--from i-app --to 10.0.0.2 --port 53 --protocol udp", ALLOW),
    case("to-the-office", "edge", "--from i-app --to 192.168.7.7 --port 443", UNDECIDED),
    case("from-the-office", "edge", "--from 192.168.7.7 --to vpce-door --port 443", UNDECIDED),
    case("nat-to-another-vpc", "nat", "--from i-app --to vpce-vend --port 443", ALLOW),
    case("nat-hides-the-group", "nat", "--from i-app --to vpce-byref --port 443", DENY),
    // IPv6.
    case("ipv6", "ipv6", "--from 2001:db8:1234:1a01::10 --to 2001:db8:1234:1a02::20 --port 443", DENY),
    case(
        "ipv6-one-subnet",
        "ipv6",
        "--from 2001:db8:1234:1a01::10 --to 2001:db8:1234:1a01:2345:6789:abcd:ef11 --port 443",
        ALLOW,
    ),
    // What could not be looked at.
    blind(
        "without-acls",
        "one-vpc",
        &["describe-network-acls"],
        "--from i-app --to 10.0.3.20 --port 19530",
        UNDECIDED,
    ),
    blind(
        "without-groups",
        "one-vpc",
        &["describe-security-groups"],
        "--from i-app --to 10.0.3.20 --port 19530",
        UNDECIDED,
    ),
    blind(
        "without-routes",
        "one-vpc",
        &["describe-route-tables"],
        "--from i-app --to 10.0.3.20 --port 19530",
        UNDECIDED,
    ),
    blind(
        "without-interfaces",
        "one-vpc",
        &["describe-network-interfaces"],
        "--from 10.0.1.10 --to 10.0.3.20 --port 19530",
        UNDECIDED,
    ),
    blind(
        "without-endpoints",
        "one-vpc",
        &["describe-vpc-endpoints"],
        "--from i-app --to 10.0.3.20 --port 19530",
        UNDECIDED,
    ),
    blind(
        "without-instances",
        "one-vpc",
        &["describe-instances"],
        "--from i-asleep --to 10.0.3.20 --port 19530",
        ALLOW,
    ),
    blind(
        "without-list-entries",
        "one-vpc",
        &["get-managed-prefix-list-entries-pl-0clients000000000"],
        "--from i-app --to vpce-listed --port 19530",
        UNDECIDED,
    ),
    blind(
        "without-acls-and-denied",
        "one-vpc",
        &["describe-network-acls"],
        "--from i-ops --to 10.0.3.20 --port 19530",
        DENY,
    ),
    blind(
        "without-peerings",
        "peering",
        &["describe-vpc-peering-connections"],
        "--from i-app --to vpce-hub --port 443",
        UNDECIDED,
    ),
    blind(
        "without-attachments",
        "transit",
        &["describe-transit-gateway-vpc-attachments", "describe-transit-gateway-attachments"],
        "--from i-app --to vpce-hub --port 443",
        UNDECIDED,
    ),
    blind(
        "without-transit-routes",
        "transit",
        &["search-transit-gateway-routes-tgw-rtb-0spokes0000000000"],
        "--from i-app --to vpce-hub --port 443",
        UNDECIDED,
    ),
];

/// Questions that have no answer, with their names.
pub(crate) const ERRORS: &[(&str, &str)] = &[
    ("ambiguous-endpoint", "--inventory one-vpc --from i-app --to vpce-vendor --port 19530"),
    ("ambiguous-instance", "--inventory one-vpc --from i-twin --to 10.0.3.20 --port 19530"),
    ("unknown-instance", "--inventory one-vpc --from i-ap --to 10.0.3.20 --port 19530"),
    ("unknown-endpoint", "--inventory one-vpc --from i-app --to vpce-vendors --port 19530"),
    ("gateway-endpoint", "--inventory edge --from i-app --to vpce-s3 --port 443"),
    ("both-ends-the-same", "--inventory one-vpc --from i-app --to 10.0.1.10 --port 22"),
    ("two-families", "--inventory ipv6 --from 2001:db8:1234:1a01::10 --to 10.0.2.20 --port 443"),
    ("group-as-end", "--inventory one-vpc --from sg-0app --to 10.0.3.20 --port 443"),
    ("service-as-end", "--inventory one-vpc --from 10.0.1.10 --to vpce-svc-0vendor --port 443"),
    ("misspelt-end", "--inventory one-vpc --from in-0app --to 10.0.3.20 --port 443"),
    ("range-as-end", "--inventory one-vpc --from 10.0.1.0/24 --to 10.0.3.20 --port 443"),
    ("name-as-end", "--inventory one-vpc --from 10.0.1.10 --to db.example.com --port 443"),
    ("misspelt-protocol", "--inventory one-vpc --from 10.0.1.10 --to 10.0.3.20 --port 443 --protocol tpc"),
    ("misspelt-option", "--inventory one-vpc --form 10.0.1.10 --to 10.0.3.20 --port 443"),
    ("port-zero", "--inventory one-vpc --from 10.0.1.10 --to 10.0.3.20 --port 0"),
    ("no-port", "--inventory one-vpc --from 10.0.1.10 --to 10.0.3.20"),
    ("no-inventory", "--inventory none --from 10.0.1.10 --to 10.0.3.20 --port 443"),
    ("no-directory", "--inventory nowhere --from 10.0.1.10 --to 10.0.3.20 --port 443"),
];
