//! `vpce-doctor check`

use crate::{
    analyze::changes,
    cli::{
        args::{CheckArgs, Format},
        error::CliError,
        exit::Exit,
        output, plan, recording, wire,
    },
    model::{facts::Facts, report::Report},
    render::{human, json, ticket},
    rules,
    runtime::collect::collect,
};

pub(in crate::cli) fn run(args: &CheckArgs) -> Result<Exit, CliError> {
    // Before the minute that the packets may take: a file that is no recording is a mistake of now.
    let earlier = args.since.as_deref().map(recording::read).transpose()?;
    let facts = match &args.replay {
        Some(path) => recording::read(path)?,
        None => look(args)?,
    };
    let mut report = rules::diagnose(facts);
    if let Some(earlier) = &earlier {
        changes::since(earlier, &mut report);
    }
    output::print(&render(&report, args.format))?;
    if let Some(path) = &args.record {
        recording::write(path, &report.facts)?;
    }
    Ok(Exit::of(&report))
}

fn look(args: &CheckArgs) -> Result<Facts, CliError> {
    let plan = plan::of(&args.targets)?;
    let wired = wire::world(&plan, &args.inventory)?;
    let runtime = wire::runtime()?;
    let facts = runtime.block_on(collect(&wired.world, &plan.targets, wired.limits));
    // A resolver call of the C library that hangs must not keep the process from ending.
    runtime.shutdown_background();
    Ok(facts)
}

fn render(report: &Report, format: Format) -> String {
    match format {
        Format::Human => human::render(report, &output::styles()),
        Format::Json => json::render(report),
        Format::Ticket => ticket::render(report),
    }
}
