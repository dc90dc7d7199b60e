//! Who we are to the API, where it is, and how patient we are with it.

use std::{fmt, time::Duration};

use aws_config::{
    BehaviorVersion, SdkConfig,
    ecs::EcsCredentialsProvider,
    environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider},
    imds::{self, credentials::ImdsCredentialsProvider},
    meta::{credentials::CredentialsProviderChain, region::RegionProviderChain},
    profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider},
    provider_config::ProviderConfig,
    retry::RetryConfig,
    sts::AssumeRoleProvider,
    timeout::TimeoutConfig,
    web_identity_token::WebIdentityTokenCredentialsProvider,
};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError},
};
use aws_sdk_ec2::{
    Client,
    config::{Region, SharedHttpClient},
};
use aws_smithy_http_client::{
    Builder, Connector,
    proxy::ProxyConfig,
    tls::{Provider, rustls_provider::CryptoMode},
};

use super::{
    Ec2Inventory,
    failure::{NobodyThere, sentence},
};

/// How the SDK behaves by default changes with this date; we take no change by surprise.
fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// What the caller knows. Everything else comes from the environment (`AWS_REGION`, `AWS_PROFILE`,
/// `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_EC2`, `HTTPS_PROXY`, …) and the files `~/.aws/config` and
/// `~/.aws/credentials`.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    /// Before environment and profile.
    pub region: Option<String>,
    /// The Region in which the metadata service says we run: after environment and profile.
    pub imds_region: Option<String>,
    /// Before environment and profile. Plain `http://` works.
    pub endpoint_url: Option<String>,
    /// The ARN of a role to take on before asking.
    pub assume_role: Option<String>,
    pub identity: Identity,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Identity {
    /// Environment, profile, web identity token, container, instance: the order of every SDK.
    Chain {
        /// Whether anybody answers at the instance metadata service. Asking where nobody does costs seconds.
        imds: bool,
    },
    /// These keys and no other.
    Keys { access_key_id: String, secret_access_key: String },
}

impl Default for Identity {
    fn default() -> Self {
        Self::Chain { imds: false }
    }
}

impl fmt::Debug for Identity {
    /// Without the secret: options end up in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chain { imds } => f.debug_struct("Chain").field("imds", imds).finish(),
            Self::Keys { access_key_id, .. } => {
                f.debug_struct("Keys").field("access_key_id", access_key_id).finish_non_exhaustive()
            }
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nothing to worry about on a host that was given none.
    #[error("no AWS credentials found in {searched}")]
    NoCredentials { searched: &'static str },

    /// Credentials are configured, and could not be had.
    #[error("AWS credentials could not be had: {message}")]
    Credentials { message: String },

    #[error("no AWS Region found in AWS_REGION, the profile or the instance metadata")]
    NoRegion,
}

/// Finds credentials and a Region. No EC2 call is made yet, but finding credentials may ask STS, a container's
/// agent or the metadata service.
pub async fn connect(options: ConnectOptions) -> Result<Ec2Inventory, ConnectError> {
    let region = region(&options).await;
    let identity = identity(&options.identity, region.clone());
    proved(&identity, &options.identity).await?;
    let region = region.ok_or(ConnectError::NoRegion)?;

    let base = settings(region.clone(), identity).await;
    let config = match options.assume_role {
        None => base,
        Some(role) => {
            let role = AssumeRoleProvider::builder(role).session_name("vpce-doctor").configure(&base);
            let role = SharedCredentialsProvider::new(role.build().await);
            proved(&role, &options.identity).await?;
            base.into_builder().credentials_provider(role).build()
        }
    };
    let mut ec2 = aws_sdk_ec2::config::Builder::from(&config).retry_classifier(NobodyThere);
    if options.endpoint_url.is_some() {
        ec2.set_endpoint_url(options.endpoint_url);
    }
    Ok(Ec2Inventory { client: Client::from_conf(ec2.build()), region: region.to_string() })
}

async fn region(options: &ConnectOptions) -> Option<Region> {
    RegionProviderChain::first_try(options.region.clone().map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new())
        .or_else(options.imds_region.clone().map(Region::new))
        .region()
        .await
}

fn identity(identity: &Identity, region: Option<Region>) -> SharedCredentialsProvider {
    let imds = match identity {
        Identity::Chain { imds } => *imds,
        Identity::Keys { access_key_id, secret_access_key } => {
            return SharedCredentialsProvider::new(Credentials::new(
                access_key_id,
                secret_access_key,
                None,
                None,
                "given",
            ));
        }
    };
    let config = ProviderConfig::without_region().with_region(region).with_behavior_version(Some(behavior()));
    let far = config.clone().with_http_client(http_client(ProxyConfig::from_env()));
    // A proxy is no way to the link-local addresses of the metadata services.
    let near = config.with_http_client(http_client(ProxyConfig::disabled()));
    let chain =
        CredentialsProviderChain::first_try("environment", EnvironmentVariableCredentialsProvider::new())
            .or_else("profile", ProfileFileCredentialsProvider::builder().configure(&far).build())
            .or_else("web identity", WebIdentityTokenCredentialsProvider::builder().configure(&far).build())
            .or_else("container", EcsCredentialsProvider::builder().configure(&near).build());
    if !imds {
        return SharedCredentialsProvider::new(chain);
    }
    let metadata = imds::Client::builder().configure(&near).max_attempts(2).build();
    let instance = ImdsCredentialsProvider::builder().configure(&near).imds_client(metadata).build();
    SharedCredentialsProvider::new(chain.or_else("instance", instance))
}

/// Long enough for a token exchange through a slow proxy, short enough for a person who waits.
const CREDENTIALS_WITHIN: Duration = Duration::from_secs(10);

/// Asks for credentials once, so that their absence is an outcome of its own and not of every call.
async fn proved(provider: &SharedCredentialsProvider, identity: &Identity) -> Result<(), ConnectError> {
    let searched = match identity {
        Identity::Chain { imds: true } => "environment, profile, web identity token, container and instance",
        _ => "environment, profile, web identity token and container",
    };
    match tokio::time::timeout(CREDENTIALS_WITHIN, provider.provide_credentials()).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(CredentialsError::CredentialsNotLoaded(_))) => Err(ConnectError::NoCredentials { searched }),
        Ok(Err(error)) => Err(ConnectError::Credentials { message: sentence(&error) }),
        Err(_) => {
            let message = format!("no answer within {} s", CREDENTIALS_WITHIN.as_secs());
            Err(ConnectError::Credentials { message })
        }
    }
}

async fn settings(region: Region, credentials: SharedCredentialsProvider) -> SdkConfig {
    aws_config::defaults(behavior())
        .http_client(http_client(ProxyConfig::from_env()))
        .region(region)
        .credentials_provider(credentials)
        // Throttling is the rule in a busy account. The deadline of a fetch cuts the last waits short.
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(6)
                .with_initial_backoff(Duration::from_millis(300))
                .with_max_backoff(Duration::from_secs(5)),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(3))
                .operation_attempt_timeout(Duration::from_secs(10))
                .build(),
        )
        .load()
        .await
}

fn http_client(proxy: ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder().proxy_config(proxy.clone());
        if let Some(settings) = settings {
            connector = connector.connector_settings(settings.clone());
        }
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector.tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
    })
}
