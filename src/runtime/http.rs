//! What the daemon serves. GET only.
//!
//! | route | answer |
//! |---|---|
//! | `/` | a page for people |
//! | `/metrics` | the latest state in Prometheus' text format 0.0.4 |
//! | `/-/healthy` | 200 while the probe loop turns, otherwise 503 |
//! | `/-/ready` | 200 once the configuration is loaded, the listener bound and every first cycle scheduled |
//! | `/api/v1/report` | `vpce-doctor/report/v1` of all targets; 503 before the first inventory is there |
//! | `/api/v1/targets/NAME` | the same of one target; 404 for an unknown one, 503 before its first cycle ended |
//!
//! Clients that are slow to ask or to read lose their connection after a while; they never hold up another.

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::board::Shared;
use crate::render::{json, metrics};

/// More clients wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 64;

/// From the first byte of a request, or the last answer, to the end of a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// A head beyond these is refused with 431 (RFC 6585 section 5).
const MAX_HEADERS: usize = 64;
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// After this a connection ends with its current answer, and a little later without it.
const MAX_AGE: Duration = Duration::from_mins(5);
const LAST_ANSWER: Duration = Duration::from_secs(5);

/// Without descriptors, trying at once again would only burn the processor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/metrics", get(scrape))
        .route("/-/healthy", get(healthy))
        .route("/-/ready", get(ready))
        .route("/api/v1/report", get(report))
        .route("/api/v1/targets/{name}", get(target))
        .with_state(shared)
}

async fn page(State(shared): State<Arc<Shared>>) -> Html<String> {
    Html(shared.board().page())
}

async fn scrape(State(shared): State<Arc<Shared>>) -> Response {
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], shared.board().metrics()).into_response()
}

async fn healthy(State(shared): State<Arc<Shared>>) -> (StatusCode, &'static str) {
    if shared.board().is_alive() {
        (StatusCode::OK, "healthy\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the probe loop hangs\n")
    }
}

async fn ready(State(shared): State<Arc<Shared>>) -> (StatusCode, &'static str) {
    if shared.is_ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

async fn report(State(shared): State<Arc<Shared>>) -> Response {
    json_of(&shared, None)
}

async fn target(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response {
    if !shared.board().knows(&name) {
        return (StatusCode::NOT_FOUND, "no target has this name\n").into_response();
    }
    json_of(&shared, Some(&name))
}

fn json_of(shared: &Shared, name: Option<&str>) -> Response {
    // The lock is free again before the report is written out.
    let report = shared.board().report(name);
    match report {
        Some(report) => ([(CONTENT_TYPE, "application/json")], json::render(&report)).into_response(),
        None => (StatusCode::SERVICE_UNAVAILABLE, "no cycle has ended yet\n").into_response(),
    }
}

/// Serves until dropped, and then ends every connection.
pub(super) async fn serve(listener: TcpListener, router: Router) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, router.clone()));
                }
                Err(error) => {
                    tracing::warn!("cannot accept a connection: {error}");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// How it ends is the client's business alone.
async fn connection(stream: TcpStream, router: Router) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES);
    let service = TowerToHyperService::new(router);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    if timeout(MAX_AGE, connection.as_mut()).await.is_err() {
        connection.as_mut().graceful_shutdown();
        let _ = timeout(LAST_ANSWER, connection).await;
    }
}
