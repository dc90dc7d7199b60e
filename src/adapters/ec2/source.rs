//! The EC2 API as the command line wishes it: connected at the first question, because only then is it known
//! whether an instance's metadata service can supply credentials.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use tokio::{
    sync::OnceCell,
    time::{Instant, timeout_at},
};

use super::{ConnectError, ConnectOptions, Ec2Inventory, Identity, connect};
use crate::{
    model::{
        inventory::{ApiCall, Inventory, InventorySource as Origin},
        known::Reason,
    },
    ports::{InventorySource, Scope},
};

/// The `action` under which a failure to obtain credentials is reported.
const CREDENTIALS: &str = "AWS credentials";

pub struct Ec2Source {
    options: ConnectOptions,
    wish: Wish,
    connected: OnceCell<Ec2Inventory>,
}

/// How much the user wants the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// If there are credentials. Without them the run goes on with packets alone, and says so.
    IfCredentials,
    /// In any case: missing credentials are a failure to look.
    Required,
}

impl Ec2Source {
    pub fn new(options: ConnectOptions, wish: Wish) -> Self {
        Self { options, wish, connected: OnceCell::new() }
    }

    async fn look(&self, scope: &Scope, deadline: Duration) -> Inventory {
        let started = Instant::now();
        let end = started + deadline;
        let connecting = self.connected.get_or_try_init(|| connect(self.options_for(scope)));
        let failure = match timeout_at(end, connecting).await {
            Ok(Ok(inventory)) => return inventory.fetch(scope, end - Instant::now()).await,
            Ok(Err(error)) => self.failure(&error),
            Err(_) => Failure::Look(Reason::TimedOut),
        };
        match failure {
            Failure::Absent(why) => Inventory::none(why),
            Failure::Look(reason) => self.unread(scope, &reason, started.elapsed()),
        }
    }

    fn options_for(&self, scope: &Scope) -> ConnectOptions {
        ConnectOptions {
            imds_region: scope.region.clone(),
            identity: match &self.options.identity {
                Identity::Chain { .. } => Identity::Chain { imds: scope.metadata },
                keys @ Identity::Keys { .. } => keys.clone(),
            },
            ..self.options.clone()
        }
    }

    fn failure(&self, error: &ConnectError) -> Failure {
        let message = error.to_string();
        let code = match error {
            ConnectError::NoCredentials { .. } if self.wish == Wish::IfCredentials => {
                return Failure::Absent(message);
            }
            ConnectError::NoCredentials { .. } => "NoCredentials",
            ConnectError::Credentials { .. } => "CredentialsUnavailable",
            ConnectError::NoRegion => "NoRegion",
        };
        Failure::Look(Reason::Denied { code: code.to_owned(), message })
    }

    fn unread(&self, scope: &Scope, reason: &Reason, elapsed: Duration) -> Inventory {
        let region = self.options.region.clone().or_else(|| scope.region.clone()).unwrap_or_default();
        let mut inventory = Inventory::unknown(Origin::Ec2 { region }, reason);
        inventory.calls.push(ApiCall {
            action: CREDENTIALS.to_owned(),
            seconds: elapsed.into(),
            failure: Some(reason.clone()),
        });
        inventory
    }
}

enum Failure {
    /// Nothing was wanted that is missing.
    Absent(String),
    /// The API was wanted and could not be asked.
    Look(Reason),
}

impl InventorySource for Ec2Source {
    fn fetch<'a>(&'a self, scope: &'a Scope, deadline: Duration) -> BoxFuture<'a, Inventory> {
        self.look(scope, deadline).boxed()
    }
}
