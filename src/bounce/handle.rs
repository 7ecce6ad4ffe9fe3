//! The way of a message: read, understood, taken into the store with others of its batch, set
//! aside. The store's commit comes first. Who is killed after it finds the message again and the
//! store unmoved, because everything counts once.

use std::{
    collections::HashSet,
    fs,
    io::{self, ErrorKind, Read},
    ops::Range,
    path::Path,
    time::Duration,
};

use sha2::{Digest, Sha256};

use super::{
    BATCH, Error, LIMIT, Summary,
    lock::lock,
    maildir::Maildir,
    mbox::{self, Scanner},
    proof::Seal,
    understand::{Meaning, understand, weigh, weigh_service},
};
use crate::{
    model::{Instant, Slug},
    store::{BounceKind, BounceNotice, Effect, Store},
};

/// How long another program that has an mbox is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The same at a run that comes again: other work waits.
const PATIENCE_OF_A_RUN: Duration = Duration::from_secs(2);

/// What handling needs.
#[derive(Debug, Clone, Copy)]
pub struct Bounces<'a> {
    /// The store.
    pub store: &'a Store,
    /// The newsletter that links of the first version leave.
    pub newsletter: &'a Slug,
    /// When what is read takes effect.
    pub at: Instant,
    /// The machine's clock, for the age of locks.
    pub clock: fn() -> Instant,
    /// Whether to tell what would happen, and change nothing.
    pub rehearsal: bool,
    /// Whether to pass over what an earlier run left and told of. Who asks gets told again.
    pub only_new: bool,
}

/// A message, by the name under which it would be told of, and what it means.
type Understood = (String, Result<Meaning, String>);

/// Messages on their way into the store.
struct Work<'a> {
    bounces: Bounces<'a>,
    seal: Seal<'a>,
    summary: Summary,
}

impl<'a> Bounces<'a> {
    /// Handles the one message that a mail server hands over. It is read to its end, so that the
    /// mail server need not be told that nobody listens any more.
    pub async fn message(self, mut from: impl Read) -> Result<Summary, Error> {
        let read = |source| Error::Read { path: "standard input".into(), source };
        let mut bytes = Vec::new();
        from.by_ref().take(LIMIT as u64).read_to_end(&mut bytes).map_err(read)?;
        io::copy(&mut from, &mut io::sink()).map_err(read)?;
        let mut work = self.begin().await?;
        let meaning = match bytes.trim_ascii() {
            [] => Err("it is empty: a mail server gives one message here; --maildir or --mbox name a mailbox".into()),
            _ => understand(&bytes, &work.seal),
        };
        work.take(vec![("standard input".into(), meaning)]).await?;
        Ok(work.summary)
    }

    /// Handles what is in a Maildir.
    pub async fn maildir(self, path: &Path) -> Result<Summary, Error> {
        if self.only_new && !exists(path)? {
            // A mail server makes it when the first letter comes back.
            return Ok(Summary::default());
        }
        let maildir = Maildir(path);
        let names = maildir.list()?;
        let mut leftovers = Leftovers::of(self.store, path).await?;
        let mut work = self.begin().await?;
        if !names.is_empty() && !self.rehearsal {
            maildir.prepare()?;
        }
        let mut unread = names;
        while !unread.is_empty() {
            let rest = unread.split_off(unread.len().min(BATCH));
            let (mut batch, mut reads): (Vec<_>, Vec<Understood>) = (Vec::new(), Vec::new());
            for name in std::mem::replace(&mut unread, rest) {
                let mut key = fingerprint(name.unique().as_bytes());
                if self.only_new && leftovers.pass_over(&key) {
                    continue;
                }
                let meaning = match maildir.read(&name) {
                    Ok(Some(bytes)) => understand(&bytes, &work.seal),
                    // Another run, or a mail program, has taken it.
                    Ok(None) => continue,
                    // Told once, but tried again: it may be read the next time.
                    Err(why) => {
                        key = fingerprint(format!("unread {}", name.unique()).as_bytes());
                        if self.only_new && leftovers.pass_over(&key) {
                            continue;
                        }
                        Err(why)
                    }
                };
                reads.push((name.as_str().to_owned(), meaning));
                batch.push((name, key));
            }
            for ((name, key), handled) in batch.into_iter().zip(work.take(reads).await?) {
                if !handled {
                    leftovers.leave(key);
                } else if !self.rehearsal {
                    maildir.set_aside(&name)?;
                }
            }
        }
        if !self.rehearsal {
            leftovers.note(self.store).await?;
        }
        Ok(work.summary)
    }

    /// Handles what is in an mbox. It stays locked all the while.
    pub async fn mbox(self, path: &Path) -> Result<Summary, Error> {
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_symlink() => {
                let reason = "it is a link: name the file itself, which is the one that mail servers lock";
                return Err(Error::NoMailbox { path: path.to_owned(), reason });
            }
            Ok(metadata) if !metadata.is_file() => {
                let reason = "it is no file, and an mbox is one: is it a Maildir?";
                return Err(Error::NoMailbox { path: path.to_owned(), reason });
            }
            Ok(metadata) if self.only_new && metadata.len() == 0 => return Ok(Summary::default()),
            Ok(_) => {}
            Err(error) if self.only_new && error.kind() == ErrorKind::NotFound => return Ok(Summary::default()),
            Err(source) => return Err(Error::Read { path: path.to_owned(), source }),
        }
        let mut work = self.begin().await?;
        let mut leftovers = Leftovers::of(self.store, path).await?;
        let patience = if self.only_new { PATIENCE_OF_A_RUN } else { PATIENCE };
        let locked = lock(path, self.clock, patience).await?;
        if !self.rehearsal {
            mbox::recover(path)?;
        }
        let read = |source| Error::Read { path: path.to_owned(), source };
        let mut scanner = Scanner::new(&locked.file).map_err(read)?;
        if !scanner.begins().map_err(read)? {
            let reason = "it is no mbox: its first line must begin with \"From \"";
            return Err(Error::NoMailbox { path: path.to_owned(), reason });
        }
        let mut messages: Vec<(Range<u64>, bool)> = Vec::new();
        let (mut reads, mut waiting) = (Vec::new(), Vec::new());
        loop {
            let found = scanner.next().map_err(read)?;
            if reads.len() >= BATCH || (found.is_none() && !reads.is_empty()) {
                let handled = work.take(std::mem::take(&mut reads)).await?;
                for ((index, key), handled) in waiting.drain(..).zip(handled) {
                    match messages.get_mut::<usize>(index) {
                        Some(message) if handled => message.1 = true,
                        _ => leftovers.leave(key),
                    }
                }
            }
            let Some(found) = found else { break };
            let key = fingerprint(&found.bytes);
            messages.push((found.place, false));
            if self.only_new && leftovers.pass_over(&key) {
                continue;
            }
            reads.push((found.name, understand(&found.bytes, &work.seal)));
            waiting.push((messages.len() - 1, key));
        }
        if !self.rehearsal {
            mbox::take_out(path, &locked, &messages)?;
            leftovers.note(self.store).await?;
        }
        Ok(work.summary)
    }

    async fn begin(self) -> Result<Work<'a>, Error> {
        let newsletters = vec![self.newsletter.clone()];
        let seal = Seal::new(self.store.key(), newsletters, &self.store.all_editions().await?);
        let summary = Summary { dry_run: self.rehearsal, ..Summary::default() };
        Ok(Work { bounces: self, seal, summary })
    }
}

impl Work<'_> {
    /// Takes messages into the store; says of each whether it is handled, or left.
    async fn take(&mut self, reads: Vec<Understood>) -> Result<Vec<bool>, Error> {
        let (mut handled, mut notices) = (Vec::with_capacity(reads.len()), Vec::new());
        for (name, meaning) in reads {
            self.summary.messages += 1;
            let notice = match meaning {
                Err(why) => {
                    self.summary.leave(name, why);
                    handled.push(false);
                    continue;
                }
                Ok(Meaning::Notice(notice)) => Some(notice),
                Ok(Meaning::Report(letter, fates)) => {
                    let address = match fates.len() {
                        1 => None,
                        _ => self.bounces.store.letter_address(letter.edition, letter.reader).await?,
                    };
                    weigh(letter, fates, address.as_deref())
                }
                Ok(Meaning::Service(letter, fates)) => weigh_service(letter, fates),
                Ok(Meaning::AutoReply) => {
                    self.summary.auto_replies += 1;
                    handled.push(true);
                    continue;
                }
                Ok(Meaning::Nothing) => None,
            };
            handled.push(true);
            match notice {
                Some(notice) => notices.push(notice),
                None => self.summary.nothing_new += 1,
            }
        }
        let store = self.bounces.store;
        let effects = store.take_notices(&notices, self.bounces.at, self.bounces.rehearsal).await?;
        for (notice, effect) in notices.into_iter().zip(effects) {
            self.count(notice, effect);
        }
        Ok(handled)
    }

    fn count(&mut self, notice: BounceNotice, effect: Effect) {
        let summary = &mut self.summary;
        let (suppressed, left) = match effect {
            Effect::Known => return summary.nothing_new += 1,
            Effect::Gone => return summary.gone += 1,
            Effect::Noted { suppressed, left } => (suppressed, left),
        };
        summary.suppressed += u64::from(suppressed);
        summary.unsubscribed += u64::from(left);
        let (reason, words) = match notice {
            BounceNotice::Returned { reason, words, .. } => (reason, words),
            BounceNotice::ServiceReturned { reason, .. } => (reason, String::new()),
            BounceNotice::Leave(..) => return,
        };
        match reason {
            BounceKind::Hard => summary.hard += 1,
            BounceKind::Soft => summary.soft += 1,
            BounceKind::Complaint => summary.complaints += 1,
            BounceKind::Ours => {
                summary.ours += 1;
                summary.ours_words = Some(words);
            }
        }
    }
}

/// What earlier runs left in a mailbox, and what this one leaves.
struct Leftovers {
    mailbox: String,
    before: HashSet<Vec<u8>>,
    now: HashSet<Vec<u8>>,
}

impl Leftovers {
    async fn of(store: &Store, mailbox: &Path) -> Result<Self, Error> {
        // By whatever way it is named.
        let mailbox = fs::canonicalize(mailbox).unwrap_or(mailbox.to_owned()).display().to_string();
        let before = store.mail_left(&mailbox).await?;
        Ok(Self { mailbox, before, now: HashSet::new() })
    }

    /// Whether a message was left before, and is again.
    fn pass_over(&mut self, key: &[u8]) -> bool {
        let known = self.before.contains(key);
        if known {
            self.now.insert(key.to_owned());
        }
        known
    }

    fn leave(&mut self, key: Vec<u8>) {
        self.now.insert(key);
    }

    async fn note(&self, store: &Store) -> Result<(), Error> {
        let come: Vec<Vec<u8>> = self.now.difference(&self.before).cloned().collect();
        let gone: Vec<Vec<u8>> = self.before.difference(&self.now).cloned().collect();
        Ok(store.note_mail_left(&self.mailbox, &come, &gone).await?)
    }
}

/// What a message is recognised by.
fn fingerprint(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes)[..16].to_vec()
}

fn exists(path: &Path) -> Result<bool, Error> {
    path.try_exists().map_err(|source| Error::Read { path: path.to_owned(), source })
}
