//! The instance metadata service, version 2: who this instance is and where its interfaces stand.
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html>

use std::{error::Error, time::Duration};

use reqwest::{Client, RequestBuilder, StatusCode, redirect::Policy};
use tokio::time::{Instant, timeout_at};

use super::tls::distrustful_config;
use crate::model::{
    host::{InstanceInterface, InstanceMetadata},
    id::{AzId, InstanceId, NetworkInterfaceId, SecurityGroupId, SubnetId, VpcId},
    known::{Known, Reason, Unknown},
};

const ENDPOINT: &str = "http://169.254.169.254";
const SERVICE: &str = "the instance metadata service";

/// A link-local service answers within milliseconds; away from EC2 nobody should wait for it longer than this.
const CONNECT: Duration = Duration::from_millis(250);
const TOKEN: Duration = Duration::from_millis(500);

/// How the environment wants the service to be used.
#[derive(Clone, Debug, Default)]
pub struct ImdsOptions {
    /// `AWS_EC2_METADATA_DISABLED` is `true`.
    pub disabled: bool,
    /// `AWS_EC2_METADATA_SERVICE_ENDPOINT`
    pub endpoint: Option<String>,
}

/// Everything or the reason why not: half an identity would be taken for a whole one.
pub(crate) async fn read(options: &ImdsOptions, deadline: Instant) -> Known<InstanceMetadata> {
    if options.disabled {
        return Known::not_asked(format!("{SERVICE}, which AWS_EC2_METADATA_DISABLED switches off"));
    }
    match timeout_at(deadline, session_and_tree(options)).await {
        Ok(result) => result.map_err(|reason| Unknown::new(SERVICE, reason)).into(),
        Err(_) => Known::unknown(SERVICE, Reason::TimedOut),
    }
}

async fn session_and_tree(options: &ImdsOptions) -> Result<InstanceMetadata, Reason> {
    let session = Session::open(options).await?;
    Ok(InstanceMetadata {
        instance: session.value("instance-id").await?.map(InstanceId),
        region: session.value("placement/region").await?,
        az_id: session.value("placement/availability-zone-id").await?.map(AzId),
        interfaces: session.interfaces().await?,
    })
}

struct Session {
    client: Client,
    base: String,
    token: String,
}

impl Session {
    async fn open(options: &ImdsOptions) -> Result<Self, Reason> {
        let client = client().map_err(|error| unusable(&error))?;
        let endpoint = options.endpoint.as_deref().unwrap_or(ENDPOINT).trim_end_matches('/');
        let base = format!("{endpoint}/latest");
        let request = client
            .put(format!("{base}/api/token"))
            .header("X-aws-ec2-metadata-token-ttl-seconds", "60")
            .timeout(TOKEN);
        let token = token(request).await?;
        Ok(Self { client, base, token })
    }

    async fn interfaces(&self) -> Result<Vec<InstanceInterface>, Reason> {
        let mut interfaces = Vec::new();
        for mac in self.lines("network/interfaces/macs/").await? {
            interfaces.push(self.interface(mac.trim_end_matches('/')).await?);
        }
        Ok(interfaces)
    }

    async fn interface(&self, mac: &str) -> Result<InstanceInterface, Reason> {
        let of = |item: &str| format!("network/interfaces/macs/{mac}/{item}");
        let mut addresses = self.lines(&of("local-ipv4s")).await?;
        addresses.extend(self.lines(&of("ipv6s")).await?);
        Ok(InstanceInterface {
            eni: self.value(&of("interface-id")).await?.map(NetworkInterfaceId),
            subnet: self.value(&of("subnet-id")).await?.map(SubnetId),
            vpc: self.value(&of("vpc-id")).await?.map(VpcId),
            security_groups: self
                .lines(&of("security-group-ids"))
                .await?
                .into_iter()
                .map(SecurityGroupId)
                .collect(),
            addresses: addresses.iter().filter_map(|ip| ip.parse().ok()).collect(),
            vpc_cidr: self.value(&of("vpc-ipv4-cidr-block")).await?.and_then(|cidr| cidr.parse().ok()),
        })
    }

    async fn lines(&self, item: &str) -> Result<Vec<String>, Reason> {
        let text = self.value(item).await?.unwrap_or_default();
        Ok(text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect())
    }

    /// `None` where the instance has no such thing: the service then answers 404.
    async fn value(&self, item: &str) -> Result<Option<String>, Reason> {
        let request = self.client.get(format!("{}/meta-data/{item}", self.base));
        let response = request
            .header("X-aws-ec2-metadata-token", &self.token)
            .send()
            .await
            .map_err(|error| unusable(&error))?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::OK => {
                response.text().await.map(|text| Some(text.trim().to_owned())).map_err(|e| unusable(&e))
            }
            status => Err(refused(item, status)),
        }
    }
}

/// Never through a proxy: it would answer for its own host.
fn client() -> reqwest::Result<Client> {
    Client::builder()
        .tls_backend_preconfigured(distrustful_config())
        .no_proxy()
        .redirect(Policy::none())
        .connect_timeout(CONNECT)
        .build()
}

async fn token(request: RequestBuilder) -> Result<String, Reason> {
    let response = request.send().await.map_err(|error| without_token(&error))?;
    match response.status() {
        StatusCode::OK => response.text().await.map_err(|error| without_token(&error)),
        status => Err(refused("the token", status)),
    }
}

/// The answer to the token request carries the hop limit as its TTL, and dies on the way to a container when
/// that is 1. Everything else about the service then looks healthy.
fn without_token(error: &reqwest::Error) -> Reason {
    let message = if error.is_connect() && error.is_timeout() {
        "nothing answers at its address, so this is probably no EC2 instance".to_owned()
    } else if error.is_connect() {
        format!("nothing listens at its address: {}", innermost(error))
    } else if error.is_timeout() {
        let message = "it accepts connections, but its token does not arrive: the sign of a hop limit \
            (HttpPutResponseHopLimit) that is too low for a container";
        return Reason::Failed { message: message.to_owned() };
    } else {
        return unusable(error);
    };
    Reason::Unreachable { message }
}

fn refused(item: &str, status: StatusCode) -> Reason {
    if status == StatusCode::FORBIDDEN {
        let message = "the service is switched off for this instance, or the request came through a proxy";
        return Reason::Denied { code: "403 Forbidden".to_owned(), message: message.to_owned() };
    }
    Reason::Failed { message: format!("asked for {item}, the service answered {status}") }
}

fn unusable(error: &reqwest::Error) -> Reason {
    Reason::Failed { message: innermost(error) }
}

fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
