//! What editors get by mail: the proof of an edition, and notices of what they must know, each told
//! once. The letters are queued in the commit that says so, and go out like all that serve one
//! person.

use std::fmt::Display;

use super::Error;
use super::next::{ApprovalState, NextEdition};
use super::render::{
    self,
    service::{self, AutoSubmitted, ServiceEnvelope, ServiceParts},
};
use super::special;
use crate::{
    config::Config,
    locales::fill,
    model::{Choice, EditionKey, EmailAddress, Instant, Mailbox, Note, NoteKind, Now, Period, token},
    store::{RestingDomain, ServiceKind, ServiceLetter, Store},
};

/// After this, a notice or a proof is of no use.
const LETTER_LIFETIME: chrono::Duration = chrono::Duration::days(3);

/// Who makes what nobody asks for.
pub const AUTOMATIC_ACTOR: &str = "gazetier";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditorNotice {
    /// The edition's hour has come, and nobody has approved it.
    Unapproved,
    /// It has changed since somebody approved it.
    Lapsed(String, Instant),
    /// It was too late to go out by itself.
    Late,
    /// What would break keeps it from being sent.
    Broken(String),
    /// A relay does not want it, and says so in these words.
    Refused(String),
    /// It went out already, and the store does not know it.
    Restored(String),
}

impl EditorNotice {
    /// By this it is told once.
    pub fn key(&self) -> String {
        match self {
            Self::Unapproved => "unapproved".into(),
            Self::Lapsed(_, at) => format!("fallen {}", at.timestamp_millis()),
            Self::Late => "late".into(),
            Self::Restored(_) => "restored".into(),
            Self::Refused(what) => format!("refused {}", crate::model::column::fingerprint([what])),
            Self::Broken(what) => format!("broken {}", crate::model::column::fingerprint([what])),
        }
    }
}

/// A link in a proof or a notice opens the desk for so long after the edition's hour: a letter that is passed on
/// later opens nothing.
const DESK_LINK_LIFETIME: chrono::Duration = chrono::Duration::days(7);

/// The address of the desk for an editor, with the token that lets in; it ends some days after the hour of the
/// edition that it came with.
async fn desk_link(
    config: &Config,
    store: &Store,
    editor: &EmailAddress,
    cutoff: Instant,
    at: Instant,
) -> Result<String, Error> {
    let name = editor.folded();
    let token =
        token::desk(store.key(), &name, store.desk_generation(&name).await?, cutoff.max(at) + DESK_LINK_LIFETIME);
    Ok(format!("{}enter/{token}", config.desk.address()))
}

/// Tells the editors something about an edition, once; false if they know.
pub async fn notify(
    config: &Config,
    store: &Store,
    at: Instant,
    key: &EditionKey,
    period: &Period,
    notice: &EditorNotice,
) -> Result<bool, Error> {
    let mut letters = Vec::new();
    for editor in &config.desk.editors {
        let desk_link = desk_link(config, store, &editor.address, key.cutoff, at).await?;
        let note = notice_message(config, period, notice, desk_link);
        let written = service::write(config, store.key(), &note, envelope_to(editor, at))?;
        letters.push(queued_letter(editor, written.text, at));
    }
    let note =
        Note { kind: NoteKind::Told, subject: notice.key(), who: AUTOMATIC_ACTOR.into(), words: String::new(), at };
    Ok(store.note_and_queue(key, &note, &letters).await?)
}

/// Tells the editors that a domain gets no letters for a time, and what to do, once; false if they know.
pub async fn tell_of_rest(config: &Config, store: &Store, at: Instant, rest: &RestingDomain) -> Result<bool, Error> {
    let words = &config.magazine.lang.words().notices;
    let hour = config.magazine.zone.local(rest.until).format("%Y-%m-%d %H:%M").to_string();
    let domain = rest.domain.as_str();
    let told: [(&str, &dyn Display); 4] =
        [("count", &rest.readers), ("domain", &domain), ("hour", &hour), ("what", &rest.words)];
    let (title, text) = (fill(&words.resting.title, &told), fill(&words.resting.text, &told));
    let letters = letters_to_editors(config, store, at, &title, &text).await?;
    Ok(store.tell_rest(domain, &letters).await?)
}

/// Something that should have happened and did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missed {
    /// There has been no run.
    Run { since: String },
    /// An edition has not gone.
    Edition { period: String, hour: String },
    /// Letters of an edition still wait.
    Letters { period: String, count: i64 },
    /// A source gives nothing.
    Source { source: String, since: String },
    /// An edition stands in the future.
    Future { period: String, hour: String },
}

/// Its title and its text.
fn missed_words(config: &Config, missed: &Missed) -> (String, String) {
    let words = &config.magazine.lang.words().notices;
    let (brief, told): (_, Vec<(&str, &dyn Display)>) = match missed {
        Missed::Run { since } => (&words.missed_run, vec![("hour", since)]),
        Missed::Edition { period, hour } => (&words.missed_edition, vec![("period", period), ("hour", hour)]),
        Missed::Letters { period, count } => (&words.waiting_letters, vec![("period", period), ("count", count)]),
        Missed::Source { source, since } => (&words.silent_source, vec![("source", source), ("hour", since)]),
        Missed::Future { period, hour } => (&words.future_edition, vec![("period", period), ("hour", hour)]),
    };
    (fill(&brief.title, &told), fill(&brief.text, &told))
}

/// Tells the editors of something that is missed, once; false if they know. `key` is by what it is known.
pub async fn tell_of_missed(
    config: &Config,
    store: &Store,
    at: Instant,
    key: &str,
    missed: &Missed,
) -> Result<bool, Error> {
    let (title, text) = missed_words(config, missed);
    let letters = letters_to_editors(config, store, at, &title, &text).await?;
    Ok(store.tell_notice_by_mail(key, at, &letters).await?)
}

/// A letter with a title and a text to each editor, and each one's own way to the desk.
async fn letters_to_editors(
    config: &Config,
    store: &Store,
    at: Instant,
    title: &str,
    text: &str,
) -> Result<Vec<ServiceLetter>, Error> {
    let lang = config.magazine.lang;
    let mut letters = Vec::new();
    for editor in &config.desk.editors {
        let desk_link = desk_link(config, store, &editor.address, at, at).await?;
        let note = service::ServiceMessage {
            lang,
            subject: title.to_owned(),
            title: title.to_owned(),
            before: vec![text.to_owned()],
            button: Some((lang.words().notices.open_the_desk.clone(), desk_link)),
            after: Vec::new(),
        };
        let written = service::write(config, store.key(), &note, envelope_to(editor, at))?;
        letters.push(queued_letter(editor, written.text, at));
    }
    Ok(letters)
}

fn notice_message(
    config: &Config,
    period: &Period,
    notice: &EditorNotice,
    desk_link: String,
) -> service::ServiceMessage {
    let lang = config.magazine.lang;
    let words = &lang.words().notices;
    let hour = |at: &Instant| config.magazine.zone.local(*at).format("%Y-%m-%d %H:%M").to_string();
    let (brief, text) = match notice {
        EditorNotice::Unapproved => (&words.unapproved, words.unapproved.text.clone()),
        EditorNotice::Lapsed(who, at) => {
            (&words.fallen, fill(&words.fallen.text, &[("who", who), ("hour", &hour(at))]))
        }
        EditorNotice::Late => (&words.late, words.late.text.clone()),
        EditorNotice::Broken(what) => (&words.broken, fill(&words.broken.text, &[("what", what)])),
        EditorNotice::Refused(what) => (&words.refused, fill(&words.refused.text, &[("what", what)])),
        EditorNotice::Restored(what) => (&words.restored, fill(&words.restored.text, &[("what", what)])),
    };
    service::ServiceMessage {
        lang,
        subject: format!("{} · {period}", brief.title),
        title: brief.title.clone(),
        before: vec![text],
        button: Some((words.open_the_desk.clone(), desk_link)),
        after: Vec::new(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofResult {
    Queued(usize),
    /// All of them got this content a moment ago.
    Again,
    /// No column is new: there is none.
    Empty,
    /// Nobody is named.
    Nobody,
}

/// Sends the proof of an edition to editors, and to whom they name, with the content that it has now: once for each of them, however often
/// a button is pressed.
pub async fn send_proof(
    config: &Config,
    store: &Store,
    at: Instant,
    who: &str,
    coming: &NextEdition,
    editors: &[Mailbox],
) -> Result<ProofResult, Error> {
    if editors.is_empty() {
        return Ok(ProofResult::Nobody);
    }
    let letters = proof_letters(config, store, at, coming, editors).await?;
    if letters.is_empty() {
        return Ok(ProofResult::Empty);
    }
    let (subject, words) = (coming.hash(config)?, String::new());
    let note = Note { kind: NoteKind::Proof, subject, who: who.to_owned(), words, at };
    Ok(match store.queue_proofs(&coming.draft.slot.key(), &note, &letters).await? {
        0 => ProofResult::Again,
        count => ProofResult::Queued(count),
    })
}

async fn proof_letters(
    config: &Config,
    store: &Store,
    at: Instant,
    coming: &NextEdition,
    editors: &[Mailbox],
) -> Result<Vec<ServiceLetter>, Error> {
    let mut letters = Vec::new();
    for editor in editors {
        // Who is no editor gets a letter that opens nothing.
        let is_editor = config.desk.editors.iter().any(|known| known.address.folded() == editor.address.folded());
        let desk_link = match is_editor {
            true => desk_link(config, store, &editor.address, coming.draft.slot.cutoff, at).await?,
            false => config.desk.address(),
        };
        let Some(rendered) = render::proof(config, &coming.draft, &Choice::all(), &desk_link)? else { break };
        let parts = ServiceParts { subject: &rendered.subject, html: &rendered.html, plain: &rendered.plain };
        let written = service::compose(config, store.key(), &parts, envelope_to(editor, at))?;
        letters.push(queued_letter(editor, written.text, at));
    }
    Ok(letters)
}

/// Sends the proof that is due at `digest.proof_at`, once for each edition. Gives the period if it
/// was sent.
pub async fn send_due_proof(config: &Config, store: &Store, now: Now) -> Result<Option<Period>, Error> {
    let Some(schedule) = &config.digest.proof_at else { return Ok(None) };
    let at = now.at;
    for coming in special::all_coming(config, store, now).await? {
        let due = &coming.draft.slot;
        // The last such hour before the edition's own.
        let hour = schedule.previous(due.cutoff, &config.magazine.zone);
        if at < hour || coming.is_due || coming.draft.columns.is_empty() || coming.desk.told("proof") {
            continue;
        }
        // Of two runs at once, one says so.
        let letters = proof_letters(config, store, at, &coming, &config.desk.editors).await?;
        let (kind, subject, words) = (NoteKind::Told, "proof".into(), String::new());
        let note = Note { kind, subject, who: AUTOMATIC_ACTOR.into(), words, at };
        if store.note_and_queue(&due.key(), &note, &letters).await? {
            return Ok(Some(due.period.clone()));
        }
    }
    Ok(None)
}

/// An approval that the coming edition had and that no longer holds, because it has changed: told
/// once for each approval, before its hour if there is time.
pub async fn notify_lapsed_approval(
    config: &Config,
    store: &Store,
    now: Now,
) -> Result<Option<(Period, String, Instant)>, Error> {
    if !config.digest.approval {
        return Ok(None);
    }
    let at = now.at;
    for coming in special::all_coming(config, store, now).await? {
        let ApprovalState::Lapsed { who, at: approved } = coming.approval_state(config)? else { continue };
        let key = coming.draft.slot.key();
        let period = coming.draft.slot.period;
        if notify(config, store, at, &key, &period, &EditorNotice::Lapsed(who.clone(), approved)).await? {
            return Ok(Some((period, who, approved)));
        }
    }
    Ok(None)
}

fn envelope_to(editor: &Mailbox, at: Instant) -> ServiceEnvelope<'_> {
    ServiceEnvelope { to: &editor.address, name: editor.name.as_deref(), at, cause: AutoSubmitted::Generated }
}

fn queued_letter(editor: &Mailbox, message: String, at: Instant) -> ServiceLetter {
    let address = editor.address.clone();
    ServiceLetter { kind: ServiceKind::Desk, address, message, queued: at, expires: at + LETTER_LIFETIME }
}
