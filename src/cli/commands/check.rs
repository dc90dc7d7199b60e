//! `vpce-doctor check`

use std::path::Path;

use crate::{
    cli::{
        args::{CheckArgs, Format},
        error::CliError,
        exit::Exit,
        output, plan, wire,
    },
    model::{facts::Facts, report::Report},
    render::{human, json},
    rules,
    runtime::collect::collect,
};

pub(in crate::cli) fn run(args: &CheckArgs) -> Result<Exit, CliError> {
    let facts = match &args.replay {
        Some(path) => replay(path)?,
        None => look(args)?,
    };
    let report = rules::diagnose(facts);
    output::print(&render(&report, args.format))?;
    if let Some(path) = &args.record {
        output::write_file(path, &record(&report.facts))?;
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

fn record(facts: &Facts) -> String {
    // Facts have string keys and finite numbers only, so they always serialize.
    let mut text = serde_json::to_string_pretty(facts).unwrap_or_default();
    text.push('\n');
    text
}

fn replay(path: &Path) -> Result<Facts, CliError> {
    let text = output::read_file(path)?;
    let facts: Facts = serde_json::from_str(&text).map_err(|error| CliError::Recording {
        path: path.to_owned(),
        line: error.line(),
        column: error.column(),
        message: error.to_string(),
    })?;
    if facts.schema != Facts::SCHEMA {
        return Err(CliError::Recording {
            path: path.to_owned(),
            line: 1,
            column: 1,
            message: format!("its schema is {:?}, this version reads {:?}", facts.schema, Facts::SCHEMA),
        });
    }
    Ok(facts)
}

fn render(report: &Report, format: Format) -> String {
    match format {
        Format::Human => human::render(report, &output::styles()),
        Format::Json => json::render(report),
    }
}
