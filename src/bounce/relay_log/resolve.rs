//! Ends doubts by what logs say. That a letter was taken is plain where a log says so. That it was never taken is believed
//! only where the logs of all relays that the edition was given to are whole for the time in which it can have been handed
//! over: they begin before the edition's first letter, hold every letter that the relays said they took, show the end of
//! the session in which the doubt arose, and all sessions of that time have ended.

use chrono::Duration;

use super::{LetterName, RelayLog};
use crate::{
    model::{Instant, ReaderId},
    store::{self, Evidence, NamedLetter, Store, UnknownLetter},
};

/// For how long after its first letter an edition is looked up in logs: so long do mail servers try (RFC 5321).
const UNDECIDED_DAYS: i64 = 6;

/// How long a mark lasts from its last renewal: when a program dies, its marks end so much later, or a little earlier.
const MARK_DURATION: Duration = Duration::seconds(30);

/// How exact the instants of a log are, and how long an answer may take to be written down.
const PRECISION: Duration = Duration::seconds(5);

/// So long before an edition's first letter a log must begin: many tell whole seconds.
const BEFORE_FIRST: Duration = Duration::seconds(3);

/// By how much the instants of a log and of the ledger may differ from letter to letter, whatever they differ by
/// together: clocks and zones are not the same.
const MAX_SPREAD: Duration = Duration::seconds(90);

/// What logs came to for an edition.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The edition, by the store's key.
    pub edition: i64,
    /// How many of its letters the logs name.
    pub named: usize,
    /// How many were unknown and had been taken.
    pub taken: u64,
    /// How many were unknown and are queued again, because no relay took them.
    pub queued: u64,
    /// How many stay unknown.
    pub unknown: u64,
    /// Why, if some do.
    pub why: Option<String>,
}

/// Ends what doubts these logs can end, and notes what became of letters. `now` is the database's clock.
pub async fn resolve(store: &Store, logs: &[RelayLog<'_>], now: Instant) -> Result<Vec<Resolution>, store::Error> {
    let mut editions = store.undecided_editions(now - Duration::days(UNDECIDED_DAYS)).await?;
    editions.extend(logs.iter().flat_map(|log| log.letters.keys().map(|(edition, _)| *edition)));
    editions.sort_unstable();
    editions.dedup();
    let mut resolutions = Vec::new();
    for edition in editions {
        let resolution = EditionLogs::load(store, logs, edition).await?.resolve(store, now).await?;
        if resolution.named > 0 || resolution.unknown > 0 || resolution.queued > 0 {
            resolutions.push(resolution);
        }
    }
    Ok(resolutions)
}

/// What logs and ledger say of an edition.
struct EditionLogs<'l, 'a> {
    edition: i64,
    logs: &'l [RelayLog<'a>],
    letters: Vec<NamedLetter>,
    unknown: Vec<UnknownLetter>,
    relays: Vec<(String, Instant)>,
}

impl<'l, 'a> EditionLogs<'l, 'a> {
    async fn load(store: &Store, logs: &'l [RelayLog<'a>], edition: i64) -> Result<Self, store::Error> {
        let of_edition = |(name, _): &(LetterName, ())| name.0 == edition;
        let names = logs.iter().flat_map(|log| log.letters.keys().map(|name| (*name, ()))).filter(of_edition);
        let mut readers: Vec<ReaderId> = names.map(|(name, ())| name.1).collect();
        readers.sort_unstable_by_key(|reader| *reader.bytes());
        readers.dedup();
        Ok(Self {
            edition,
            logs,
            letters: store.letters_to(edition, &readers).await?,
            unknown: store.doubtful_letters(edition).await?,
            relays: store.relays_of(edition).await?,
        })
    }

    async fn resolve(self, store: &Store, now: Instant) -> Result<Resolution, store::Error> {
        let mut evidence = Evidence::default();
        for letter in &self.letters {
            for trace in self.logs.iter().filter_map(|log| log.letters.get(&(self.edition, letter.reader))) {
                if let (true, Some((_, queue))) = (letter.is_unknown, &trace.taken) {
                    evidence.taken.push((letter.letter, format!("by its log: taken as {queue}")));
                }
                evidence.fates.extend(trace.fate.map(|(fate, at)| (letter.letter, fate, at)));
            }
        }
        evidence.taken.dedup_by_key(|(letter, _)| *letter);
        let mut why = None;
        if self.unknown.len() > evidence.taken.len() {
            match self.times(store).await? {
                Ok(times) => {
                    for letter in &self.unknown {
                        match self.was_never_taken(letter, &times) {
                            Ok(true) => evidence.never_taken.push(letter.letter),
                            Ok(false) => {}
                            Err(reason) => why = Some(reason),
                        }
                    }
                }
                Err(reason) => why = Some(reason),
            }
        }
        let read: Vec<String> = self.logs.iter().map(|log| log.relay.clone()).collect();
        let (taken, queued) = store.take_evidence(self.edition, &evidence, &read, now).await?;
        let unknown = (self.unknown.len() as u64).saturating_sub(taken + queued);
        let undecided = || "a log names them, and does not say that they were taken".to_owned();
        Ok(Resolution {
            edition: self.edition,
            named: self.letters.len(),
            taken,
            queued,
            unknown,
            why: (unknown > 0).then(|| why.unwrap_or_else(undecided)),
        })
    }

    /// The log of each relay that the edition was given to, with what its clock differs by; or why they prove nothing.
    async fn times(&self, store: &Store) -> Result<Result<Vec<LogTime<'l, 'a>>, String>, store::Error> {
        if self.relays.is_empty() {
            return Ok(Err("it is not known which relays the edition was given to".into()));
        }
        let mut times = Vec::new();
        let mut found = 0;
        for (relay, since) in &self.relays {
            let Some(log) = self.logs.iter().find(|log| log.relay == *relay) else {
                return Ok(Err(format!("the log of {relay} is missing, which had letters of this edition, too")));
            };
            let sent = self.letters.iter().filter(|letter| letter.is_sent && !letter.by_log);
            let both: Vec<(Instant, Instant)> = sent
                .filter_map(|letter| {
                    let trace = log.letters.get(&(self.edition, letter.reader))?;
                    trace.taken.as_ref().map(|(taken, _)| (letter.settled, *taken))
                })
                .collect();
            found += both.len();
            match LogTime::of(log, *since, &both) {
                Ok(time) => times.push(time),
                Err(why) => return Ok(Err(why)),
            }
        }
        // All that relays said they took must be there: a relay of several machines has several logs.
        let said = store.sent_between(self.edition, earliest(), latest()).await?;
        if i64::try_from(found).unwrap_or(i64::MAX) != said {
            return Ok(Err(format!(
                "of {said} letters that the relays said they took, {found} are in the logs: these are not whole"
            )));
        }
        Ok(Ok(times))
    }

    /// Whether no relay took a letter; or why that cannot be told.
    fn was_never_taken(&self, letter: &UnknownLetter, times: &[LogTime<'_, '_>]) -> Result<bool, String> {
        if self.logs.iter().any(|log| log.letters.contains_key(&(self.edition, letter.reader))) {
            return Ok(false);
        }
        // When the doubt arose: at the death of the program, whose mark ended later; or when its line broke.
        let has_lapsed = letter.settled > letter.lease_until;
        let from = letter.lease_until - MARK_DURATION - PRECISION;
        let to = if has_lapsed { letter.lease_until } else { letter.settled + PRECISION };
        let mut has_ended = false;
        for time in times {
            let log = time.log;
            let (from, to) = (from + time.ahead, to + time.ahead);
            if !log.tells_sessions {
                return Err(format!(
                    "the log of {} does not tell when sessions begin (Exim: log_selector = +smtp_connection +incoming_port)",
                    log.relay
                ));
            }
            if let Some((session, _)) = log.open.iter().find(|(_, opened)| **opened <= to) {
                return Err(format!("the log of {} tells of a session that has not ended ({session})", log.relay));
            }
            has_ended |= log.ended.range(from.timestamp()..=to.timestamp()).next().is_some();
        }
        if has_ended {
            return Ok(true);
        }
        Err("no log tells of a session that ended when the doubt arose".into())
    }
}

/// A log that covers an edition, with what its clock is ahead of the ledger's.
struct LogTime<'l, 'a> {
    log: &'l RelayLog<'a>,
    ahead: Duration,
}

impl<'l, 'a> LogTime<'l, 'a> {
    /// Compares when the ledger and a log say that letters were taken.
    fn of(log: &'l RelayLog<'a>, since: Instant, both: &[(Instant, Instant)]) -> Result<Self, String> {
        let relay = &log.relay;
        let mut ahead: Vec<Duration> = both.iter().map(|(settled, taken)| *taken - *settled).collect();
        ahead.sort_unstable();
        let (Some(least), Some(most)) = (ahead.first(), ahead.last()) else {
            return Err(format!("the log of {relay} holds no letter of this edition that it said it took"));
        };
        if *most - *least > MAX_SPREAD {
            return Err(format!("the clock of {relay} was set while the letters went out"));
        }
        let ahead = ahead[ahead.len() / 2];
        if log.is_cut {
            return Err(format!("the log of {relay} says that lines were left out of it"));
        }
        if log.first.is_none_or(|first| first - ahead > since - BEFORE_FIRST) {
            return Err(format!("the log of {relay} does not begin before the edition's first letter"));
        }
        Ok(Self { log, ahead })
    }
}

/// Instants that a store can hold, before and after all others.
fn earliest() -> Instant {
    Instant::UNIX_EPOCH
}

fn latest() -> Instant {
    Instant::UNIX_EPOCH + Duration::days(365 * 8_000)
}
