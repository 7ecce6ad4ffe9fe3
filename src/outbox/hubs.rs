//! Tells WebSub hubs which topics have changed (`hub.mode=publish`), and search engines which pages (IndexNow). Hubs are told in parallel, and none for long; what
//! they do not accept waits in the outbox.

use std::time::Duration;

use tokio::task::JoinSet;
use url::{Url, form_urlencoded};

use super::attempt::{AttemptResult, OutboxReport};
use crate::{
    config::Config,
    fetch,
    model::Instant,
    send::{Error, backoff},
    store::{Ping, PutOff, SettledPing, Store},
};

/// How long a request may take, all in all.
const HUB_TIMEOUT: Duration = Duration::from_secs(10);

/// After this time no ping is begun. With the answers to the last ones, a run is held up for 20 seconds at most.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(10);

/// How many pings a hub gets in parallel.
const BATCH_PINGS: u32 = 8;

/// How many pages one request names.
const BATCH_PAGES: u32 = 500;

/// How long a worker may keep pings: longer than the timeout, but not much, since telling a hub twice does no harm.
const PING_LEASE: Duration = Duration::from_secs(15);

/// A ping that was not accepted for so long is given up…
const GIVE_UP_AFTER: chrono::Duration = chrono::Duration::days(5);

/// … but not before so many attempts: a program that runs once a week has hardly tried after 5 days.
const MIN_ATTEMPTS: i64 = 6;

/// The pause after the first attempt; twice as long each further time …
const FIRST_PAUSE_MINUTES: u64 = 1;

/// … up to this.
const MAX_PAUSE_MINUTES: u64 = 6 * 60;

/// Tells the hubs of a configuration.
#[derive(Clone, Copy)]
pub struct HubNotifier<'a> {
    pub config: &'a Config,
    pub store: &'a Store,
    /// The instant of this run: pings that are due by then are sent.
    pub at: Instant,
    /// The machine's clock: leases are between machines, and the time limit is for people who wait.
    pub clock: fn() -> Instant,
}

/// What telling one hub came to.
#[derive(Debug)]
pub struct HubReport {
    pub hub: Url,
    /// Whether search engines are told of pages, and no hub of feeds.
    pub is_search: bool,
    /// Counts topics.
    pub counts: OutboxReport,
}

impl HubNotifier<'_> {
    /// Tells every hub of what is due, for 20 seconds at most.
    pub async fn notify(&self) -> Result<Vec<HubReport>, Error> {
        let mut workers = JoinSet::new();
        let hubs = self.config.feeds.hubs.iter().map(|hub| (hub, HubKind::WebSub));
        let search = self.config.search_engines.indexnow.as_ref().map(|indexnow| {
            let host = self.config.magazine.url.host_str().unwrap_or_default().to_owned();
            (&indexnow.url, HubKind::IndexNow { key: indexnow.key.clone(), host })
        });
        for (hub, kind) in hubs.chain(search) {
            let is_search = matches!(kind, HubKind::IndexNow { .. });
            let report = HubReport { hub: hub.clone(), is_search, counts: OutboxReport::default() };
            let worker = HubWorker { report, kind, agent: agent(), at: self.at, clock: self.clock };
            workers.spawn(worker.run(self.store.clone()));
        }
        let mut all = Vec::new();
        while let Some(report) = workers.join_next().await {
            all.push(report??);
        }
        all.sort_by(|a, b| a.hub.cmp(&b.hub));
        Ok(all)
    }
}

/// How a hub is told.
#[derive(Debug, Clone)]
enum HubKind {
    /// Of each topic by itself.
    WebSub,
    /// Of many pages at once, with the key that stands on their host.
    IndexNow { key: String, host: String },
}

impl HubKind {
    /// How many topics are taken at once.
    fn batch(&self) -> u32 {
        match self {
            Self::WebSub => BATCH_PINGS,
            Self::IndexNow { .. } => BATCH_PAGES,
        }
    }
}

/// A hub's answer to a ping.
#[derive(Clone)]
enum HubAnswer {
    Accepted,
    Refused(String),
    /// The other pings would not be answered either.
    NoAnswer(String),
}

/// Tells one hub.
struct HubWorker {
    report: HubReport,
    kind: HubKind,
    agent: ureq::Agent,
    at: Instant,
    clock: fn() -> Instant,
}

impl HubWorker {
    async fn run(mut self, store: Store) -> Result<HubReport, Error> {
        let hub = self.report.hub.clone();
        let started = (self.clock)();
        loop {
            let now = (self.clock)();
            if now - started >= chrono::TimeDelta::from_std(TOTAL_TIMEOUT).unwrap_or_default() {
                break;
            }
            let batch = store.lease_pings(&hub, self.at, self.kind.batch(), now, now + PING_LEASE).await?;
            if batch.is_empty() {
                break;
            }
            let mut no_answer = None;
            let mut settled = Vec::new();
            for (ping, answer) in self.send_batch(batch).await? {
                let (result, reply) = match answer {
                    HubAnswer::Accepted => (AttemptResult::Sent, String::new()),
                    HubAnswer::Refused(reply) => (self.result_of_failure(&ping), reply),
                    HubAnswer::NoAnswer(reply) => {
                        no_answer = no_answer.max(Some((self.at + retry_pause(&ping), reply.clone())));
                        (self.result_of_failure(&ping), reply)
                    }
                };
                self.report.counts.count(result, &reply);
                settled.push(SettledPing { ping, state: result.into(), reply });
            }
            store.settle_pings(&settled).await?;
            if let Some((until, reply)) = no_answer {
                // The hub would not answer the other pings either: they wait without being tried.
                let since = self.at - GIVE_UP_AFTER;
                let put_off = PutOff { at: self.at, until, since, tries: MIN_ATTEMPTS, reply: &reply };
                let (waiting, given_up) = store.put_off_pings(&hub, put_off).await?;
                self.report.counts.waiting += waiting;
                self.report.counts.failed += given_up;
                break;
            }
        }
        Ok(self.report)
    }

    /// Tells the hub of some topics in parallel.
    async fn send_batch(&self, batch: Vec<Ping>) -> Result<Vec<(Ping, HubAnswer)>, Error> {
        let mut posts = JoinSet::new();
        if let HubKind::IndexNow { key, host } = self.kind.clone() {
            let (agent, url) = (self.agent.clone(), self.report.hub.clone());
            let answered = tokio::task::spawn_blocking(move || {
                let pages: Vec<&str> = batch.iter().map(|ping| ping.topic.as_str()).collect();
                let answer = post_pages(&agent, &url, &key, &host, &pages);
                batch.into_iter().map(|ping| (ping, answer.clone())).collect()
            });
            return Ok(answered.await?);
        }
        for ping in batch {
            let (agent, hub) = (self.agent.clone(), self.report.hub.clone());
            posts.spawn_blocking(move || {
                let answer = post(&agent, &hub, &ping.topic);
                (ping, answer)
            });
        }
        let mut answers = Vec::new();
        while let Some(answer) = posts.join_next().await {
            answers.push(answer?);
        }
        Ok(answers)
    }

    /// What becomes of a ping that was not accepted.
    fn result_of_failure(&self, ping: &Ping) -> AttemptResult {
        if ping.age(self.at) >= GIVE_UP_AFTER && ping.attempts + 1 >= MIN_ATTEMPTS {
            return AttemptResult::Failed;
        }
        AttemptResult::RetryAt(self.at + retry_pause(ping))
    }
}

/// How long a ping waits before it is tried again. The jitter keeps the magazines of a hub that was down from coming back
/// all at once.
fn retry_pause(ping: &Ping) -> Duration {
    let minutes = backoff::pause_minutes(FIRST_PAUSE_MINUTES, MAX_PAUSE_MINUTES, ping.attempts);
    let start = ping.attempts.unsigned_abs();
    let seed = ping.topic.bytes().fold(start, |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
    backoff::pause_with_jitter(minutes, seed)
}

fn agent() -> ureq::Agent {
    // Redirects are not followed: a hub that has moved must be corrected in the configuration.
    fetch::agent_config().timeout_global(Some(HUB_TIMEOUT)).build().into()
}

/// Tells a hub of a topic. Most hubs read `hub.url`, some `hub.topic`.
fn post(agent: &ureq::Agent, hub: &Url, topic: &str) -> HubAnswer {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("hub.mode", "publish")
        .append_pair("hub.url", topic)
        .append_pair("hub.topic", topic)
        .finish();
    let request = agent.post(hub.as_str()).header("Content-Type", "application/x-www-form-urlencoded");
    answer_of(request.send(form))
}

/// Tells search engines of pages.
fn post_pages(agent: &ureq::Agent, url: &Url, key: &str, host: &str, pages: &[&str]) -> HubAnswer {
    let body = serde_json::json!({ "host": host, "key": key, "urlList": pages }).to_string();
    let request = agent.post(url.as_str()).header("Content-Type", "application/json; charset=utf-8");
    answer_of(request.send(body))
}

fn answer_of(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> HubAnswer {
    match answer {
        Ok(answer) if answer.status().is_success() => HubAnswer::Accepted,
        Ok(answer) => {
            let place = answer.headers().get("Location").and_then(|place| place.to_str().ok());
            let place = place.map(|place| format!(" (it names {place:?})")).unwrap_or_default();
            HubAnswer::Refused(format!("it answered {}{place}", answer.status()))
        }
        Err(error) => HubAnswer::NoAnswer(format!("it gave no answer: {error}")),
    }
}
