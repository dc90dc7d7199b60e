//! The reader of instance metadata against services in this process, present, absent and hindered.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};
use vpce_doctor::{
    adapters::{host::LocalHost, imds::ImdsOptions},
    model::{
        host::{Host, InstanceInterface, InstanceMetadata},
        known::{Known, Reason},
    },
    ports::HostReader,
};

const TOKEN: &str = "AQAEAexample==";
const MAC: &str = "network/interfaces/macs/0a:11:22:33:44:55";

/// What stands at the service's address.
enum Service {
    Healthy(BTreeMap<String, &'static str>),
    /// Answers everything with this status.
    Only(&'static str),
    /// Accepts and says nothing, as seen from behind a hop limit of 1.
    Mute,
}

async fn serve(service: Service) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = Arc::new(service);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, Arc::clone(&service)));
        }
    });
    address
}

async fn converse(mut stream: TcpStream, service: Arc<Service>) {
    let mut request = vec![0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut request).await {
        let Some((status, body)) = service.answer(str::from_utf8(&request[..length]).unwrap()) else {
            continue;
        };
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

impl Service {
    fn answer(&self, request: &str) -> Option<(&'static str, &str)> {
        let tree = match self {
            Self::Mute => return None,
            Self::Only(status) => return Some((status, "")),
            Self::Healthy(tree) => tree,
        };
        if request.starts_with("PUT /latest/api/token HTTP/1.1\r\n") {
            let asked_well = request.contains("x-aws-ec2-metadata-token-ttl-seconds: 60\r\n");
            return Some(if asked_well { ("200 OK", TOKEN) } else { ("400 Bad Request", "") });
        }
        if !request.contains(&format!("x-aws-ec2-metadata-token: {TOKEN}\r\n")) {
            return Some(("401 Unauthorized", ""));
        }
        let item = request.strip_prefix("GET /latest/meta-data/").and_then(|rest| rest.split(' ').next());
        Some(item.and_then(|item| tree.get(item)).map_or(("404 Not Found", ""), |value| ("200 OK", *value)))
    }
}

fn tree() -> BTreeMap<String, &'static str> {
    let of = |item: &str, value| (format!("{MAC}/{item}"), value);
    BTreeMap::from([
        ("instance-id".to_owned(), "i-0app"),
        ("placement/region".to_owned(), "us-west-2"),
        ("placement/availability-zone-id".to_owned(), "usw2-az1"),
        ("network/interfaces/macs/".to_owned(), "0a:11:22:33:44:55/\n"),
        of("interface-id", "eni-0c11"),
        of("subnet-id", "subnet-0a1"),
        of("vpc-id", "vpc-01"),
        of("vpc-ipv4-cidr-block", "10.0.0.0/16"),
        of("security-group-ids", "sg-0app\nsg-0ops"),
        of("local-ipv4s", "10.0.1.10\n10.0.1.11\n"),
    ])
}

async fn read(endpoint: String, region: Option<&str>) -> Host {
    let options = ImdsOptions { disabled: false, endpoint: Some(endpoint) };
    LocalHost::new(region.map(str::to_owned), options).read(Duration::from_secs(5)).await
}

async fn reason(service: Service) -> Reason {
    match read(format!("http://{}", serve(service).await), None).await.metadata {
        Known::Unknown(why) => why.reason,
        Known::Known(metadata) => panic!("expected no metadata, got {metadata:?}"),
    }
}

#[tokio::test]
async fn a_healthy_service_tells_where_the_interfaces_stand() {
    // A slash at the end of the endpoint is how some write it.
    let endpoint = format!("http://{}/", serve(Service::Healthy(tree())).await);
    let host = read(endpoint.clone(), None).await;
    assert_eq!(host.region.as_deref(), Some("us-west-2"));
    let expected = InstanceMetadata {
        instance: Some("i-0app".into()),
        region: Some("us-west-2".to_owned()),
        az_id: Some("usw2-az1".into()),
        interfaces: vec![InstanceInterface {
            eni: Some("eni-0c11".into()),
            subnet: Some("subnet-0a1".into()),
            vpc: Some("vpc-01".into()),
            vpc_cidr: Some("10.0.0.0/16".parse().unwrap()),
            security_groups: vec!["sg-0app".into(), "sg-0ops".into()],
            addresses: vec!["10.0.1.10".parse().unwrap(), "10.0.1.11".parse().unwrap()],
        }],
    };
    assert_eq!(host.metadata, Known::Known(expected));
    assert_eq!(read(endpoint, Some("eu-west-1")).await.region.as_deref(), Some("eu-west-1"));
}

#[tokio::test]
async fn a_token_that_never_arrives_points_at_the_hop_limit() {
    let started = Instant::now();
    let Reason::Failed { message } = reason(Service::Mute).await else {
        panic!("not told apart from absence")
    };
    assert!(message.contains("HttpPutResponseHopLimit"), "{message}");
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_service_that_is_switched_off_denies() {
    let reason = reason(Service::Only("403 Forbidden")).await;
    assert!(matches!(&reason, Reason::Denied { code, .. } if code == "403 Forbidden"), "{reason:?}");
}

#[tokio::test]
async fn another_server_at_that_address_is_no_metadata() {
    let reason = reason(Service::Only("405 Method Not Allowed")).await;
    assert_eq!(reason.describe(), "asked for the token, the service answered 405 Method Not Allowed");
}

#[tokio::test]
async fn absence_is_told_as_such() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let Known::Unknown(why) = read(format!("http://{closed}"), None).await.metadata else {
        panic!("present?")
    };
    let Reason::Unreachable { message } = why.reason else { panic!("{why:?}") };
    assert!(message.starts_with("nothing listens"), "{message}");
}

#[tokio::test]
async fn an_endpoint_that_is_no_url_is_an_unusable_answer() {
    assert!(!read("not a url".to_owned(), None).await.metadata.is_known());
}
