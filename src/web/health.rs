//! For who runs the program: whether it works, and metrics for Prometheus.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use axum::{
    Extension,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use tokio::sync::Mutex;

use super::{Peer, Shared};
use crate::{
    doctor::metrics::{self, Counts},
    edition, store,
};

/// Counts of answers, by the first digit of their status, and what was counted in the store a moment ago.
#[derive(Debug, Default)]
pub(super) struct Metrics([AtomicU64; 6], Mutex<Option<(Instant, Counts)>>);

/// So long counts are as good as new: whoever asks for them often must not have millions of rows counted.
const COUNTS_MAX_AGE: Duration = Duration::from_secs(15);

impl Metrics {
    pub(super) fn answered(&self, status: StatusCode) {
        if let Some(count) = self.0.get(usize::from(status.as_u16() / 100)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many answers there were of a class.
    pub(super) fn count(&self, class: usize) -> u64 {
        self.0.get(class).map_or(0, |count| count.load(Ordering::Relaxed))
    }
}

/// Counts what is in the store, if it was not done just now.
async fn counts(shared: &Shared) -> store::Result<Counts> {
    let mut kept = shared.metrics().1.lock().await;
    if let Some((at, counts)) = &*kept
        && at.elapsed() < COUNTS_MAX_AGE
    {
        return Ok(counts.clone());
    }
    let counts = metrics::counts(shared.store()).await?;
    *kept = Some((Instant::now(), counts.clone()));
    Ok(counts)
}

/// A store that takes longer to answer does not, for who watches it.
const STORE_TIMEOUT: Duration = Duration::from_secs(3);

/// Whether the program runs and the store can be read: who does not answer here is to be started anew.
pub(super) async fn healthz(State(shared): State<Shared>) -> Response {
    told(tokio::time::timeout(STORE_TIMEOUT, shared.health_store().revision()).await, "the store does not answer")
}

/// Whether readers can be served in full: a row is written. A machine that balances load asks this.
pub(super) async fn readyz(State(shared): State<Shared>) -> Response {
    told(tokio::time::timeout(STORE_TIMEOUT, shared.health_store().write_a_row()).await, "the store cannot be written")
}

fn told<T>(outcome: Result<store::Result<T>, tokio::time::error::Elapsed>, words: &str) -> Response {
    match outcome {
        Ok(Ok(_)) => return "ok\n".into_response(),
        Ok(Err(error)) => tracing::error!("{words}: {error}"),
        Err(_) => tracing::error!("{words} within {} seconds", STORE_TIMEOUT.as_secs()),
    }
    (StatusCode::SERVICE_UNAVAILABLE, [(CONTENT_TYPE, "application/json")], format!("\"{words}\"\n")).into_response()
}

/// Metrics in Prometheus' text format, for those whom `web.metrics` names, by their connection, and for who may open
/// the socket.
pub(super) async fn metrics(State(shared): State<Shared>, peer: Extension<Peer>) -> Result<Response, StatusCode> {
    let nets = &shared.config().web.metrics;
    if peer.0.0.is_some_and(|address| !nets.iter().any(|net| net.contains(&address))) {
        return Err(StatusCode::NOT_FOUND);
    }
    let text = metrics_text(&shared).await.map_err(|error| {
        tracing::error!("{error}");
        StatusCode::SERVICE_UNAVAILABLE
    })?;
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

async fn metrics_text(shared: &Shared) -> Result<String, edition::Error> {
    let mut text = String::new();
    let answers = (1..=5).map(|class| {
        let count = shared.metrics().count(class);
        (format!("{{status=\"{class}xx\"}}"), count as f64)
    });
    metrics::figure(&mut text, "requests_total", "counter", "Requests answered since the start.", answers.collect());
    let counts = counts(shared).await?;
    text.push_str(&metrics::text(shared.config(), shared.store(), shared.moment(), counts).await?);
    Ok(text)
}
