//! `vpce-doctor healthcheck`: for the `HEALTHCHECK` of an image that has neither shell nor curl.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::{
    cli::{args::HealthcheckArgs, error::CliError, exit::Exit, output, wire},
    config::{self, Plan},
    model::{
        observation::{AddressProbe, HttpOutcome},
        target::{Protocol, Target},
    },
    ports::Prober as _,
};

const ROUTE: &str = "/-/healthy";

/// Healthy or not: 0 or 3, since a container knows only these two.
pub(in crate::cli) fn run(args: &HealthcheckArgs) -> Result<Exit, CliError> {
    let (target, ip) = daemon(args)?;
    let runtime = wire::runtime()?;
    let row = runtime.block_on(wire::prober().probe(&target, ip, args.timeout));
    runtime.shutdown_background();
    if let Some(HttpOutcome::Answered { status: 200 }) = row.http.as_ref().map(|http| &http.outcome) {
        output::print("healthy\n")?;
        return Ok(Exit::Healthy);
    }
    output::remark(&format!("vpce-doctor: {}{} {}\n", target.name, target.http.path, complaint(&row)));
    Ok(Exit::Unknown)
}

fn complaint(row: &AddressProbe) -> String {
    match row.http.as_ref().map(|http| &http.outcome) {
        Some(HttpOutcome::Answered { status }) => format!("answered {status}"),
        Some(HttpOutcome::TimedOut) => "did not answer in time".to_owned(),
        Some(HttpOutcome::Failed { message }) => format!("failed: {message}"),
        Some(HttpOutcome::NotTried) | None => format!("cannot be reached: {}", row.tcp.outcome.as_str()),
    }
}

/// Where the daemon is, as something to probe.
fn daemon(args: &HealthcheckArgs) -> Result<(Target, IpAddr), CliError> {
    let wrong =
        |problem: String| CliError::HealthcheckUrl { url: args.url.clone().unwrap_or_default(), problem };
    let url = match &args.url {
        Some(url) => url.clone(),
        None => format!("http://{}", reachable(listening(args)?)),
    };
    let mut target = config::target::parse(&url).map_err(|error| wrong(error.problem.to_string()))?;
    if target.protocol != Protocol::Http {
        return Err(wrong("expected http://ADDRESS:PORT".to_owned()));
    }
    if target.http.path == "/" {
        ROUTE.clone_into(&mut target.http.path);
    }
    // A name would need a resolver; the daemon is on this host.
    let ip = match target.literal() {
        Some(ip) => ip,
        None if target.host == "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
        None => return Err(wrong("expected an address or localhost, found a name".to_owned())),
    };
    url.trim_end_matches('/').clone_into(&mut target.name);
    Ok((target, ip))
}

fn listening(args: &HealthcheckArgs) -> Result<SocketAddr, CliError> {
    if let Some(listen) = args.listen {
        return Ok(listen);
    }
    Ok(match &args.config {
        Some(path) => config::parse(&output::read_file(path)?, &path.display().to_string())?.listen,
        None => Plan::DEFAULT_LISTEN,
    })
}

/// One can listen on every address, but ask only at one.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use test_case::test_case;

    use super::*;

    fn args(url: Option<&str>, listen: Option<&str>) -> HealthcheckArgs {
        HealthcheckArgs {
            url: url.map(str::to_owned),
            config: None,
            listen: listen.map(|text| text.parse().unwrap()),
            timeout: Duration::from_secs(3),
        }
    }

    #[test_case(None, None => "http://127.0.0.1:10115/-/healthy"; "the default")]
    #[test_case(None, Some("0.0.0.0:9") => "http://127.0.0.1:9/-/healthy"; "every IPv4 address")]
    #[test_case(None, Some("[::]:9") => "http://[::1]:9/-/healthy"; "every address")]
    #[test_case(Some("http://localhost:9/"), None => "http://localhost:9/-/healthy"; "a name that needs no resolver")]
    #[test_case(Some("http://127.0.0.1:9/-/ready"), None => "http://127.0.0.1:9/-/ready"; "another route")]
    fn asks_at(url: Option<&str>, listen: Option<&str>) -> String {
        let (target, _) = daemon(&args(url, listen)).unwrap();
        format!("http://{}{}", target.authority(), target.http.path)
    }

    #[test_case("https://127.0.0.1:9" ; "TLS")]
    #[test_case("http://elsewhere.example:9" ; "a name")]
    fn refuses(url: &str) {
        assert!(matches!(daemon(&args(Some(url), None)), Err(CliError::HealthcheckUrl { .. })));
    }
}
