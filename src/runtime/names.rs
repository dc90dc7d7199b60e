//! Further names of which servers are asked, and what they said.

use std::net::SocketAddr;

use tokio::time::Instant;

use crate::model::{
    name::{LookupOutcome, NamedAnswers, ServerAnswer, ServerRole},
    time::Seconds,
};

#[derive(Default)]
pub(super) struct Names {
    all: Vec<NamedAnswers>,
    asked: Vec<(SocketAddr, ServerRole, Instant)>,
}

impl Names {
    pub(super) fn new(names: Vec<String>) -> Self {
        let all = names.into_iter().map(|name| NamedAnswers { name, servers: Vec::new() }).collect();
        Self { all, asked: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn first(&self) -> Option<&str> {
        self.all.first().map(|one| one.name.as_str())
    }

    pub(super) fn is_asked(&self) -> bool {
        !self.asked.is_empty()
    }

    /// What this server is to be asked, each with its place.
    pub(super) fn ask(&mut self, server: SocketAddr, role: ServerRole) -> Vec<(usize, String)> {
        self.asked.push((server, role, Instant::now()));
        self.all.iter().enumerate().map(|(place, one)| (place, one.name.clone())).collect()
    }

    pub(super) fn answered(&mut self, place: usize, answer: ServerAnswer) {
        if let Some(one) = self.all.get_mut(place) {
            one.servers.push(answer);
        }
    }

    pub(super) fn is_pending(&self) -> bool {
        self.all.iter().any(|one| one.servers.len() < self.asked.len())
    }

    /// Every name that was asked, with every server in the order asked; who has not answered was not awaited.
    pub(super) fn finish(self) -> Vec<NamedAnswers> {
        let Self { all, asked } = self;
        if asked.is_empty() {
            return Vec::new();
        }
        let complete = |one: NamedAnswers| {
            let answer = |(server, role, since): &(SocketAddr, ServerRole, Instant)| {
                let given = one.servers.iter().find(|answer| answer.server == *server);
                given.cloned().unwrap_or_else(|| not_awaited(*server, *role, *since))
            };
            NamedAnswers { servers: asked.iter().map(answer).collect(), name: one.name }
        };
        all.into_iter().map(complete).collect()
    }
}

pub(super) fn not_awaited(server: SocketAddr, role: ServerRole, since: Instant) -> ServerAnswer {
    let waited: Seconds = since.elapsed().into();
    let lookup = || LookupOutcome::NotAwaited.after(waited);
    ServerAnswer { server, role, a: lookup(), aaaa: lookup() }
}
