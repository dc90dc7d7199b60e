//! F4, a miniature VPC on this machine's loopback, broken in as many ways as it has vendors.
//!
//! ```text
//! story    what is built for each target, and what the diagnosis must say of it
//! world    the configuration of the VPC, made from the story
//! servers  DNS, TLS and TCP on loopback addresses, made from the story
//! wire     the adapters that production uses, turned to these servers
//! ```
//! Only addresses, ports and trust differ from production: names are resolved, packets sent and causes found
//! by the same code.

mod error;
mod servers;
mod story;
mod wire;
mod world;

use crate::{model::report::Report, rules, runtime::collect::collect};

pub use error::DemoError;

use servers::Servers;
use story::Story;

/// What came of it.
pub struct Performance {
    pub report: Report,
    pub retold: Retold,
}

/// Each diagnosis held against the story.
pub struct Retold {
    pub targets: usize,
    /// One sentence for each target that came out differently.
    pub differences: Vec<String>,
}

/// How many sets of ports are tried when other programs hold some: a local vector database is likely enough.
const ATTEMPTS: u16 = 16;

/// Raises the servers, looks, judges, and compares. Takes about as long as one probe that nobody answers.
pub async fn play() -> Result<Performance, DemoError> {
    let (story, servers) = raise().await?;
    let world = wire::world(&story, &servers);
    let targets = story.targets(servers.authority());
    let report = rules::diagnose(collect(&world, &targets, wire::LIMITS).await);
    let retold = retell(&story, &report);
    Ok(Performance { report, retold })
}

/// Introduces the demo to whoever started it.
pub fn introduction() -> String {
    let targets = Story::new(0).chapters.len();
    format!(
        "A miniature VPC on this machine's loopback (127.0.0.0/16): {targets} connections to made-up vendors, one of\n\
         them healthy, the others each broken in another way. Servers, packets and certificates are real, and the\n\
         causes are found by the code behind `vpce-doctor check`, from packets and configuration alone. About {} s.\n\n",
        story::TIMEOUT.as_secs(),
    )
}

async fn raise() -> Result<(Story, Servers), DemoError> {
    let mut shift = 0;
    loop {
        let story = Story::new(shift);
        match Servers::raise(&story).await {
            Ok(servers) => return Ok((story, servers)),
            Err(error) if error.is_in_use() && shift + 1 < ATTEMPTS => shift += 1,
            Err(error) => return Err(error),
        }
    }
}

fn retell(story: &Story, report: &Report) -> Retold {
    let pairs = story.chapters.iter().zip(&report.targets);
    Retold {
        targets: story.chapters.len(),
        differences: pairs.filter_map(|(chapter, came)| chapter.difference(came)).collect(),
    }
}
