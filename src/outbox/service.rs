//! Hands over the letters that serve one person: soon, one by one, and again later where a relay
//! asks for it.

use std::time::Duration;

use crate::send::{
    Error,
    dkim::Signer,
    erase::without_address,
    folder,
    verdict::{Step, Verdict},
    wire::{Command, Says, Wire, nonsense},
};
use crate::{
    config::{Config, Relays},
    edition::render::letter::RenderedLetter,
    model::{Instant, Key, token},
    store::{ServiceLease, ServiceState, Store},
};

/// How many letters a worker takes at once, and for how long: it may meet a slow relay.
const BATCH: u32 = 8;
const LEASE: chrono::Duration = chrono::Duration::minutes(10);

/// What sending came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// So many letters were taken.
    pub sent: usize,
    /// So many wait, the last one for this reason.
    pub waiting: usize,
    /// So many were refused for good.
    pub refused: usize,
    /// The relay's last words where a letter was not taken.
    pub reply: String,
}

/// What a relay, or a folder, did with a letter.
enum Outcome {
    Taken(String),
    Later(String),
    Refused(String),
    /// This relay cannot take it, another one may.
    Unfit(String),
}

impl Outcome {
    /// The same in other words.
    fn map(self, words: impl Fn(String) -> String) -> Self {
        match self {
            Self::Taken(said) => Self::Taken(words(said)),
            Self::Later(said) => Self::Later(words(said)),
            Self::Refused(said) => Self::Refused(words(said)),
            Self::Unfit(said) => Self::Unfit(words(said)),
        }
    }
}

/// Forgets what is over, wishes and letters; says how many.
pub async fn tidy(config: &Config, store: &Store, at: Instant) -> Result<u64, Error> {
    // What is kept for ever is older than nothing.
    let older = config.retention.service_letters.map_or(Instant::UNIX_EPOCH, |kept| at - kept);
    match store.is_untidy(at, older).await? {
        true => Ok(store.tidy(at, older).await?),
        false => Ok(0),
    }
}

/// Sends what is due at an instant. `clock` is the machine's: leases are between machines.
pub async fn deliver(config: &Config, store: &Store, at: Instant, clock: fn() -> Instant) -> Result<Told, Error> {
    tidy(config, store, at).await?;
    let mut told = Told::default();
    loop {
        let now = clock();
        let letters = store.lease_service_letters(at, BATCH, now, now + LEASE).await?;
        if letters.is_empty() {
            return Ok(told);
        }
        for letter in letters {
            // A relay may be slow: whose turn came too late has been taken by another worker.
            if !store.renew_service_letter(&letter, clock() + LEASE).await? {
                continue;
            }
            let clean = |reply: String| without_address(&reply, &letter.address);
            let (state, reply) = match hand_over(config, store.key(), &letter, at).await.map(clean) {
                Outcome::Taken(reply) => {
                    told.sent += 1;
                    (ServiceState::Sent, reply)
                }
                Outcome::Later(reply) => {
                    told.waiting += 1;
                    told.reply.clone_from(&reply);
                    (ServiceState::Queued(at + pause(&letter)), reply)
                }
                Outcome::Refused(reply) | Outcome::Unfit(reply) => {
                    told.refused += 1;
                    told.reply.clone_from(&reply);
                    (ServiceState::Failed, reply)
                }
            };
            store.settle_service_letter(&letter, state, &reply).await?;
        }
    }
}

/// How long a letter waits before it is tried again: somebody sits before a mailbox.
fn pause(letter: &ServiceLease) -> Duration {
    Duration::from_secs(60 << letter.attempts.clamp(0, 6))
}

/// The address that a letter comes back to: it names the letter, so that a wish whose letter found nobody ends.
fn sender(config: &Config, key: &Key, letter: &ServiceLease) -> String {
    let (bounce, separator) = (&config.letters.bounce_address, config.letters.bounce_separator);
    match letter.public_id() {
        Some(id) => format!("{}{separator}{}@{}", bounce.local(), token::service_bounce(key, &id), bounce.domain()),
        None => bounce.to_string(),
    }
}

/// Hands a letter to the folder, or to the first relay that can be reached.
async fn hand_over(config: &Config, key: &Key, letter: &ServiceLease, at: Instant) -> Outcome {
    let recipient = match letter.address.parse() {
        Ok(recipient) => recipient,
        Err(error) => return Outcome::Refused(format!("not sent: {error}")),
    };
    let sender = sender(config, key, letter);
    let mut written = RenderedLetter { sender, recipient, text: letter.message.clone() };
    if let Some(signer) = Signer::new(config, at)
        && let Err(reason) = signer.sign(&mut written)
    {
        return Outcome::Refused(format!("not sent: {reason}"));
    }
    match &config.relays {
        Relays::Folder(folder) => match folder::put_one(folder, &format!("service.{}.eml", letter.name()), &written) {
            Ok(()) => Outcome::Taken("written".into()),
            Err(error) => Outcome::Later(error.to_string()),
        },
        Relays::Smtp(relays) => {
            let mut last = Outcome::Later("there is no relay".into());
            for relay in relays {
                match Wire::open(relay).await {
                    Ok(mut wire) => {
                        last = say(&mut wire, &written, &letter.name()).await;
                        if !matches!(last, Outcome::Later(_) | Outcome::Unfit(_)) {
                            // Whatever it says to that: rather twice than never goes for doubt, too.
                            return match wire.quit().await {
                                Err(broken) if broken.astray => Outcome::Later(broken.words),
                                _ => last,
                            };
                        }
                    }
                    Err(broken) => last = Outcome::Later(format!("{}: {}", relay.name, broken.words)),
                }
            }
            last
        }
    }
}

/// Leads the dialogue over one letter, step by step.
async fn say(wire: &mut Wire, written: &RenderedLetter, id: &str) -> Outcome {
    if let Err(unfit) = wire.offers.takes(written.text.len() as u64, &written.recipient) {
        return Outcome::Unfit(unfit.to_string());
    }
    let (mail, rcpt) = wire.offers.envelope(written, &format!("service.{id}"));
    // No line of it begins with a dot: there is nothing to stuff.
    let text = format!("{}.\r\n", written.text);
    let lines = [
        (Command::Mail, None, mail),
        (Command::Recipient, Some(Step::Recipient), rcpt),
        (Command::Data, Some(Step::Data), "DATA\r\n".into()),
        (Command::End, Some(Step::End), text),
    ];
    for (command, step, line) in lines {
        let reply = match wire.ask(command, &line).await {
            Ok(reply) => reply,
            // It may have been taken; a second letter does no harm, none would.
            Err(broken) => return Outcome::Later(broken.words),
        };
        match (command.judge(reply.code), step.map(|step| Verdict::of(step, &reply))) {
            (Says::Yes, Some(Verdict::Sent(words))) => return Outcome::Taken(words),
            (Says::Yes, _) => {}
            (Says::No, Some(Verdict::Refused(words) | Verdict::NoAddress(words))) => return Outcome::Refused(words),
            // Who refuses our sender, or us, may think better of it.
            (Says::No, _) => return Outcome::Later(reply.to_string()),
            (Says::Nonsense, _) => return Outcome::Later(nonsense(command, &reply)),
        }
    }
    Outcome::Later("the relay has not said that it took the letter".into())
}
