//! The EC2 adapter against an API that answers, refuses, stalls and lies.

#[path = "support/fake_ec2.rs"]
mod fake_ec2;

use std::time::Duration;

use fake_ec2::{FakeEc2, Fault};
use serde_json::{Value, json};
use tokio::time::Instant;
use vpce_doctor::{
    adapters::ec2::{ConnectOptions, Ec2Inventory, Identity, connect},
    model::{
        endpoint::{EndpointKind, EndpointState},
        inventory::{Inventory, actions},
        known::{Known, Reason, Unknown},
        listing::Listing,
    },
    ports::{InventorySource as _, Scope},
};

const PATIENCE: Duration = Duration::from_secs(20);

fn miniature() -> Value {
    serde_json::from_str(include_str!("data/miniature-vpc.json")).unwrap()
}

async fn client(url: &str) -> Ec2Inventory {
    connect(ConnectOptions {
        region: Some("us-west-2".to_owned()),
        endpoint_url: Some(url.to_owned()),
        identity: Identity::Keys { access_key_id: "AKIATEST".into(), secret_access_key: "secret".into() },
        ..ConnectOptions::default()
    })
    .await
    .unwrap()
}

async fn fetch(api: &FakeEc2, scope: &Scope, deadline: Duration) -> Inventory {
    client(&api.url).await.fetch(scope, deadline).await
}

/// We are 10.0.1.10 and talk to the endpoint.
fn scope() -> Scope {
    Scope {
        sources: vec!["127.0.0.1".parse().unwrap(), "10.0.1.10".parse().unwrap()],
        destinations: vec!["10.0.2.20".parse().unwrap()],
        ..Scope::default()
    }
}

fn ids<T>(known: &Known<Listing<T>>, id: impl Fn(&T) -> String) -> Vec<String> {
    known.known().expect("a known list").iter().map(id).collect()
}

fn why<T>(known: &Known<T>) -> &Unknown {
    match known {
        Known::Unknown(why) => why,
        Known::Known(_) => panic!("known after all"),
    }
}

fn failures(inventory: &Inventory) -> Vec<(&str, &Reason)> {
    inventory.calls.iter().filter_map(|call| Some((call.action.as_str(), call.failure.as_ref()?))).collect()
}

/// Every list but one is known.
fn only_unknown(inventory: &Inventory, action: &str) {
    let lists = [
        (actions::VPCS, inventory.vpcs.is_known()),
        (actions::SUBNETS, inventory.subnets.is_known()),
        (actions::SECURITY_GROUPS, inventory.security_groups.is_known()),
        (actions::NETWORK_ACLS, inventory.network_acls.is_known()),
        (actions::ROUTE_TABLES, inventory.route_tables.is_known()),
        (actions::NETWORK_INTERFACES, inventory.network_interfaces.is_known()),
        (actions::VPC_ENDPOINTS, inventory.vpc_endpoints.is_known()),
        (actions::ENDPOINT_SERVICES, inventory.endpoint_services.is_known()),
        (actions::PEERING_CONNECTIONS, inventory.peering_connections.is_known()),
        (actions::PREFIX_LIST_ENTRIES, inventory.prefix_lists.is_known()),
        (actions::DHCP_OPTIONS, inventory.dhcp_options.is_known()),
    ];
    // What routes lead to is asked for when the routes are known.
    let behind_routes = [
        (actions::NAT_GATEWAYS, inventory.nat_gateways.is_known()),
        (actions::TRANSIT_GATEWAYS, inventory.transit_gateways.is_known()),
        (actions::TRANSIT_GATEWAY_ATTACHMENTS, inventory.transit_gateway_attachments.is_known()),
        (actions::TRANSIT_GATEWAY_ROUTE_TABLES, inventory.transit_gateway_route_tables.is_known()),
    ];
    let behind_routes = behind_routes.into_iter().filter(|_| inventory.route_tables.is_known());
    for (name, known) in lists.into_iter().chain(behind_routes) {
        assert_eq!(known, name != action, "{name}: {:?}", failures(inventory));
    }
}

fn denied() -> Fault {
    Fault::Error {
        status: 403,
        code: "UnauthorizedOperation",
        message: "You are not authorized. Encoded authorization failure message: AAAA",
        times: usize::MAX,
    }
}

fn throttled(times: usize) -> Fault {
    Fault::Error { status: 503, code: "RequestLimitExceeded", message: "Request limit exceeded.", times }
}

#[tokio::test]
async fn finds_the_vpc_by_our_address_and_describes_that_vpc_alone() {
    let api = FakeEc2::start(miniature()).await;
    let inventory = fetch(&api, &scope(), PATIENCE).await;
    assert_eq!(failures(&inventory), []);
    assert_eq!(ids(&inventory.vpcs, |vpc| vpc.id.to_string()), ["vpc-a"]);
    assert_eq!(inventory.vpcs.known().unwrap()[0].dns_hostnames, Known::Known(true));
    assert_eq!(ids(&inventory.network_interfaces, |eni| eni.id.to_string()), ["eni-app", "eni-end"]);
    assert_eq!(ids(&inventory.vpc_endpoints, |endpoint| endpoint.id.to_string()), ["vpce-1", "vpce-2"]);
    assert_eq!(ids(&inventory.prefix_lists, |list| list.id.to_string()), ["pl-1", "pl-2", "pl-3"]);
    assert_eq!(ids(&inventory.endpoint_services, |service| service.name.clone()).len(), 2);
    assert_eq!(ids(&inventory.dhcp_options, |options| options.id.to_string()), ["dopt-1"]);
    // Another VPC shares this group with ours, so no vpc-id finds it.
    assert!(ids(&inventory.security_groups, |group| group.id.to_string()).contains(&"sg-shared".to_owned()));

    assert_eq!(api.requests("DescribeVpcAttribute").len(), 2);
    assert_eq!(api.requests("GetManagedPrefixListEntries").len(), 3, "each list is asked for once");
    let by_ids = |request: &fake_ec2::Request| request.keys().any(|name| name.starts_with("VpcEndpointId"));
    assert!(!api.requests("DescribeVpcEndpoints").iter().any(by_ids));
    assert!(inventory.calls.iter().all(|call| call.seconds.0 > 0.0));
}

#[tokio::test]
async fn a_vpc_given_by_the_metadata_service_needs_no_search() {
    let api = FakeEc2::start(miniature()).await;
    let scope = Scope { vpc: Some("vpc-b".into()), ..Scope::default() };
    let inventory = fetch(&api, &scope, PATIENCE).await;
    assert_eq!(ids(&inventory.vpcs, |vpc| vpc.id.to_string()), ["vpc-b"]);
    assert_eq!(api.requests("DescribeNetworkInterfaces").len(), 1);
    let endpoint = &inventory.vpc_endpoints.known().unwrap()[0];
    assert_eq!(endpoint.kind, EndpointKind::Other("Teleport".to_owned()));
    assert_eq!(endpoint.state, EndpointState::Other("hibernating".to_owned()));
}

#[tokio::test]
async fn destinations_and_named_endpoints_bring_their_vpcs() {
    let api = FakeEc2::start(miniature()).await;
    let there = Scope { destinations: vec!["10.1.1.5".parse().unwrap()], ..scope() };
    assert_eq!(ids(&fetch(&api, &there, PATIENCE).await.vpcs, |vpc| vpc.id.to_string()), ["vpc-a", "vpc-b"]);
    let named = Scope { endpoints: vec!["vpce-3".into(), "vpce-none".into()], ..Scope::default() };
    assert_eq!(ids(&fetch(&api, &named, PATIENCE).await.vpcs, |vpc| vpc.id.to_string()), ["vpc-b"]);
    let v6 = Scope { sources: vec!["2001:db8:0:1::a".parse().unwrap()], ..Scope::default() };
    assert_eq!(ids(&fetch(&api, &v6, PATIENCE).await.vpcs, |vpc| vpc.id.to_string()), ["vpc-a"]);
}

#[tokio::test]
async fn an_address_of_two_vpcs_brings_both() {
    let mut records = miniature();
    let twin = json!({"NetworkInterfaceId": "eni-twin", "VpcId": "vpc-b", "SubnetId": "subnet-b",
        "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.1.10"}, {"PrivateIpAddress": "10.0.2.20"}]});
    records["NetworkInterfaces"].as_array_mut().unwrap().push(twin);
    let api = FakeEc2::start(records).await;
    let inventory = fetch(&api, &scope(), PATIENCE).await;
    assert_eq!(ids(&inventory.vpcs, |vpc| vpc.id.to_string()), ["vpc-a", "vpc-b"]);
    let ours = Scope { vpc: Some("vpc-a".into()), ..scope() };
    let inventory = fetch(&api, &ours, PATIENCE).await;
    assert_eq!(ids(&inventory.vpcs, |vpc| vpc.id.to_string()), ["vpc-a"], "the twin is no concern of ours");
}

#[tokio::test]
async fn pages_are_read_to_the_end() {
    let mut records = miniature();
    records["SecurityGroups"] =
        (0..23).map(|n| json!({"GroupId": format!("sg-{n:02}"), "VpcId": "vpc-a"})).collect();
    let api = FakeEc2::with_pages(records, 5).await;
    let inventory = fetch(&api, &scope(), PATIENCE).await;
    assert_eq!(ids(&inventory.security_groups, |group| group.id.to_string()).len(), 23);
    let tokens: Vec<_> =
        api.requests("DescribeSecurityGroups").iter().filter_map(|r| r.get("NextToken").cloned()).collect();
    assert_eq!(tokens, ["5", "10", "15", "20"]);
    // Many pages are one call.
    assert_eq!(inventory.calls.iter().filter(|call| call.action == actions::SECURITY_GROUPS).count(), 2);
}

#[tokio::test]
async fn pages_that_lead_in_a_circle_are_left() {
    let api = FakeEc2::start(miniature()).await;
    api.misbehave("DescribeSubnets", Fault::Circle);
    let inventory = fetch(&api, &scope(), PATIENCE).await;
    only_unknown(&inventory, actions::SUBNETS);
    assert!(api.requests("DescribeSubnets").len() < 4);
}

#[tokio::test]
async fn throttling_is_waited_out() {
    let api = FakeEc2::start(miniature()).await;
    api.misbehave("DescribeSubnets", throttled(2));
    let inventory = fetch(&api, &scope(), PATIENCE).await;
    assert_eq!(failures(&inventory), []);
    assert_eq!(inventory.subnets.known().unwrap().len(), 2);
    assert_eq!(api.requests("DescribeSubnets").len(), 3);
}

#[tokio::test]
async fn throttling_without_end_is_told_as_such() {
    let api = FakeEc2::start(miniature()).await;
    api.misbehave("DescribeSubnets", throttled(usize::MAX));
    let inventory = fetch(&api, &scope(), Duration::from_millis(1200)).await;
    only_unknown(&inventory, actions::SUBNETS);
    assert_eq!(why(&inventory.subnets).reason, Reason::Throttled { code: "RequestLimitExceeded".to_owned() });
    assert_eq!(why(&inventory.subnets).missing, actions::SUBNETS);
}

#[tokio::test]
async fn a_denied_action_leaves_the_others_standing() {
    let api = FakeEc2::start(miniature()).await;
    api.misbehave("DescribeNetworkAcls", denied());
    let inventory = fetch(&api, &scope(), PATIENCE).await;
    only_unknown(&inventory, actions::NETWORK_ACLS);
    let reason = Reason::Denied {
        code: "UnauthorizedOperation".to_owned(),
        message: "You are not authorized.".to_owned(),
    };
    assert_eq!(why(&inventory.network_acls), &Unknown::new(actions::NETWORK_ACLS, reason.clone()));
    assert_eq!(failures(&inventory), [(actions::NETWORK_ACLS, &reason)]);
    assert_eq!(api.requests("DescribeNetworkAcls").len(), 1, "a refusal is final");
}

#[tokio::test]
async fn without_the_right_to_search_everything_is_described() {
    let api = FakeEc2::start(miniature()).await;
    api.misbehave("DescribeNetworkInterfaces", denied());
    let inventory = fetch(&api, &scope(), PATIENCE).await;
    only_unknown(&inventory, actions::NETWORK_INTERFACES);
    assert_eq!(ids(&inventory.vpcs, |vpc| vpc.id.to_string()), ["vpc-a", "vpc-b"]);
    assert_eq!(api.requests("DescribeVpcAttribute").len(), 4);
}

#[tokio::test]
async fn denied_attributes_and_entries_are_unknown_in_their_place() {
    let api = FakeEc2::start(miniature()).await;
    api.misbehave("DescribeVpcAttribute", denied());
    api.misbehave("GetManagedPrefixListEntries", denied());
    let inventory = fetch(&api, &scope(), PATIENCE).await;
    only_unknown(&inventory, "nothing");
    let vpc = &inventory.vpcs.known().unwrap()[0];
    assert!(matches!(why(&vpc.dns_support).reason, Reason::Denied { .. }));
    let lists = inventory.prefix_lists.known().unwrap();
    assert_eq!(lists.len(), 3);
    assert!(lists.iter().all(|list| why(&list.entries).missing == actions::PREFIX_LIST_ENTRIES));
}

#[tokio::test]
async fn expired_credentials_are_a_denial() {
    let api = FakeEc2::start(miniature()).await;
    let expired = Fault::Error {
        status: 400,
        code: "ExpiredToken",
        message: "The token has expired.",
        times: usize::MAX,
    };
    api.misbehave("DescribeSubnets", expired);
    let inventory = fetch(&api, &scope(), PATIENCE).await;
    assert!(matches!(&why(&inventory.subnets).reason, Reason::Denied { code, .. } if code == "ExpiredToken"));
}

#[tokio::test]
async fn an_answer_in_html_is_no_answer() {
    let api = FakeEc2::start(miniature()).await;
    api.misbehave("DescribeSubnets", Fault::Html { status: 200 });
    api.misbehave("DescribeNetworkAcls", Fault::Html { status: 500 });
    let inventory = fetch(&api, &scope(), Duration::from_millis(1500)).await;
    for known in [why(&inventory.subnets), why(&inventory.network_acls)] {
        let Reason::Failed { message } = &known.reason else { panic!("{known:?}") };
        assert!(message.ends_with("the answer is not one of the EC2 API"), "{message}");
    }
    assert!(inventory.security_groups.is_known());
}

#[tokio::test]
async fn a_hanging_call_costs_the_deadline_and_no_more() {
    let api = FakeEc2::start(miniature()).await;
    api.misbehave("DescribeRouteTables", Fault::Hang);
    let began = Instant::now();
    let inventory = fetch(&api, &scope(), Duration::from_secs(1)).await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    only_unknown(&inventory, actions::ROUTE_TABLES);
    assert_eq!(why(&inventory.route_tables).reason, Reason::TimedOut);
}

#[tokio::test]
async fn a_search_that_hangs_leaves_time_for_the_rest() {
    let api = FakeEc2::start(miniature()).await;
    api.misbehave("DescribeNetworkInterfaces", Fault::Hang);
    let inventory = fetch(&api, &scope(), Duration::from_secs(2)).await;
    only_unknown(&inventory, actions::NETWORK_INTERFACES);
}

#[tokio::test]
async fn a_cut_answer_is_not_a_shorter_one() {
    let api = FakeEc2::start(miniature()).await;
    api.misbehave("DescribeSubnets", Fault::Cut);
    let inventory = fetch(&api, &scope(), Duration::from_millis(1500)).await;
    only_unknown(&inventory, actions::SUBNETS);
    assert!(!matches!(why(&inventory.subnets).reason, Reason::TimedOut), "{:?}", why(&inventory.subnets));
}

#[tokio::test]
async fn an_api_nobody_answers_for_is_unreachable_at_once() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let began = Instant::now();
    let inventory = client(&url).await.fetch(&scope(), PATIENCE).await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    let refused = Reason::Unreachable { message: "the connection was refused".to_owned() };
    assert_eq!(why(&inventory.vpc_endpoints), &Unknown::new(actions::VPC_ENDPOINTS, refused));
    assert_eq!(inventory.calls.len(), 1, "one silence is enough");

    let inventory = client("http://nowhere.invalid").await.fetch(&scope(), PATIENCE).await;
    let unresolved = Reason::Unreachable { message: "its name does not resolve".to_owned() };
    assert_eq!(why(&inventory.vpcs).reason, unresolved);
}

#[tokio::test]
async fn an_api_we_cannot_trust_is_unreachable_and_says_why() {
    let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let pem = (
        key.cert.der().clone(),
        rustls::pki_types::PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap(),
    );
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![pem.0], pem.1)
        .unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let _refused = acceptor.accept(stream).await;
        }
    });
    let inventory = client(&url).await.fetch(&scope(), Duration::from_secs(3)).await;
    let Reason::Unreachable { message } = &why(&inventory.vpcs).reason else {
        panic!("{:?}", inventory.vpcs)
    };
    assert!(message.contains("certificate"), "{message}");
}

#[tokio::test]
async fn one_service_we_may_not_see_hides_no_other() {
    let api = FakeEc2::start(miniature()).await;
    let scope =
        Scope { services: vec!["com.amazonaws.vpce.us-west-2.vpce-svc-hidden".to_owned()], ..scope() };
    let inventory = fetch(&api, &scope, PATIENCE).await;
    assert_eq!(inventory.endpoint_services.known().unwrap().len(), 2);
    assert!(inventory.service("com.amazonaws.us-west-2.sts").is_some());
    assert!(
        api.requests("DescribeVpcEndpointServices")
            .iter()
            .all(|request| !request.contains_key("Filter.1.Name"))
    );
}

#[tokio::test]
async fn a_foreign_endpoint_that_could_not_be_searched_is_not_missing() {
    let api = FakeEc2::start(miniature()).await;
    api.misbehave(
        "DescribeVpcEndpoints",
        Fault::Error { status: 400, code: "InternalError", message: "x", times: 1 },
    );
    let scope = Scope { vpc: Some("vpc-a".into()), endpoints: vec!["vpce-3".into()], ..Scope::default() };
    let inventory = fetch(&api, &scope, PATIENCE).await;
    assert!(matches!(why(&inventory.vpc_endpoints).reason, Reason::Failed { .. }));
}

#[tokio::test]
async fn what_routes_lead_to_is_asked_for_and_no_more() {
    let api = FakeEc2::start(miniature()).await;
    let inventory = fetch(&api, &scope(), PATIENCE).await;
    assert_eq!(failures(&inventory), []);
    assert_eq!(ids(&inventory.nat_gateways, |gateway| gateway.id.to_string()), ["nat-1"]);
    assert_eq!(ids(&inventory.transit_gateways, |gateway| gateway.id.to_string()), ["tgw-1"]);
    let attachments = ids(&inventory.transit_gateway_attachments, |it| it.id.to_string());
    assert_eq!(attachments, ["tgw-attach-a", "tgw-attach-p"], "the other VPC's is no concern of ours");
    assert_eq!(ids(&inventory.transit_gateway_route_tables, |it| it.id.to_string()), ["tgw-rtb-a"]);
    let table = &inventory.transit_gateway_route_tables.known().unwrap()[0];
    assert_eq!(table.routes.known().unwrap().len(), 3);
    assert_eq!(api.requests("SearchTransitGatewayRoutes").len(), 1);
    for never in [why(&inventory.instances), why(&inventory.gateways)] {
        assert_eq!(never.reason, Reason::NotAsked);
    }
    assert!(
        api.requests("DescribeInstances").is_empty() && api.requests("DescribeInternetGateways").is_empty()
    );
}

#[tokio::test]
async fn where_no_route_leads_nobody_asks() {
    let mut records = miniature();
    for table in records["RouteTables"].as_array_mut().unwrap() {
        let leads_on = |route: &Value| route.get("TransitGatewayId").or(route.get("NatGatewayId")).is_some();
        table["Routes"].as_array_mut().unwrap().retain(|route| !leads_on(route));
    }
    let api = FakeEc2::start(records).await;
    let inventory = fetch(&api, &scope(), PATIENCE).await;
    assert_eq!(failures(&inventory), []);
    let unasked = [
        why(&inventory.nat_gateways),
        why(&inventory.transit_gateways),
        why(&inventory.transit_gateway_attachments),
        why(&inventory.transit_gateway_route_tables),
    ];
    assert!(unasked.iter().all(|why| why.reason == Reason::NotAsked), "{unasked:?}");
    let calls = inventory.calls.iter().filter(|call| call.action.contains("Gateway"));
    assert_eq!(calls.count(), 0);
}

#[tokio::test]
async fn attachments_without_their_subnets_are_attachments_all_the_same() {
    let api = FakeEc2::start(miniature()).await;
    api.misbehave("DescribeTransitGatewayVpcAttachments", denied());
    let inventory = fetch(&api, &scope(), PATIENCE).await;
    only_unknown(&inventory, "nothing");
    let attachment = &inventory.transit_gateway_attachments.known().unwrap()[0];
    assert_eq!(why(&attachment.subnets).missing, actions::TRANSIT_GATEWAY_VPC_ATTACHMENTS);
    assert!(matches!(why(&attachment.subnets).reason, Reason::Denied { .. }));
    assert!(attachment.association.is_known());
}

#[tokio::test]
async fn denied_attachments_leave_nothing_to_ask_tables_about() {
    let api = FakeEc2::start(miniature()).await;
    api.misbehave("DescribeTransitGatewayAttachments", denied());
    let inventory = fetch(&api, &scope(), PATIENCE).await;
    assert!(matches!(why(&inventory.transit_gateway_attachments).reason, Reason::Denied { .. }));
    assert_eq!(why(&inventory.transit_gateway_route_tables).reason, Reason::NotAsked);
    assert!(inventory.transit_gateways.is_known() && inventory.nat_gateways.is_known());
    assert!(api.requests("DescribeTransitGatewayRouteTables").is_empty());
}

#[tokio::test]
async fn denied_tables_and_gateways_leave_the_others_standing() {
    for action in ["DescribeTransitGatewayRouteTables", "DescribeTransitGateways", "DescribeNatGateways"] {
        let api = FakeEc2::start(miniature()).await;
        api.misbehave(action, denied());
        only_unknown(&fetch(&api, &scope(), PATIENCE).await, &format!("ec2:{action}"));
    }
}

async fn routes_when(fault: Option<Fault>, records: Value) -> Unknown {
    let api = FakeEc2::start(records).await;
    if let Some(fault) = fault {
        api.misbehave("SearchTransitGatewayRoutes", fault);
    }
    let inventory = fetch(&api, &scope(), PATIENCE).await;
    only_unknown(&inventory, "nothing");
    let table = &inventory.transit_gateway_route_tables.known().unwrap()[0];
    assert_eq!((table.id.as_str(), table.transit_gateway.as_str()), ("tgw-rtb-a", "tgw-1"));
    why(&table.routes).clone()
}

#[tokio::test]
async fn routes_that_could_not_be_had_are_unknown_in_their_table() {
    let unknown = routes_when(Some(denied()), miniature()).await;
    assert_eq!(unknown.missing, actions::TRANSIT_GATEWAY_ROUTES);
    assert!(matches!(unknown.reason, Reason::Denied { .. }));

    let unknown = routes_when(Some(Fault::Cropped), miniature()).await;
    assert_eq!(unknown.reason.describe(), "tgw-rtb-a has more routes than one search tells");

    let mut shared = miniature();
    shared["TransitGatewayRouteTables"] = json!([]);
    let unknown = routes_when(None, shared).await;
    assert_eq!(
        unknown.reason.describe(),
        "tgw-rtb-a is not described to this account, so another one owns it"
    );
}

#[tokio::test]
async fn routes_come_on_many_pages() {
    let mut records = miniature();
    records["TransitGatewayRoutes"]["tgw-rtb-a"] = (0..23)
        .map(|n| json!({"DestinationCidrBlock": format!("10.{n}.0.0/16"), "Type": "static", "State": "blackhole"}))
        .collect();
    let api = FakeEc2::with_pages(records, 5).await;
    let inventory = fetch(&api, &scope(), PATIENCE).await;
    let table = &inventory.transit_gateway_route_tables.known().unwrap()[0];
    assert_eq!(table.routes.known().unwrap().len(), 23);
}
