//! Tells WebSub hubs which topics have changed: `hub.mode=publish`, as hubs commonly take it. Hubs
//! are told side by side and none for long; what they do not take waits in the outbox.

use std::time::Duration;

use tokio::task::JoinSet;
use url::{Url, form_urlencoded};

use crate::send::Error;
use crate::{
    config::Config,
    fetch,
    model::Instant,
    store::{Ping, PingState, PutOff, SettledPing, Store},
};

/// How long a hub may take for an answer, all in all.
const TIMEOUT: Duration = Duration::from_secs(10);

/// After this time no ping is begun: with the answers to the last ones, a run is held up for no
/// longer than 20 seconds.
const ENOUGH: Duration = Duration::from_secs(10);

/// How many pings a hub gets at once.
const BATCH: u32 = 8;

/// How long a worker may keep those that it has taken: beyond the timeout, and short, since it
/// does no harm to tell a hub twice.
const LEASE: Duration = Duration::from_secs(15);

/// A hub that takes nothing for so long is given up…
const PATIENCE: chrono::Duration = chrono::Duration::days(5);

/// … but not before so many tries: a program that runs once a week has hardly tried after 5 days.
const TRIES: i64 = 6;

/// The hubs of a configuration.
#[derive(Clone, Copy)]
pub struct Hubs<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The store.
    pub store: &'a Store,
    /// The instant of this run, by which pings are due.
    pub at: Instant,
    /// The machine's clock: leases are between machines, and a bound on time is felt by people.
    pub clock: fn() -> Instant,
}

/// What telling a hub came to.
#[derive(Debug)]
pub struct Told {
    /// The hub.
    pub hub: Url,
    /// Of so many topics it was told.
    pub told: usize,
    /// Of so many it could not be told now.
    pub waiting: usize,
    /// Of so many it is not told any more.
    pub given_up: usize,
    /// Its last words where something was not told.
    pub reply: String,
}

impl Hubs<'_> {
    /// Tells every hub of what is due, for 20 seconds at the most.
    pub async fn tell(&self) -> Result<Vec<Told>, Error> {
        let mut workers = JoinSet::new();
        for hub in &self.config.feeds.hubs {
            let told = Told { hub: hub.clone(), told: 0, waiting: 0, given_up: 0, reply: String::new() };
            let worker = Worker { told, agent: agent(), at: self.at, clock: self.clock };
            workers.spawn(worker.work(self.store.clone()));
        }
        let mut all = Vec::new();
        while let Some(told) = workers.join_next().await {
            all.push(told??);
        }
        all.sort_by(|a, b| a.hub.cmp(&b.hub));
        Ok(all)
    }
}

/// What a hub did with a ping.
enum Answer {
    /// It took it.
    Taken,
    /// It said something else.
    Refused(String),
    /// It did not answer, and would not answer the next one either.
    Silent(String),
}

/// Who tells one hub.
struct Worker {
    told: Told,
    agent: ureq::Agent,
    at: Instant,
    clock: fn() -> Instant,
}

impl Worker {
    async fn work(mut self, store: Store) -> Result<Told, Error> {
        let hub = self.told.hub.clone();
        let begun = (self.clock)();
        loop {
            let now = (self.clock)();
            if now - begun >= chrono::TimeDelta::from_std(ENOUGH).unwrap_or_default() {
                break;
            }
            let batch = store.lease_pings(&hub, self.at, BATCH, now, now + LEASE).await?;
            if batch.is_empty() {
                break;
            }
            let mut silent = None;
            let mut settled = Vec::new();
            for (ping, answer) in self.post(batch).await? {
                let (state, reply) = match answer {
                    Answer::Taken => (PingState::Told, String::new()),
                    Answer::Refused(reply) => (self.later(&ping), reply),
                    Answer::Silent(reply) => {
                        silent = silent.max(Some((self.at + pause(&ping), reply.clone())));
                        (self.later(&ping), reply)
                    }
                };
                self.count(&state, &reply);
                settled.push(SettledPing { ping, state, reply });
            }
            store.settle_pings(&settled).await?;
            if let Some((until, reply)) = silent {
                // Who did not hear these will not hear the others.
                let since = self.at - PATIENCE;
                let off = PutOff { at: self.at, until, since, tries: TRIES, reply: &reply };
                let (waiting, given_up) = store.put_off_pings(&hub, off).await?;
                self.told.waiting += waiting;
                self.told.given_up += given_up;
                break;
            }
        }
        Ok(self.told)
    }

    /// Tells the hub of a batch of topics at once.
    async fn post(&self, batch: Vec<Ping>) -> Result<Vec<(Ping, Answer)>, Error> {
        let mut posts = JoinSet::new();
        for ping in batch {
            let (agent, hub) = (self.agent.clone(), self.told.hub.clone());
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

    /// What becomes of a ping that was not taken.
    fn later(&self, ping: &Ping) -> PingState {
        if ping.age(self.at) >= PATIENCE && ping.attempts + 1 >= TRIES {
            return PingState::Failed;
        }
        PingState::Queued(self.at + pause(ping))
    }

    fn count(&mut self, state: &PingState, reply: &str) {
        match state {
            PingState::Told => self.told.told += 1,
            PingState::Queued(_) => self.told.waiting += 1,
            PingState::Failed => self.told.given_up += 1,
        }
        if !reply.is_empty() {
            reply.clone_into(&mut self.told.reply);
        }
    }
}

/// How long a ping waits before it is tried again: a minute, then twice as long each time up to 6
/// hours, and up to a quarter more, so that the magazines of a hub that was down do not all come
/// at once.
fn pause(ping: &Ping) -> Duration {
    let minutes = (1u64 << ping.attempts.clamp(0, 9)).min(360);
    let own = ping.topic.bytes().fold(ping.attempts.unsigned_abs(), |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
    let spread = own.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
    Duration::from_secs(minutes * 60 + minutes * 15 * spread / 255)
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        // A hub that has moved is for the editors to correct: a POST is not led elsewhere.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .user_agent(concat!("gazetier/", env!("CARGO_PKG_VERSION")))
        .tls_config(fetch::tls())
        .build()
        .into()
}

/// Tells a hub of a topic. `hub.url` is what most hubs read, `hub.topic` what some do.
fn post(agent: &ureq::Agent, hub: &Url, topic: &str) -> Answer {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("hub.mode", "publish")
        .append_pair("hub.url", topic)
        .append_pair("hub.topic", topic)
        .finish();
    let request = agent.post(hub.as_str()).header("Content-Type", "application/x-www-form-urlencoded");
    match request.send(form) {
        Ok(answer) if answer.status().is_success() => Answer::Taken,
        Ok(answer) => {
            let place = answer.headers().get("Location").and_then(|place| place.to_str().ok());
            let place = place.map(|place| format!(" (it names {place:?})")).unwrap_or_default();
            Answer::Refused(format!("it answered {}{place}", answer.status()))
        }
        Err(error) => Answer::Silent(format!("it gave no answer: {error}")),
    }
}
