//! Sends an edition's letters: leases them in batches, gives each to a relay, and sees them settled,
//! until none is left. A run that finds letters of another worker waits until they are settled or
//! their leases end.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::task::JoinSet;

use super::{
    Error,
    carrier::Carrier,
    clerk::{Clerk, MARK},
    clock::LeaseClock,
    dkim::Signer,
    folder,
    relays::{Reason, Relay, choose},
    round::{Round, Start},
};
use crate::{
    config::{Config, Relays},
    edition::render::letter::{LetterTemplate, RenderedLetter},
    model::{Edition, EmailAddress, Instant, LetterState, Tally},
    store::{Leased, Settlement, Store},
};

/// How many letters go into a folder at once.
const BATCH: u32 = 64;

/// How long a worker may keep letters that it has not begun.
const LEASE: Duration = Duration::from_secs(20);

/// What must be left of a lease for a letter to be begun.
const MARGIN: Duration = Duration::from_secs(2);

/// How many letters are leased at once at the most, whatever the relays' pace.
const MOST: usize = 4_000;

/// How many seconds' worth of letters are held ready where a rate is bounded.
const FEW: u32 = 5;

/// So long another worker may take to lease letters that are due and that nobody else gets meanwhile.
const TAKING: Duration = Duration::from_secs(3);

/// How often leases of the dead are looked for.
const LOOK: Duration = Duration::from_secs(2);

/// How often it is looked whether somebody holds the edition.
const HOLD_LOOK: Duration = Duration::from_millis(500);

/// For so many letters one more connection is worth while.
const WORTH: u64 = 10;

/// What delivery needs from the outside.
#[derive(Clone)]
pub struct Post {
    /// The configuration.
    pub config: Arc<Config>,
    /// The store.
    pub store: Store,
    /// The database's clock: leases are between machines, whatever `--at` says.
    pub clock: LeaseClock,
    /// Set when the workers should finish what they have begun and stop.
    pub stop: Arc<AtomicBool>,
    /// Counts letters about which nothing more will be done, for who watches.
    pub finished: Arc<AtomicU64>,
}

/// How an edition stands after a round.
#[derive(Debug)]
pub struct Outcome {
    /// Its letters.
    pub tally: Tally,
    /// Why it is held now, if a relay's answers made it so.
    pub paused: Option<String>,
    /// Whether it is held, by whomever.
    pub is_held: bool,
    /// Relays that were out of use while others went on, and why.
    pub troubles: Vec<(String, String)>,
}

/// A letter and what it is written on.
pub(super) struct Job {
    pub(super) leased: Leased,
    pub(super) form: Arc<LetterTemplate>,
    pub(super) signer: Option<Arc<Signer>>,
    /// When its lease ends.
    pub(super) until: Instant,
}

impl Job {
    /// Whether its lease ends before it can be announced and marked: then another worker has it.
    pub(super) fn is_stale(&self, now: Instant) -> bool {
        now + MARGIN >= self.until
    }

    /// The letter's bytes, or why there are none.
    pub(super) fn write(&self) -> Result<RenderedLetter, String> {
        let letter = &self.leased.letter;
        let address: EmailAddress = letter.address.parse().map_err(|error| format!("not sent: {error}"))?;
        let written = self.form.write(letter.reader, &address, letter.name.as_deref());
        let mut written = written.map_err(|error| format!("not sent: {error}"))?;
        if let Some(signer) = &self.signer {
            signer.sign(&mut written).map_err(|error| format!("not sent: {error}"))?;
        }
        Ok(written)
    }
}

/// The forms of an edition's variants, made when the first letter wants one.
struct Forms<'a> {
    post: &'a Post,
    edition: &'a Edition,
    made: HashMap<i64, Arc<LetterTemplate>>,
    signer: Option<Arc<Signer>>,
}

impl<'a> Forms<'a> {
    fn new(post: &'a Post, edition: &'a Edition) -> Self {
        let signer = Signer::new(&post.config, edition.dated).map(Arc::new);
        Self { post, edition, made: HashMap::new(), signer }
    }

    async fn job(&mut self, leased: Leased, until: Instant) -> Result<Job, Error> {
        let id = leased.letter.variant;
        let form = match self.made.get(&id) {
            Some(form) => Arc::clone(form),
            None => {
                let variant = self.post.store.variant(id).await?;
                let form =
                    LetterTemplate::new(&self.post.config, self.edition, self.post.store.key(), &variant.entity)?;
                Arc::clone(self.made.entry(id).or_insert(Arc::new(form)))
            }
        };
        Ok(Job { leased, form, signer: self.signer.clone(), until })
    }
}

impl Post {
    /// Sends what is to be sent of an edition, and says how it stands afterwards.
    pub async fn send(&self, edition: &Edition) -> Result<Outcome, Error> {
        let mut outcome = Outcome { tally: Tally::default(), paused: None, is_held: false, troubles: Vec::new() };
        if self.store.begin_edition(edition.id).await? {
            match &self.config.relays {
                Relays::Folder(folder) => self.fill(folder, edition).await?,
                Relays::Smtp(relays) => self.carry(relays, edition, &mut outcome).await?,
            }
        }
        outcome.tally = self.store.tally(edition.id).await?;
        if outcome.tally.to_do() == 0 {
            self.store.close_edition(edition.id).await?;
        }
        outcome.is_held = !self.store.is_going_out(edition.id).await?;
        Ok(outcome)
    }

    /// Writes the letters into a folder. A file may be written twice, so that those of a dead
    /// worker are written again.
    async fn fill(&self, folder: &std::path::Path, edition: &Edition) -> Result<(), Error> {
        let mut forms = Forms::new(self, edition);
        let mut idle = None;
        while !self.stop.load(Ordering::Relaxed) {
            let now = self.clock.now();
            self.store.lapse(edition.id, now, LetterState::Queued).await?;
            let batch = self.store.lease_letters(edition.id, now, BATCH, now + LEASE).await?;
            if batch.letters.is_empty() {
                let since = *idle.get_or_insert_with(tokio::time::Instant::now);
                if batch.suppressed > 0 || self.wait(edition, since).await? {
                    continue;
                }
                break;
            }
            idle = None;
            let mut written = Vec::new();
            let mut settled = Vec::new();
            for leased in &batch.letters {
                let job = forms.job(leased.clone(), now + LEASE).await?;
                let (state, reply) = match job.write() {
                    Ok(letter) => {
                        written.push((leased.letter.reader, letter));
                        (LetterState::Sent, "written".to_owned())
                    }
                    Err(reason) => (LetterState::Failed, reason),
                };
                settled.push(settled_as(leased, state, reply));
            }
            if let Err(error) = folder::put(folder, &edition.period, &written) {
                let back = |leased| settled_as(leased, LetterState::Queued, "not handed over".into());
                let back: Vec<_> = batch.letters.iter().map(back).collect();
                self.store.record(&back, &[], self.clock.now()).await?;
                return Err(error);
            }
            self.store.record(&settled, &[], self.clock.now()).await?;
            self.finished.fetch_add(settled.len() as u64, Ordering::AcqRel);
        }
        Ok(())
    }

    /// Has the letters carried to SMTP servers.
    async fn carry(
        &self,
        relays: &[crate::config::Relay],
        edition: &Edition,
        outcome: &mut Outcome,
    ) -> Result<(), Error> {
        let tally = self.store.tally(edition.id).await?;
        let (to_do, before) = (tally.to_do().unsigned_abs(), tally.sent.unsigned_abs());
        let largest = self.store.largest_variant(edition.id).await?;
        let relays: Vec<Arc<Relay>> = relays.iter().cloned().map(|relay| Arc::new(Relay::new(relay))).collect();
        let (clerk, mut ledger) = Clerk::hire(self.store.clone(), self.clock);
        let round = Arc::new(Round::new(Start {
            edition: edition.clone(),
            store: self.store.clone(),
            clerk,
            clock: self.clock,
            stop: Arc::clone(&self.stop),
            finished: Arc::clone(&self.finished),
            relays: relays.clone(),
            before,
            largest,
        }));
        let mut carriers = JoinSet::new();
        for relay in &relays {
            for _ in 0..u64::from(relay.config.connections).min(to_do.div_ceil(WORTH)) {
                carriers.spawn(Carrier::new(Arc::clone(&round), Arc::clone(relay)).work());
            }
        }
        let (given, ended) = tokio::select! {
            given = self.give_out(&round, &relays) => (given, None),
            // The clerk goes home before us only when the store is away.
            end = &mut ledger => (Err(Error::Ledger), Some(end)),
        };
        for relay in &relays {
            relay.close();
        }
        let mut carried = Ok(());
        while let Some(end) = carriers.join_next().await {
            carried = carried.and(end.map_err(Error::from).and_then(|end| end));
        }
        round.settle_refusals(given.is_ok() && carried.is_ok()).await;
        // An edition must be held whatever becomes of the rest.
        let mut closed = Ok(());
        if let Some(reason) = round.paused() {
            closed = self.store.hold_edition(edition.id, reason).await.map(|_| ()).map_err(Error::from);
            outcome.paused = Some(reason.to_owned());
        }
        for relay in &relays {
            // What carriers left that broke off.
            while let Some(job) = relay.try_next() {
                round.give_back(job).await;
            }
            closed = closed.and(relay.give_back(&self.store, round.now()).await);
        }
        // The clerk has nothing more to do when nobody can speak to it.
        let uncorrected = Arc::into_inner(round).and_then(|mut round| round.uncorrected());
        match ended {
            Some(end) => end??,
            None => ledger.await??,
        }
        given.and(carried)?;
        uncorrected.map_or(Ok(()), Err)?;
        closed?;
        self.tell(&relays, edition, outcome).await
    }

    /// Leases letters and gives them to the relays, a little ahead of their pace.
    async fn give_out(&self, round: &Arc<Round>, relays: &[Arc<Relay>]) -> Result<(), Error> {
        let edition = &round.edition;
        let mut forms = Forms::new(self, edition);
        let mut pace = Pace::new(relays);
        let (mut looked, mut idle): (Option<tokio::time::Instant>, Option<tokio::time::Instant>) = (None, None);
        let mut asked = tokio::time::Instant::now();
        while !round.is_over() {
            let now = round.now();
            if asked.elapsed() >= HOLD_LOOK {
                asked = tokio::time::Instant::now();
                if !self.store.is_going_out(edition.id).await? {
                    // No mark is given any more: what nobody has begun with goes back.
                    round.hold();
                    break;
                }
            }
            if relays.iter().all(|relay| relay.out(now).is_some()) {
                break;
            }
            let (in_hand, ahead) = (round.in_hand(), pace.ahead(self.finished.load(Ordering::Acquire)));
            if in_hand > ahead / 2 {
                round.news(Duration::from_millis(50)).await;
                continue;
            }
            let pen = round.clerk.pen().await;
            if looked.is_none_or(|looked| looked.elapsed() >= LOOK) {
                self.store.lapse(edition.id, now, LetterState::Unknown).await?;
                looked = Some(tokio::time::Instant::now());
            }
            let want = u32::try_from(ahead - in_hand).unwrap_or(u32::MAX);
            let batch = self.store.lease_letters(edition.id, now, want, now + LEASE).await?;
            drop(pen);
            self.finished.fetch_add(batch.suppressed as u64, Ordering::AcqRel);
            if batch.letters.is_empty() {
                if batch.suppressed > 0 {
                    continue;
                }
                if round.in_hand() > 0 {
                    round.news(Duration::from_millis(200)).await;
                    continue;
                }
                // What came back meanwhile is seen by one more look.
                if in_hand > 0 {
                    continue;
                }
                looked = None;
                let since = *idle.get_or_insert_with(tokio::time::Instant::now);
                if self.wait(edition, since).await? {
                    continue;
                }
                break;
            }
            idle = None;
            round.is_leased(batch.letters.len());
            let mut resting = Vec::new();
            for leased in batch.letters {
                if let Some(rest) = round.rest(&leased) {
                    resting.push(rest);
                    continue;
                }
                let job = forms.job(leased, now + LEASE).await?;
                match choose(relays, &job, now, ahead) {
                    Some(relay) => relay.push(job),
                    None => round.give_back(job).await,
                }
            }
            let count = resting.len();
            round.clerk.record(resting, Vec::new()).await;
            round.is_done(count, 0);
        }
        Ok(())
    }

    /// Says what was wrong with relays: an error if letters had to stay because of it.
    async fn tell(&self, relays: &[Arc<Relay>], edition: &Edition, outcome: &mut Outcome) -> Result<(), Error> {
        for relay in relays {
            if let Some(Reason::Trouble(words)) = relay.was_out() {
                outcome.troubles.push((relay.config.name.clone(), words));
            }
        }
        let now = self.clock.now();
        let stopped = self.stop.load(Ordering::Relaxed) || outcome.paused.is_some();
        let reasons: Option<Vec<Reason>> = relays.iter().map(|relay| relay.out(now)).collect();
        // With all of them out, the letters that are due stay because of that.
        let Some(reasons) = reasons.filter(|_| !stopped) else { return Ok(()) };
        let troubled = reasons.iter().any(|reason| matches!(reason, Reason::Trouble(_)));
        if !troubled || self.store.awaited(edition.id).await?.0.is_none_or(|due| due > now) {
            return Ok(());
        }
        let (names, words): (Vec<String>, Vec<String>) = std::mem::take(&mut outcome.troubles).into_iter().unzip();
        Err(Error::Relay { relay: names.join(", "), reason: words.join("; ") })
    }

    /// Waits for letters that another worker holds; false if there is nothing to wait for now. `idle` is since when
    /// nothing came.
    async fn wait(&self, edition: &Edition, idle: tokio::time::Instant) -> Result<bool, Error> {
        let (due, end) = self.store.awaited(edition.id).await?;
        let Some(end) = end else {
            // What is due and was not given out is being leased by somebody just now: it is not committed yet.
            let is_taken = due.is_some_and(|due| due <= self.clock.now()) && idle.elapsed() < TAKING;
            if is_taken {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            return Ok(is_taken);
        };
        let left = (end - self.clock.now()).to_std().unwrap_or_default();
        // A mark lasts longer than a lease; what lasts longer than either is of a clock that is wrong.
        if left > LEASE.max(MARK) {
            return Ok(false);
        }
        tokio::time::sleep(left.clamp(Duration::from_millis(20), Duration::from_millis(500))).await;
        Ok(true)
    }
}

fn settled_as(leased: &Leased, state: LetterState, reply: String) -> Settlement {
    Settlement { lease: leased.lease, state, due: None, reply, tries: 1, suppress: false }
}

/// How many letters to hold ready: what the relays take in a second, so that none waits in vain
/// until its lease ends, and none of the relays for letters.
struct Pace {
    floor: usize,
    since: tokio::time::Instant,
    finished: u64,
    ahead: usize,
}

impl Pace {
    fn new(relays: &[Arc<Relay>]) -> Self {
        let each = |relay: &Arc<Relay>| {
            let config = &relay.config;
            // What is on the way, and as much again.
            let ready = config.connections as usize * config.window.max(2) as usize * 2;
            // No more than leave within a few seconds.
            let seconds = |letters: u32, span: u32| (letters.saturating_mul(FEW) / span).max(1) as usize;
            let bounds = [config.rates.second.map(|n| (n, 1)), config.rates.minute.map(|n| (n, 60))];
            bounds.into_iter().flatten().fold(ready, |ready, (n, span)| ready.min(seconds(n.get(), span)))
        };
        let floor = relays.iter().map(each).sum::<usize>().clamp(1, MOST);
        Self { floor, since: tokio::time::Instant::now(), finished: 0, ahead: floor }
    }

    fn ahead(&mut self, finished: u64) -> usize {
        let elapsed = self.since.elapsed();
        if elapsed >= Duration::from_millis(50) {
            let rate = finished.saturating_sub(self.finished) as f64 / elapsed.as_secs_f64();
            self.ahead = (rate as usize).clamp(self.floor, MOST.max(self.floor));
            (self.since, self.finished) = (tokio::time::Instant::now(), finished);
        }
        self.ahead
    }
}
