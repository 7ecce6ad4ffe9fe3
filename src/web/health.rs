//! For who keeps the house: whether it stands, and figures for Prometheus.

use std::{
    fmt::Write,
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
    model::{EditionState, FeedKey},
    publish::forms,
    store,
};

/// Counts of answers, by the first digit of their status.
#[derive(Debug, Default)]
pub(super) struct Figures([AtomicU64; 6], Mutex<Option<(Instant, Counts)>>);

/// Letters and subscribers by state, as they were a moment ago.
type Counts = (Vec<(String, i64)>, Vec<(String, i64)>);

/// So long counts are as good as new: whoever asks for them often must not have millions of rows counted.
const FRESH: Duration = Duration::from_secs(15);

impl Figures {
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
    let mut kept = shared.figures().1.lock().await;
    if let Some((at, counts)) = &*kept
        && at.elapsed() < FRESH
    {
        return Ok(counts.clone());
    }
    let counts = (shared.store().letter_counts().await?, shared.store().subscriber_counts().await?);
    *kept = Some((Instant::now(), counts.clone()));
    Ok(counts)
}

/// A store that takes longer to answer does not, for who watches it.
const PROBE: Duration = Duration::from_secs(3);

/// Whether the program runs and the store can be read: who does not answer here is to be started anew.
pub(super) async fn healthz(State(shared): State<Shared>) -> Response {
    told(tokio::time::timeout(PROBE, shared.probe().revision()).await, "the store does not answer")
}

/// Whether readers can be served in full: a row is written. A machine that balances load asks this.
pub(super) async fn readyz(State(shared): State<Shared>) -> Response {
    told(tokio::time::timeout(PROBE, shared.probe().write_a_row()).await, "the store cannot be written")
}

fn told<T>(outcome: Result<store::Result<T>, tokio::time::error::Elapsed>, words: &str) -> Response {
    match outcome {
        Ok(Ok(_)) => return "ok\n".into_response(),
        Ok(Err(error)) => tracing::error!("{words}: {error}"),
        Err(_) => tracing::error!("{words} within {} seconds", PROBE.as_secs()),
    }
    (StatusCode::SERVICE_UNAVAILABLE, [(CONTENT_TYPE, "application/json")], format!("\"{words}\"\n")).into_response()
}

/// Figures in Prometheus' text format, for those whom `web.metrics` names, by their connection, and for who may open
/// the socket.
pub(super) async fn metrics(State(shared): State<Shared>, peer: Extension<Peer>) -> Result<Response, StatusCode> {
    let nets = &shared.config().web.metrics;
    if peer.0.0.is_some_and(|address| !nets.iter().any(|net| net.contains(&address))) {
        return Err(StatusCode::NOT_FOUND);
    }
    let text = figures(&shared).await.map_err(|error| {
        tracing::error!("{error}");
        StatusCode::SERVICE_UNAVAILABLE
    })?;
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

async fn figures(shared: &Shared) -> store::Result<String> {
    let mut text = String::new();
    let mut head = |name: &str, kind: &str, help: &str, rows: Vec<(String, f64)>| {
        let _ = writeln!(text, "# HELP gazetier_{name} {help}\n# TYPE gazetier_{name} {kind}");
        for (labels, value) in rows {
            let _ = writeln!(text, "gazetier_{name}{labels} {value}");
        }
    };
    let store = shared.store();
    let answers = (1..=5).map(|class| {
        let count = shared.figures().count(class);
        (format!("{{status=\"{class}xx\"}}"), count as f64)
    });
    head("requests_total", "counter", "Requests answered since the start.", answers.collect());
    let (letters, subscribers) = counts(shared).await?;
    let letters = letters.into_iter();
    let letters = letters.map(|(state, count)| (format!("{{state=\"{state}\"}}"), count as f64));
    head("letters", "gauge", "Letters in the ledger by state.", letters.collect());
    let editions = store.all_editions().await?;
    let states = [EditionState::Frozen, EditionState::Sending, EditionState::Sent, EditionState::Held];
    let by_state = states.map(|state| {
        let count = editions.iter().filter(|edition| edition.state == state).count();
        (format!("{{state=\"{}\"}}", state.as_str()), count as f64)
    });
    head("editions", "gauge", "Editions by state.", by_state.into());
    let subscribers = subscribers.into_iter();
    let subscribers = subscribers.map(|(state, count)| (format!("{{state=\"{state}\"}}"), count as f64));
    head("subscribers", "gauge", "Subscribers by state.", subscribers.collect());
    let now = shared.now();
    let keys = shared.config().rubriques.iter().map(|rubrique| FeedKey::Rubrique(rubrique.slug.clone()));
    let ages = keys.chain([FeedKey::All]).filter_map(|key| {
        let [rss, ..] = forms::paths(&key, None);
        let changed = std::fs::metadata(shared.config().feeds.path.join(rss)).and_then(|file| file.modified()).ok()?;
        let age = now - chrono::DateTime::<chrono::Utc>::from(changed);
        let name = if key == FeedKey::All { "*".to_owned() } else { key.key() };
        Some((format!("{{feed=\"{name}\"}}"), age.num_seconds() as f64))
    });
    head("feed_age_seconds", "gauge", "Time since a feed last changed.", ages.collect());
    Ok(text)
}
