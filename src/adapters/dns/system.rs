//! `getaddrinfo`, which blocks for as long as it likes, under a deadline.

use std::{
    io,
    net::{IpAddr, ToSocketAddrs},
    sync::Arc,
    thread,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::{Instant, timeout_at},
};

use super::{literal, without_repetition};
use crate::model::name::SystemOutcome;

/// With all servers silent, a call of glibc's lasts up to half a minute after we gave up on it. This bounds how
/// many such calls pile up; a caller that finds no free slot times out, as its application would.
pub(super) const CONCURRENT: usize = 64;

/// A quarter of the usual, and still several times what glibc's resolver uses.
const STACK_BYTES: usize = 512 * 1024;

pub(super) async fn lookup(host: &str, deadline: Instant, slots: &Arc<Semaphore>) -> SystemOutcome {
    if let Some(ip) = literal(host) {
        return SystemOutcome::Literal(ip);
    }
    let Ok(Ok(slot)) = timeout_at(deadline, Arc::clone(slots).acquire_owned()).await else {
        return SystemOutcome::TimedOut;
    };
    match timeout_at(deadline, in_a_thread(host.to_owned(), slot)).await {
        // By the time it was there, and not by when we came to hear of it: a busy machine must not change the outcome.
        Ok((_, at)) if at > deadline => SystemOutcome::TimedOut,
        Ok((Ok(addresses), _)) => SystemOutcome::Addresses(without_repetition(addresses)),
        Ok((Err(error), _)) => SystemOutcome::Failed { message: words(&error) },
        Err(_) => SystemOutcome::TimedOut,
    }
}

/// A thread of its own and not the runtime's pool, because the runtime waits for its pool when it ends.
async fn in_a_thread(host: String, slot: OwnedSemaphorePermit) -> (io::Result<Vec<IpAddr>>, Instant) {
    let (sender, answer) = oneshot::channel();
    let asking =
        thread::Builder::new().name("getaddrinfo".to_owned()).stack_size(STACK_BYTES).spawn(move || {
            let found = (host.as_str(), 0).to_socket_addrs();
            // Nobody listens any more when the deadline has passed.
            let _ = sender.send((found.map(|all| all.map(|address| address.ip()).collect()), Instant::now()));
            drop(slot);
        });
    if let Err(error) = asking {
        return (Err(error), Instant::now());
    }
    let silence = || (Err(io::Error::other("the lookup ended without an answer")), Instant::now());
    answer.await.unwrap_or_else(|_| silence())
}

/// The C library's words, without those that the standard library puts before them.
fn words(error: &io::Error) -> String {
    let message = error.to_string();
    message.strip_prefix("failed to lookup address information: ").unwrap_or(&message).to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn resolve(host: &str, slots: usize, patience: Duration) -> SystemOutcome {
        lookup(host, Instant::now() + patience, &Arc::new(Semaphore::new(slots))).await
    }

    #[tokio::test]
    async fn literals_are_not_looked_up() {
        for host in ["10.0.0.1", "::1", "[::1]"] {
            assert!(matches!(resolve(host, 0, Duration::ZERO).await, SystemOutcome::Literal(_)), "{host}");
        }
    }

    #[tokio::test]
    async fn localhost_is_known_everywhere() {
        let outcome = resolve("localhost", 1, Duration::from_secs(5)).await;
        let SystemOutcome::Addresses(all) = outcome else { panic!("{outcome:?}") };
        assert!(!all.is_empty() && all.iter().all(IpAddr::is_loopback), "{all:?}");
    }

    #[tokio::test]
    async fn errors_are_in_the_words_of_the_c_library() {
        // Longer than a name may be, so that no server is asked.
        let outcome = resolve(&"a.".repeat(200), 1, Duration::from_secs(5)).await;
        let SystemOutcome::Failed { message } = outcome else { panic!("{outcome:?}") };
        assert!(!message.is_empty() && !message.contains("failed to lookup"), "{message}");
    }

    #[tokio::test]
    async fn without_a_free_slot_the_deadline_still_holds() {
        assert_eq!(resolve("localhost", 0, Duration::from_millis(20)).await, SystemOutcome::TimedOut);
    }
}
