//! Handles messages: each is read, understood, recorded in the store together with others of its batch, and set aside.
//! The store's commit comes first. If the program is killed after it, the next run reads the message again, which changes
//! nothing, because the store counts each report once.

use std::{
    collections::HashSet,
    fs,
    io::{self, ErrorKind, Read},
    path::Path,
    time::Duration,
};

use sha2::{Digest, Sha256};

use super::{
    BATCH_MESSAGES, Error, MAX_MESSAGE_BYTES, Summary,
    leaving::{self, Asked},
    lock::lock,
    maildir::Maildir,
    mbox::{self, MboxEntry, MboxReader},
    meaning::{Meaning, letter_notice, service_notice, understand},
    proof::ProofVerifier,
};
use crate::{
    config::Config,
    edition::editors,
    model::Instant,
    store::{BounceKind, BounceNotice, Effect, Store},
};

/// How long a lock of another program on the mbox is waited for.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// How long `run` waits for it: other work is waiting, and the next run comes soon.
const RUN_LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// Handles messages of one source.
#[derive(Debug, Clone, Copy)]
pub struct BounceHandler<'a> {
    pub config: &'a Config,
    pub store: &'a Store,
    /// The instant at which reports take effect.
    pub at: Instant,
    /// The machine's clock, for the age of locks.
    pub clock: fn() -> Instant,
    /// Whether to say what would happen and change nothing.
    pub rehearsal: bool,
    /// Whether to skip messages that an earlier run has left and named. A command by hand names them again.
    pub only_new: bool,
}

/// A message, by the name under which it is shown, and what it means, or why that is not known.
struct ReadMessage {
    name: String,
    meaning: Result<Meaning, String>,
}

struct BounceRun<'a> {
    handler: BounceHandler<'a>,
    proofs: ProofVerifier,
    summary: Summary,
}

impl<'a> BounceHandler<'a> {
    /// Handles the one message that a mail server hands over. It is read to its end, or the mail server would fail with a
    /// broken pipe.
    pub async fn message(self, mut from: impl Read) -> Result<Summary, Error> {
        let read = |source| Error::Read { path: "standard input".into(), source };
        let mut bytes = Vec::new();
        from.by_ref().take(MAX_MESSAGE_BYTES as u64).read_to_end(&mut bytes).map_err(read)?;
        io::copy(&mut from, &mut io::sink()).map_err(read)?;
        let mut run = self.start().await?;
        let meaning = match bytes.trim_ascii() {
            [] => Err("it is empty: a mail server gives one message here; --maildir or --mbox name a mailbox".into()),
            _ => understand(&bytes, &run.proofs),
        };
        run.record(vec![ReadMessage { name: "standard input".into(), meaning }]).await?;
        run.finish().await
    }

    pub async fn maildir(self, path: &Path) -> Result<Summary, Error> {
        if self.only_new && !exists(path)? {
            // The mail server creates it when the first letter comes back.
            return Ok(Summary::default());
        }
        let maildir = Maildir(path);
        let names = maildir.list()?;
        let mut left = UnhandledMessages::load(self.store, path).await?;
        let mut run = self.start().await?;
        if !names.is_empty() && !self.rehearsal {
            maildir.prepare()?;
        }
        let mut unread = names;
        while !unread.is_empty() {
            let rest = unread.split_off(unread.len().min(BATCH_MESSAGES));
            let (mut batch, mut reads): (Vec<_>, Vec<ReadMessage>) = (Vec::new(), Vec::new());
            for name in std::mem::replace(&mut unread, rest) {
                let mut key = fingerprint(name.unique().as_bytes());
                if self.only_new && left.was_left(&key) {
                    continue;
                }
                let meaning = match maildir.read(&name) {
                    Ok(Some(bytes)) => understand(&bytes, &run.proofs),
                    // Another run or a mail program has moved it.
                    Ok(None) => continue,
                    // It is named only once, but tried again each time: the error may pass.
                    Err(why) => {
                        key = fingerprint(format!("unread {}", name.unique()).as_bytes());
                        if self.only_new && left.was_left(&key) {
                            continue;
                        }
                        Err(why)
                    }
                };
                reads.push(ReadMessage { name: name.as_str().to_owned(), meaning });
                batch.push((name, key));
            }
            for ((name, key), handled) in batch.into_iter().zip(run.record(reads).await?) {
                if !handled {
                    left.add(key);
                } else if !self.rehearsal {
                    maildir.set_aside(&name)?;
                }
            }
        }
        if !self.rehearsal {
            left.save(self.store).await?;
        }
        run.finish().await
    }

    /// Handles an mbox, which stays locked meanwhile.
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
        let mut run = self.start().await?;
        let mut left = UnhandledMessages::load(self.store, path).await?;
        let timeout = if self.only_new { RUN_LOCK_TIMEOUT } else { LOCK_TIMEOUT };
        let locked = lock(path, self.clock, timeout).await?;
        if !self.rehearsal {
            mbox::recover(path)?;
        }
        let read = |source| Error::Read { path: path.to_owned(), source };
        let mut reader = MboxReader::new(&locked.file).map_err(read)?;
        if !reader.is_mbox().map_err(read)? {
            let reason = "it is no mbox: its first line must begin with \"From \"";
            return Err(Error::NoMailbox { path: path.to_owned(), reason });
        }
        let mut messages: Vec<MboxEntry> = Vec::new();
        let (mut reads, mut waiting) = (Vec::new(), Vec::new());
        loop {
            let found = reader.next().map_err(read)?;
            if reads.len() >= BATCH_MESSAGES || (found.is_none() && !reads.is_empty()) {
                let handled = run.record(std::mem::take(&mut reads)).await?;
                for ((index, key), handled) in waiting.drain(..).zip(handled) {
                    match messages.get_mut::<usize>(index) {
                        Some(message) if handled => message.is_handled = true,
                        _ => left.add(key),
                    }
                }
            }
            let Some(found) = found else { break };
            let key = fingerprint(&found.bytes);
            messages.push(MboxEntry { place: found.place, is_handled: false });
            if self.only_new && left.was_left(&key) {
                continue;
            }
            reads.push(ReadMessage { name: found.name, meaning: understand(&found.bytes, &run.proofs) });
            waiting.push((messages.len() - 1, key));
        }
        if !self.rehearsal {
            mbox::remove_handled(path, &locked, &messages)?;
            left.save(self.store).await?;
        }
        run.finish().await
    }

    async fn start(self) -> Result<BounceRun<'a>, Error> {
        let newsletters = self.config.newsletters.iter().map(|digest| digest.newsletter.clone()).collect();
        let proofs = ProofVerifier::new(self.store.key(), newsletters, &self.store.all_editions().await?);
        let summary = Summary { dry_run: self.rehearsal, ..Summary::default() };
        Ok(BounceRun { handler: self, proofs, summary })
    }
}

impl BounceRun<'_> {
    /// Tells the editors of the domains that rest since this run, or an earlier one that could not.
    async fn finish(mut self) -> Result<Summary, Error> {
        let BounceHandler { config, store, at, rehearsal, .. } = self.handler;
        if !rehearsal {
            self.summary.resting = store.untold_rests(at).await?;
            for rest in &self.summary.resting {
                editors::tell_of_rest(config, store, at, rest).await?;
            }
        }
        Ok(self.summary)
    }

    /// Records messages in the store; returns of each whether it was handled.
    async fn record(&mut self, reads: Vec<ReadMessage>) -> Result<Vec<bool>, Error> {
        let (mut handled, mut notices) = (Vec::with_capacity(reads.len()), Vec::new());
        for ReadMessage { name, meaning } in reads {
            self.summary.messages += 1;
            let notice = match meaning {
                Err(why) => {
                    self.summary.leave(name, why);
                    handled.push(false);
                    continue;
                }
                Ok(Meaning::Notice(notice)) => Some(notice),
                Ok(Meaning::Report(letter, statuses)) => {
                    let address = match statuses.len() {
                        1 => None,
                        _ => self.handler.store.letter_address(letter.edition, letter.reader).await?,
                    };
                    letter_notice(letter, statuses, address.as_deref())
                }
                Ok(Meaning::Service(letter, statuses)) => service_notice(letter, statuses),
                Ok(Meaning::AskedToLeave(sender, why)) => {
                    match leaving::ask(&self.handler, &sender).await? {
                        Asked::Nobody => {
                            self.summary.leave(name, why);
                            handled.push(false);
                            continue;
                        }
                        Asked::LeftBefore => self.summary.nothing_new += 1,
                        Asked::ToConfirm => self.summary.asked += 1,
                    }
                    handled.push(true);
                    continue;
                }
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
        let store = self.handler.store;
        let effects = store.take_notices(&notices, self.handler.at, self.handler.rehearsal).await?;
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
            BounceNotice::Arrived { .. } => return summary.arrived += 1,
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

/// The messages that earlier runs left in a mailbox, and those that this one leaves.
struct UnhandledMessages {
    mailbox: String,
    before: HashSet<Vec<u8>>,
    now: HashSet<Vec<u8>>,
}

impl UnhandledMessages {
    async fn load(store: &Store, mailbox: &Path) -> Result<Self, Error> {
        // However the configuration names it.
        let mailbox = fs::canonicalize(mailbox).unwrap_or(mailbox.to_owned()).display().to_string();
        let before = store.mail_left(&mailbox).await?;
        Ok(Self { mailbox, before, now: HashSet::new() })
    }

    /// Whether an earlier run left a message; then it is left again.
    fn was_left(&mut self, key: &[u8]) -> bool {
        let known = self.before.contains(key);
        if known {
            self.now.insert(key.to_owned());
        }
        known
    }

    fn add(&mut self, key: Vec<u8>) {
        self.now.insert(key);
    }

    async fn save(&self, store: &Store) -> Result<(), Error> {
        let added: Vec<Vec<u8>> = self.now.difference(&self.before).cloned().collect();
        let removed: Vec<Vec<u8>> = self.before.difference(&self.now).cloned().collect();
        Ok(store.note_mail_left(&self.mailbox, &added, &removed).await?)
    }
}

/// By this a message is recognised in the next run.
fn fingerprint(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes)[..16].to_vec()
}

fn exists(path: &Path) -> Result<bool, Error> {
    path.try_exists().map_err(|source| Error::Read { path: path.to_owned(), source })
}
