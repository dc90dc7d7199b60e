//! `vpce-doctor explain [CODE]`

use crate::{
    cli::{
        args::ExplainArgs,
        error::{CliError, Suggestion},
        exit::Exit,
        output,
    },
    render::explain,
    rules,
};

/// Nearer than this (1 is equal), a word was probably meant to be the code.
const NEAR: f64 = 0.8;

pub(in crate::cli) fn run(args: &ExplainArgs) -> Result<Exit, CliError> {
    let styles = output::styles();
    let text = match &args.code {
        None => explain::list(&styles),
        Some(code) => match rules::find(code) {
            Some(meta) => explain::one(meta, &styles),
            None => return Err(CliError::UnknownCode(code.clone(), Suggestion(nearest(code)))),
        },
    };
    output::print(&text)?;
    Ok(Exit::Healthy)
}

fn nearest(code: &str) -> Option<&'static str> {
    let distance = |known: &&str| strsim::jaro_winkler(code, known);
    let codes = rules::documented().map(|meta| meta.code);
    codes.max_by(|a, b| distance(a).total_cmp(&distance(b))).filter(|code| distance(code) > NEAR)
}
