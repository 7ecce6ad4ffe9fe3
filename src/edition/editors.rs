//! What editors get by mail: the proof of an edition, and notices of what they must know, each told
//! once. The letters are queued in the commit that says so, and go out like all that serve one
//! person.

use super::Error;
use super::plan::{self, Coming, Outlook};
use super::render::{
    self,
    service::{self, Cause, Parts, Sending},
};
use crate::{
    config::Config,
    locales::fill,
    model::{Choice, EditionKey, EmailAddress, Instant, Mailbox, Note, NoteKind, Now, Period, token},
    store::{ServiceKind, ServiceLetter, Store},
};

/// After this, a notice or a proof is of no use.
const EXPIRES: chrono::Duration = chrono::Duration::days(3);

/// Who makes what nobody asks for.
pub const NOBODY: &str = "gazetier";

/// What editors are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The edition's hour has come, and nobody has approved it.
    Unapproved,
    /// It has changed since somebody approved it.
    Fallen(String, Instant),
    /// It was too late to go out by itself.
    Late,
    /// What would break keeps it from being sent.
    Broken(String),
    /// A relay does not want it, and says so in these words.
    Refused(String),
    /// It went out already, and the store does not know it.
    Restored(String),
}

impl Notice {
    /// By this it is told once.
    pub fn key(&self) -> String {
        match self {
            Self::Unapproved => "unapproved".into(),
            Self::Fallen(_, at) => format!("fallen {}", at.timestamp_millis()),
            Self::Late => "late".into(),
            Self::Restored(_) => "restored".into(),
            Self::Refused(what) => format!("refused {}", crate::model::column::fingerprint([what])),
            Self::Broken(what) => format!("broken {}", crate::model::column::fingerprint([what])),
        }
    }
}

/// A link in a proof or a notice opens the desk for so long after the edition's hour: a letter that is passed on
/// later opens nothing.
const LINK: chrono::Duration = chrono::Duration::days(7);

/// The address of the desk for an editor, with the token that lets in; it ends some days after the hour of the
/// edition that it came with.
async fn way_in(
    config: &Config,
    store: &Store,
    editor: &EmailAddress,
    cutoff: Instant,
    at: Instant,
) -> Result<String, Error> {
    let name = editor.folded();
    let token = token::desk(store.key(), &name, store.desk_generation(&name).await?, cutoff.max(at) + LINK);
    Ok(format!("{}enter/{token}", config.desk.address()))
}

/// Tells the editors something about an edition, once; false if they know.
pub async fn tell(
    config: &Config,
    store: &Store,
    at: Instant,
    key: &EditionKey,
    period: &Period,
    notice: &Notice,
) -> Result<bool, Error> {
    let mut letters = Vec::new();
    for editor in &config.desk.editors {
        let way_in = way_in(config, store, &editor.address, key.cutoff, at).await?;
        let note = letter(config, period, notice, way_in);
        let written = service::write(config, store.key(), &note, to(editor, at))?;
        letters.push(queued(editor, written.text, at));
    }
    let note = Note { kind: NoteKind::Told, subject: notice.key(), who: NOBODY.into(), words: String::new(), at };
    Ok(store.note_and_queue(key, &note, &letters).await?)
}

fn letter(config: &Config, period: &Period, notice: &Notice, way_in: String) -> service::Note {
    let lang = config.magazine.lang;
    let words = &lang.words().notices;
    let hour = |at: &Instant| config.magazine.zone.local(*at).format("%Y-%m-%d %H:%M").to_string();
    let (brief, text) = match notice {
        Notice::Unapproved => (&words.unapproved, words.unapproved.text.clone()),
        Notice::Fallen(who, at) => (&words.fallen, fill(&words.fallen.text, &[("who", who), ("hour", &hour(at))])),
        Notice::Late => (&words.late, words.late.text.clone()),
        Notice::Broken(what) => (&words.broken, fill(&words.broken.text, &[("what", what)])),
        Notice::Refused(what) => (&words.refused, fill(&words.refused.text, &[("what", what)])),
        Notice::Restored(what) => (&words.restored, fill(&words.restored.text, &[("what", what)])),
    };
    service::Note {
        lang,
        subject: format!("{} · {period}", brief.title),
        title: brief.title.clone(),
        before: vec![text],
        button: Some((words.open_the_desk.clone(), way_in)),
        after: Vec::new(),
    }
}

/// What became of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proofs {
    /// It goes to so many editors.
    Queued(usize),
    /// All of them got this content a moment ago.
    Again,
    /// No column is new: there is none.
    Empty,
    /// Nobody is named.
    Nobody,
}

/// Sends the proof of an edition to editors, with the content that it has now: once for each of them, however often
/// a button is pressed.
pub async fn proof(
    config: &Config,
    store: &Store,
    at: Instant,
    who: &str,
    coming: &Coming,
    editors: &[Mailbox],
) -> Result<Proofs, Error> {
    if editors.is_empty() {
        return Ok(Proofs::Nobody);
    }
    let letters = proofs(config, store, at, coming, editors).await?;
    if letters.is_empty() {
        return Ok(Proofs::Empty);
    }
    let (subject, words) = (coming.hash(config)?, String::new());
    let note = Note { kind: NoteKind::Proof, subject, who: who.to_owned(), words, at };
    Ok(match store.queue_proofs(&coming.draft.due.key(), &note, &letters).await? {
        0 => Proofs::Again,
        count => Proofs::Queued(count),
    })
}

async fn proofs(
    config: &Config,
    store: &Store,
    at: Instant,
    coming: &Coming,
    editors: &[Mailbox],
) -> Result<Vec<ServiceLetter>, Error> {
    let mut letters = Vec::new();
    for editor in editors {
        let way_in = way_in(config, store, &editor.address, coming.draft.due.cutoff, at).await?;
        let Some(rendered) = render::proof(config, &coming.draft, &Choice::all(), &way_in)? else { break };
        let parts = Parts { subject: &rendered.subject, html: &rendered.html, plain: &rendered.plain };
        let written = service::compose(config, store.key(), &parts, to(editor, at))?;
        letters.push(queued(editor, written.text, at));
    }
    Ok(letters)
}

/// Sends the proof that is due at `digest.proof_at`, once for each edition. Gives the period if it
/// was sent.
pub async fn proof_when_due(config: &Config, store: &Store, now: Now) -> Result<Option<Period>, Error> {
    let Some(schedule) = config.digest.proof_at else { return Ok(None) };
    let at = now.at;
    let coming = plan::coming(config, store, now).await?;
    let due = &coming.draft.due;
    // The last such hour before the edition's own.
    let hour = schedule.last(due.cutoff - chrono::Duration::milliseconds(1), &config.magazine.zone);
    let period = due.period.clone();
    if at < hour || coming.is_due || coming.draft.columns.is_empty() || coming.desk.told("proof") {
        return Ok(None);
    }
    // Of two runs at once, one says so.
    let letters = proofs(config, store, at, &coming, &config.desk.editors).await?;
    let note = Note { kind: NoteKind::Told, subject: "proof".into(), who: NOBODY.into(), words: String::new(), at };
    Ok(store.note_and_queue(&due.key(), &note, &letters).await?.then_some(period))
}

/// An approval that the coming edition had and that no longer holds, because it has changed: told
/// once for each approval, before its hour if there is time.
pub async fn fallen(config: &Config, store: &Store, now: Now) -> Result<Option<(Period, String, Instant)>, Error> {
    if !config.digest.approval {
        return Ok(None);
    }
    let at = now.at;
    let coming = plan::coming(config, store, now).await?;
    let Outlook::Fallen { who, at: approved } = coming.outlook(config)? else { return Ok(None) };
    let key = coming.draft.due.key();
    let period = coming.draft.due.period;
    let told = tell(config, store, at, &key, &period, &Notice::Fallen(who.clone(), approved)).await?;
    Ok(told.then_some((period, who, approved)))
}

fn to(editor: &Mailbox, at: Instant) -> Sending<'_> {
    Sending { to: &editor.address, name: editor.name.as_deref(), at, cause: Cause::Event }
}

fn queued(editor: &Mailbox, message: String, at: Instant) -> ServiceLetter {
    let address = editor.address.clone();
    ServiceLetter { kind: ServiceKind::Desk, address, message, queued: at, expires: at + EXPIRES }
}
