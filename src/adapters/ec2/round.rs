//! One fetch: its deadline, its calls, and the inventory that grows from their answers.

use std::{
    collections::BTreeSet,
    error::Error,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_sdk_ec2::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::Filter,
};
use tokio::{sync::Semaphore, time::Instant};

use super::{
    super::wire::{Draft, Record},
    failure::{Watch, reason},
};
use crate::model::{
    id::{PrefixListId, VpcId},
    inventory::{ApiCall, Inventory, InventorySource},
    known::Reason,
    time::Seconds,
};

/// Requests in flight at once. EC2 grants an account 100 at a burst and 20 a second for each action.
const AT_ONCE: usize = 8;
/// Records of one list. Beyond, the list counts as unknown: a part of it would be taken for the whole.
const AT_MOST: usize = 20_000;

pub(super) struct Round<'a> {
    pub(super) client: &'a Client,
    started: Instant,
    deadline: Duration,
    permits: Semaphore,
    draft: Mutex<Draft>,
    /// In the order begun. The seconds of a call that has not ended stay zero.
    calls: Mutex<Vec<ApiCall>>,
    /// Lists asked for: groups and routes often refer to the same.
    prefix_lists: Mutex<BTreeSet<PrefixListId>>,
}

/// Which records a call is about.
#[derive(Clone, Copy)]
pub(super) enum Within<'a> {
    Vpcs(&'a [VpcId]),
    /// Nobody could tell us the VPC.
    Anywhere,
}

/// One page of an answer, and the token of the next one.
pub(super) struct Page<R> {
    pub(super) records: Vec<R>,
    pub(super) next: Option<String>,
}

impl<'a> Round<'a> {
    pub(super) fn new(client: &'a Client, deadline: Duration) -> Self {
        Self {
            client,
            started: Instant::now(),
            deadline,
            permits: Semaphore::new(AT_ONCE),
            draft: Mutex::new(Draft::new()),
            calls: Mutex::default(),
            prefix_lists: Mutex::default(),
        }
    }

    /// When this share of the time has passed.
    pub(super) fn until(&self, share: f64) -> Instant {
        self.started + self.deadline.mul_f64(share)
    }

    /// The inventory so far. Never held across an await.
    pub(super) fn draft(&self) -> MutexGuard<'_, Draft> {
        self.draft.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for every page, until the deadline. The call and how it went are written down.
    pub(super) async fn pages<R, E, F, Fut>(
        &self,
        action: &str,
        until: Instant,
        ask: F,
    ) -> Result<Vec<R>, Reason>
    where
        F: Fn(Option<String>, Watch<E>) -> Fut,
        Fut: Future<Output = Result<Page<R>, SdkError<E>>>,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let number = self.begin(action);
        let started = Instant::now();
        let watch = Watch::new();
        let answer = match tokio::time::timeout_at(until, self.every_page(ask, &watch)).await {
            Ok(answer) => answer,
            Err(_) => Err(watch.at_deadline()),
        };
        self.end(number, started.elapsed(), answer.as_ref().err());
        answer
    }

    async fn every_page<R, E, F, Fut>(&self, ask: F, watch: &Watch<E>) -> Result<Vec<R>, Reason>
    where
        F: Fn(Option<String>, Watch<E>) -> Fut,
        Fut: Future<Output = Result<Page<R>, SdkError<E>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let mut records = Vec::new();
        let mut token = None;
        loop {
            let page = {
                let _permit = self.permits.acquire().await;
                ask(token.clone(), watch.clone()).await.map_err(|error| reason(&error))?
            };
            records.extend(page.records);
            if records.len() > AT_MOST {
                let message = format!("more than {AT_MOST} records; name the VPC, or give a directory");
                return Err(Reason::Failed { message });
            }
            match page.next.filter(|next| !next.is_empty()) {
                None => return Ok(records),
                // An API that repeats its token would keep us until the deadline.
                next if next == token => {
                    return Err(Reason::Failed { message: "the same page was sent twice".to_owned() });
                }
                next => token = next,
            }
        }
    }

    /// Puts an answer's records where they belong, or the reason why there are none.
    pub(super) fn shelve<R: Record>(
        &self,
        action: &str,
        answer: Result<Vec<R>, Reason>,
    ) -> Result<(), Reason> {
        let mut draft = self.draft();
        match answer {
            Ok(records) => {
                R::shelf(&mut draft).open();
                for record in records {
                    draft.put(record, action);
                }
                Ok(())
            }
            Err(reason) => {
                R::shelf(&mut draft).fail(reason.clone());
                Err(reason)
            }
        }
    }

    /// Whether this list is met for the first time.
    pub(super) fn is_new(&self, list: &PrefixListId) -> bool {
        self.prefix_lists.lock().unwrap_or_else(PoisonError::into_inner).insert(list.clone())
    }

    pub(super) fn finish(self, source: InventorySource) -> Inventory {
        let draft = self.draft.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut inventory = draft.finish(source, &Reason::NotAsked);
        let reports = std::mem::take(&mut inventory.calls);
        inventory.calls = self.calls.into_inner().unwrap_or_else(PoisonError::into_inner);
        inventory.calls.extend(reports);
        inventory
    }

    pub(super) fn calls(&self) -> Vec<ApiCall> {
        self.locked_calls().clone()
    }

    fn begin(&self, action: &str) -> usize {
        let mut calls = self.locked_calls();
        calls.push(ApiCall { action: action.to_owned(), seconds: Seconds::default(), failure: None });
        calls.len() - 1
    }

    fn end(&self, number: usize, took: Duration, failure: Option<&Reason>) {
        if let Some(call) = self.locked_calls().get_mut(number) {
            call.seconds = took.into();
            call.failure = failure.cloned();
        }
    }

    fn locked_calls(&self) -> MutexGuard<'_, Vec<ApiCall>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Within<'_> {
    /// The filter of this name for the VPCs, or none.
    pub(super) fn filters(self, name: &str) -> Option<Vec<Filter>> {
        match self {
            Self::Vpcs(vpcs) => Some(filter(name, vpcs.iter().map(|vpc| vpc.0.clone()))),
            Self::Anywhere => None,
        }
    }
}

/// A single filter; several values mean any of them.
pub(super) fn filter(name: &str, values: impl IntoIterator<Item = String>) -> Vec<Filter> {
    vec![Filter::builder().name(name).set_values(Some(values.into_iter().collect())).build()]
}

/// Values one filter takes.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html>
pub(super) const FILTER_VALUES: usize = 200;

/// Asks `$ask`, a builder of the SDK, page by page, and copies the list `$records` into our records.
macro_rules! pages {
    ($round:expr, $action:expr, $until:expr, $records:ident, $ask:expr) => {{
        let ask = $ask;
        $round.pages($action, $until, move |token, watch| {
            let ask = ask.clone().set_next_token(token);
            async move {
                let page = ask.customize().interceptor(watch).send().await?;
                let records = page.$records.into_iter().flatten().map(Into::into).collect();
                Ok($crate::adapters::ec2::round::Page { records, next: page.next_token })
            }
        })
    }};
}
pub(super) use pages;
