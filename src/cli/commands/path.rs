//! `vpce-doctor path`

use std::net::IpAddr;

use crate::{
    analyze::path::{self, End, EndError, Question},
    cli::{
        args::{PathArgs, PathFormat, PathProtocol},
        error::CliError,
        exit::Exit,
        output, wire,
    },
    model::{id::InstanceId, inventory::Inventory, net},
    ports::Scope,
    render::path::{human, json},
    rules,
};

pub(in crate::cli) fn run(args: &PathArgs) -> Result<Exit, CliError> {
    let question = Question {
        from: args.from.clone(),
        to: args.to.clone(),
        protocol: match args.protocol {
            PathProtocol::Tcp => net::TCP,
            PathProtocol::Udp => net::UDP,
        },
        port: args.port,
        source_port: args.source_port,
    };
    let inventory = read(args)?;
    let path = path::between(&inventory, &question)
        .map_err(|error| CliError::End { near: nearest(&inventory, &error), error: Box::new(error) })?;
    let report = rules::explain_path(&inventory, &question, &path);
    output::print(&match args.format {
        PathFormat::Human => human::render(&report, &output::styles()),
        PathFormat::Json => json::render(&report),
    })?;
    Ok(Exit::of_path(&report.verdict))
}

fn read(args: &PathArgs) -> Result<Inventory, CliError> {
    let source = wire::path_inventory(&args.inventory)?;
    let address =
        |end: &End| -> Vec<IpAddr> { if let End::Address(ip) = end { vec![*ip] } else { Vec::new() } };
    let endpoint = |end: &End| if let End::Endpoint(id) = end { vec![id.clone()] } else { Vec::new() };
    let scope = Scope {
        sources: address(&args.from),
        destinations: address(&args.to),
        endpoints: endpoint(&args.to),
        region: args.inventory.region.clone(),
        ..Scope::default()
    };
    Ok(wire::runtime()?.block_on(source.fetch(&scope, args.inventory.api_timeout)))
}

/// Nearer than this (1 is equal), an id was probably meant to be another.
const NEAR: f64 = 0.9;

/// The id in the inventory that a missing one resembles most.
fn nearest(inventory: &Inventory, error: &EndError) -> Option<String> {
    let EndError::NotFound { end } = error else { return None };
    let interfaces = || inventory.network_interfaces.known().into_iter().flatten();
    let known: Vec<&str> = match end {
        End::Interface(_) => interfaces().map(|eni| eni.id.as_str()).collect(),
        End::Instance(_) => {
            interfaces().filter_map(|eni| eni.instance.as_ref()).map(InstanceId::as_str).collect()
        }
        End::Endpoint(_) => inventory
            .vpc_endpoints
            .known()
            .into_iter()
            .flatten()
            .map(|endpoint| endpoint.id.as_str())
            .collect(),
        End::Address(_) => Vec::new(),
    };
    let asked = end.to_string();
    let similarity = |id: &&str| strsim::jaro_winkler(&asked, id);
    let best = known.into_iter().max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    best.filter(|id| similarity(id) > NEAR).map(str::to_owned)
}
