//! An EC2 API on loopback that answers with the records it was given, and misbehaves on request.
//!
//! The records are AWS CLI JSON, translated into the XML of EC2's query protocol, so that one description
//! of a VPC can be read both ways. Filters and pages are real; whatever the API would refuse, the fake
//! refuses too, so that a wrong request fails a test.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    sync::{Arc, Mutex},
};

use serde_json::{Map, Value};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

pub(crate) struct FakeEc2 {
    pub(crate) url: String,
    state: Arc<State>,
    task: JoinHandle<()>,
}

struct State {
    records: Value,
    page_size: usize,
    faults: Mutex<HashMap<String, Fault>>,
    requests: Mutex<Vec<Request>>,
}

/// What an action does instead of answering.
#[derive(Clone)]
pub(crate) enum Fault {
    /// An EC2 error, for this many requests.
    Error {
        status: u16,
        code: &'static str,
        message: &'static str,
        times: usize,
    },
    /// Something between us and EC2 that speaks HTML.
    Html {
        status: u16,
    },
    /// The connection closes in the middle of the answer.
    Cut,
    Hang,
    /// Every page names the same page as the next.
    Circle,
    /// There is more than the answer tells.
    Cropped,
}

/// Query parameters by name, `Filter.1.Name` and so on, and the `Action` among them.
pub(crate) type Request = BTreeMap<String, String>;

/// The action, the key of its list in CLI JSON, the list's name in XML, the API's largest page.
const ACTIONS: [(&str, &str, &str, usize); 15] = [
    ("DescribeVpcs", "Vpcs", "vpcSet", 1000),
    ("DescribeSubnets", "Subnets", "subnetSet", 1000),
    ("DescribeNetworkInterfaces", "NetworkInterfaces", "networkInterfaceSet", 1000),
    ("DescribeSecurityGroups", "SecurityGroups", "securityGroupInfo", 1000),
    ("DescribeNetworkAcls", "NetworkAcls", "networkAclSet", 1000),
    ("DescribeRouteTables", "RouteTables", "routeTableSet", 100),
    ("DescribeVpcEndpoints", "VpcEndpoints", "vpcEndpointSet", 1000),
    ("DescribeVpcPeeringConnections", "VpcPeeringConnections", "vpcPeeringConnectionSet", 1000),
    ("DescribeDhcpOptions", "DhcpOptions", "dhcpOptionsSet", 1000),
    ("DescribeNatGateways", "NatGateways", "natGatewaySet", 1000),
    ("DescribeTransitGateways", "TransitGateways", "transitGatewaySet", 1000),
    ("DescribeTransitGatewayAttachments", "TransitGatewayAttachments", "transitGatewayAttachments", 1000),
    (
        "DescribeTransitGatewayVpcAttachments",
        "TransitGatewayVpcAttachments",
        "transitGatewayVpcAttachments",
        1000,
    ),
    ("DescribeTransitGatewayRouteTables", "TransitGatewayRouteTables", "transitGatewayRouteTables", 1000),
    ("DescribeVpcEndpointServices", "ServiceDetails", "serviceDetailSet", 1000),
];

/// Where XML names a field otherwise than the CLI does.
const NAMES: [(&str, &str); 21] = [
    ("Associations", "associationSet"),
    ("AvailabilityZoneIds", "availabilityZoneIdSet"),
    ("AvailabilityZones", "availabilityZoneSet"),
    ("BaseEndpointDnsNames", "baseEndpointDnsNameSet"),
    ("DhcpConfigurations", "dhcpConfigurationSet"),
    ("DnsEntries", "dnsEntrySet"),
    ("Entries", "entrySet"),
    ("Groups", "groupSet"),
    ("Ipv4Prefixes", "ipv4PrefixSet"),
    ("Ipv6Addresses", "ipv6AddressesSet"),
    ("Ipv6Prefixes", "ipv6PrefixSet"),
    ("NatGatewayAddresses", "natGatewayAddressSet"),
    ("NetworkInterfaceIds", "networkInterfaceIdSet"),
    ("PrivateDnsNames", "privateDnsNameSet"),
    ("PrivateIpAddresses", "privateIpAddressesSet"),
    ("RouteTableIds", "routeTableIdSet"),
    ("Routes", "routeSet"),
    ("SubnetIds", "subnetIdSet"),
    ("Tags", "tagSet"),
    ("UserIdGroupPairs", "groups"),
    ("Values", "valueSet"),
];

impl FakeEc2 {
    /// `records` is CLI JSON, every list under its key; besides, `Attributes` (by VPC: `{"EnableDnsSupport":
    /// true}`), `Entries` (by prefix list: a list of CIDRs) and `TransitGatewayRoutes` (by route table).
    pub(crate) async fn start(records: Value) -> Self {
        Self::with_pages(records, usize::MAX).await
    }

    pub(crate) async fn with_pages(records: Value, page_size: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state =
            Arc::new(State { records, page_size, faults: Mutex::default(), requests: Mutex::default() });
        let task = tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { url, state, task }
    }

    pub(crate) fn misbehave(&self, action: &str, fault: Fault) {
        self.state.faults.lock().unwrap().insert(action.to_owned(), fault);
    }

    pub(crate) fn requests(&self, action: &str) -> Vec<Request> {
        let all = self.state.requests.lock().unwrap();
        all.iter().filter(|request| request["Action"] == action).cloned().collect()
    }
}

impl Drop for FakeEc2 {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let state = Arc::clone(&state);
        connections.spawn(async move { serve(stream, &state).await });
    }
}

/// Requests of one connection, one after the other. `None` when it ends.
async fn serve(stream: TcpStream, state: &State) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let request = parameters(std::str::from_utf8(&body).unwrap());
        state.requests.lock().unwrap().push(request.clone());
        let (status, kind, answer) = match fault(state, &request["Action"]) {
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Cut) => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n<Descr").await.ok()?;
                return None;
            }
            Some(Fault::Html { status }) => (status, "text/html", "<!doctype html><p>Not today.".to_owned()),
            Some(Fault::Error { status, code, message, .. }) if request["Action"] == "AssumeRole" => {
                (status, "text/xml", sts_error(code, message))
            }
            Some(Fault::Error { status, code, message, .. }) => (status, "text/xml", error(code, message)),
            Some(Fault::Circle | Fault::Cropped) | None => match answer(state, &request) {
                Ok(xml) => (200, "text/xml", xml),
                Err((code, message)) => (400, "text/xml", error(code, &message)),
            },
        };
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        stream.write_all(head.as_bytes()).await.ok()?;
        stream.write_all(answer.as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
    }
}

fn fault(state: &State, action: &str) -> Option<Fault> {
    let mut faults = state.faults.lock().unwrap();
    let fault = faults.get_mut(action)?;
    if let Fault::Error { times, .. } = fault {
        *times = times.checked_sub(1)?;
    }
    Some(fault.clone())
}

fn parameters(body: &str) -> Request {
    body.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let hex = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap()
}

fn error(code: &str, message: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error>\
         </Errors><RequestID>r</RequestID></Response>"
    )
}

fn sts_error(code: &str, message: &str) -> String {
    format!("<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>")
}

type Refusal = (&'static str, String);

fn answer(state: &State, request: &Request) -> Result<String, Refusal> {
    let action = request["Action"].as_str();
    let (content, root) = match action {
        "DescribeVpcAttribute" => (attribute(state, request), action),
        "GetManagedPrefixListEntries" => (entries(state, request)?, action),
        "SearchTransitGatewayRoutes" => (routes(state, request)?, action),
        "AssumeRole" => (assumed(), action),
        _ => (list(state, request)?, action),
    };
    Ok(format!("<?xml version=\"1.0\"?><{root}Response xmlns=\"x\">{content}</{root}Response>"))
}

fn attribute(state: &State, request: &Request) -> String {
    let (vpc, name) = (&request["VpcId"], &request["Attribute"]);
    let key = name[..1].to_uppercase() + &name[1..];
    let value = state.records["Attributes"][vpc][&key].as_bool().unwrap_or(false);
    format!("<vpcId>{vpc}</vpcId><{name}><value>{value}</value></{name}>")
}

fn entries(state: &State, request: &Request) -> Result<String, Refusal> {
    let id = &request["PrefixListId"];
    let Some(cidrs) = state.records["Entries"][id].as_array() else {
        return Err(("InvalidPrefixListID.NotFound", format!("no list {id}")));
    };
    let entries: Vec<Value> = cidrs.iter().map(|cidr| serde_json::json!({ "Cidr": cidr })).collect();
    page(state, request, &entries.iter().collect::<Vec<_>>(), "entrySet", 100)
}

fn routes(state: &State, request: &Request) -> Result<String, Refusal> {
    let id = &request["TransitGatewayRouteTableId"];
    let Some(routes) = state.records["TransitGatewayRoutes"][id].as_array() else {
        return Err(("InvalidRouteTableID.NotFound", format!("no table {id}")));
    };
    let filters = filters(request);
    if filters.is_empty() {
        return Err(("MissingParameter", "The request must contain the parameter Filters".to_owned()));
    }
    let found = |route: &&Value| filters.iter().all(|(name, values)| matches(route, name, values));
    let page = page(state, request, &routes.iter().filter(found).collect::<Vec<_>>(), "routeSet", 1000)?;
    let is_cropped = matches!(fault(state, &request["Action"]), Some(Fault::Cropped));
    let more = is_cropped || page.contains("<nextToken>");
    Ok(format!("{page}<additionalRoutesAvailable>{more}</additionalRoutesAvailable>"))
}

fn list(state: &State, request: &Request) -> Result<String, Refusal> {
    let known = ACTIONS.iter().find(|(action, ..)| *action == request["Action"]);
    let (_, key, set, largest) = known.unwrap_or_else(|| panic!("no such action: {request:?}"));
    let all: Vec<&Value> = state.records[*key].as_array().into_iter().flatten().collect();
    let filters = filters(request);
    let mut found: Vec<&Value> = all
        .into_iter()
        .filter(|record| filters.iter().all(|(name, values)| matches(record, name, values)))
        .collect();
    let names: Vec<&String> =
        request.iter().filter(|(name, _)| name.starts_with("ServiceName.")).map(|(_, value)| value).collect();
    for name in &names {
        if !found.iter().any(|service| service["ServiceName"] == ***name) {
            return Err(("InvalidServiceName", format!("The Vpc Endpoint Service '{name}' does not exist")));
        }
    }
    found.retain(|service| names.is_empty() || names.iter().any(|name| service["ServiceName"] == ***name));
    page(state, request, &found, set, *largest)
}

fn filters(request: &Request) -> Vec<(String, Vec<String>)> {
    (1..)
        .map_while(|n| request.get(&format!("Filter.{n}.Name")).map(|name| (n, name)))
        .map(|(n, name)| {
            let values =
                (1..).map_while(|m| request.get(&format!("Filter.{n}.Value.{m}")).cloned()).collect();
            (name.clone(), values)
        })
        .collect()
}

/// Any of the values, at the place in the record that the filter names.
fn matches(record: &Value, filter: &str, values: &[String]) -> bool {
    let pointer = match filter {
        "vpc-id" => "/VpcId",
        "group-id" => "/GroupId",
        "vpc-endpoint-id" => "/VpcEndpointId",
        "dhcp-options-id" => "/DhcpOptionsId",
        "requester-vpc-info.vpc-id" => "/RequesterVpcInfo/VpcId",
        "transit-gateway-id" => "/TransitGatewayId",
        "transit-gateway-route-table-id" => "/TransitGatewayRouteTableId",
        "resource-id" => "/ResourceId",
        "state" => "/State",
        "accepter-vpc-info.vpc-id" => "/AccepterVpcInfo/VpcId",
        "addresses.private-ip-address" => {
            return holds(record, "PrivateIpAddresses", "PrivateIpAddress", values);
        }
        "ipv6-addresses.ipv6-address" => return holds(record, "Ipv6Addresses", "Ipv6Address", values),
        other => panic!("the fake knows no filter {other}"),
    };
    record.pointer(pointer).and_then(Value::as_str).is_some_and(|at| values.iter().any(|value| value == at))
}

fn holds(record: &Value, list: &str, field: &str, values: &[String]) -> bool {
    let addresses = record[list].as_array().into_iter().flatten();
    addresses.filter_map(|it| it[field].as_str()).any(|at| values.iter().any(|value| value == at))
}

fn page(
    state: &State,
    request: &Request,
    found: &[&Value],
    set: &str,
    largest: usize,
) -> Result<String, Refusal> {
    let asked = request.get("MaxResults").map_or(largest, |text| text.parse().unwrap());
    if !(5..=largest).contains(&asked) {
        return Err(("InvalidParameterValue", format!("MaxResults must be between 5 and {largest}")));
    }
    let size = asked.min(state.page_size);
    let start: usize = request.get("NextToken").map_or(0, |token| token.parse().unwrap());
    let mut xml = String::new();
    for record in found.iter().skip(start).take(size) {
        element(&mut xml, "item", record);
    }
    let circle = matches!(state.faults.lock().unwrap().get(&request["Action"]), Some(Fault::Circle));
    let next = match found.len() > start.saturating_add(size) || circle {
        true if circle => "<nextToken>0</nextToken>".to_owned(),
        true => format!("<nextToken>{}</nextToken>", start + size),
        false => String::new(),
    };
    Ok(format!("<{set}>{xml}</{set}>{next}"))
}

fn element(xml: &mut String, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            write!(xml, "<{name}>").unwrap();
            for (field, value) in fields {
                element(xml, &xml_name(field, fields), value);
            }
            write!(xml, "</{name}>").unwrap();
        }
        Value::Array(items) => {
            write!(xml, "<{name}>").unwrap();
            for item in items {
                element(xml, "item", item);
            }
            write!(xml, "</{name}>").unwrap();
        }
        Value::String(text) => {
            let text = text.replace('&', "&amp;").replace('<', "&lt;");
            write!(xml, "<{name}>{text}</{name}>").unwrap();
        }
        scalar => write!(xml, "<{name}>{scalar}</{name}>").unwrap(),
    }
}

fn xml_name(field: &str, record: &Map<String, Value>) -> String {
    if field == "IsDefault" && record.contains_key("NetworkAclId") {
        return "default".to_owned();
    }
    if field == "SubnetIds" && record.contains_key("TransitGatewayAttachmentId") {
        return "subnetIds".to_owned();
    }
    match NAMES.iter().find(|(json, _)| *json == field) {
        Some((_, xml)) => (*xml).to_owned(),
        None => field[..1].to_lowercase() + &field[1..],
    }
}

fn assumed() -> String {
    "<AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
     <SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>"
        .to_owned()
}
