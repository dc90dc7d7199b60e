//! `vpce-doctor demo`

use crate::{
    cli::{
        args::{DemoArgs, Format},
        error::CliError,
        exit::Exit,
        output, wire,
    },
    demo::{self, Performance, Retold},
    render::{human, json, ticket},
};

pub(in crate::cli) fn run(args: &DemoArgs) -> Result<Exit, CliError> {
    if args.format == Format::Human {
        output::print(&demo::introduction())?;
    }
    let Performance { report, retold } = wire::runtime()?.block_on(demo::play())?;
    match args.format {
        Format::Human => {
            output::print(&human::render(&report, &output::styles()))?;
            output::print(&compared(&retold))?;
        }
        Format::Json => {
            output::print(&json::render(&report))?;
            output::remark(&compared(&retold));
        }
        Format::Ticket => {
            output::print(&ticket::render(&report))?;
            output::remark(&compared(&retold));
        }
    }
    Ok(if retold.differences.is_empty() { Exit::Healthy } else { Exit::Failing })
}

fn compared(Retold { targets, differences }: &Retold) -> String {
    let as_told = targets - differences.len();
    let lines = differences.iter().map(|difference| format!("demo: {difference}\n"));
    lines.chain([format!("demo: {as_told} of {targets} diagnoses came out as told\n")]).collect()
}
