//! `vpce-doctor path`

use std::net::IpAddr;

use crate::{
    analyze::path::{self, End, Question},
    cli::{
        args::{PathArgs, PathFormat, PathProtocol},
        error::CliError,
        exit::Exit,
        output, wire,
    },
    model::{inventory::Inventory, net},
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
    let path = path::between(&inventory, &question)?;
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
