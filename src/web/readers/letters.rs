//! The letters that the readers' pages send: composed here, queued in the store, and handed over by
//! the outbox worker at once and by every run of the program later.

use chrono::Duration;

use super::{Said, newsletters};
use crate::{
    edition::{
        self,
        render::service::{self, AutoSubmitted, ServiceEnvelope, ServiceMessage},
    },
    locales::fill,
    model::{EmailAddress, Instant, Lang, token},
    store::{KnownReader, Pace, Queueing, Request, ServiceKind, ServiceLetter},
    web::Shared,
};

/// How long a wish can be confirmed.
pub(super) const CONFIRM_LIFETIME: Duration = Duration::days(3);
/// How long a link to the preferences opens them.
pub(super) const PREFERENCES_LIFETIME: Duration = Duration::days(7);
/// How soon an address gets another letter of a kind, whoever asks for it.
const LETTER_PACE: Pace = Pace {
    pauses: &[Duration::minutes(10), Duration::hours(1), Duration::hours(6), Duration::hours(24)],
    memory: Duration::days(7),
    open: CONFIRM_LIFETIME,
    a_day: 8,
};

/// Why a letter could not be queued.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    #[error(transparent)]
    Send(#[from] crate::send::Error),
    #[error(transparent)]
    Render(#[from] edition::render::Error),
    /// The mailbox has had too many letters today: none goes out, and none is said to.
    #[error("the mailbox has had too many letters today")]
    TooMany,
}

/// Which letter, and where its button leads.
enum ReaderLetter {
    Join(i64),
    Known(String),
    Link(String),
    Move(i64),
    Moved,
}

/// Has somebody confirm a wish to join; who has joined already gets the way to the preferences.
pub(super) async fn join(shared: &Shared, lang: Lang, request: &Request) -> Result<(), Error> {
    let known = shared.store().subscriber_at(shared.newsletter(), &request.address).await?;
    // Whose letters came back is asked to confirm once more: that shows that the mailbox works.
    let is_barred = shared.store().suppression(&request.address).await?.is_some();
    match known.filter(|known| known.state == "active" && !is_barred) {
        Some(known) => {
            let lang = language(&known).unwrap_or(lang);
            // To the address that is on the list, however this one was spelt.
            let Ok(address) = known.address.parse() else { return Ok(()) };
            let link = preferences(shared, &known, shared.now());
            send(shared, lang, &address, known.name.as_deref(), ReaderLetter::Known(link), None).await
        }
        None => {
            let request = &renewed(shared, request).await?;
            send(shared, lang, &request.address, None, ReaderLetter::Join(request.id), Some(request)).await
        }
    }
}

/// Has somebody confirm a new address. Nobody has shown that it is the reader's: it is not told the name.
pub(super) async fn change(shared: &Shared, lang: Lang, request: &Request) -> Result<(), Error> {
    let request = &renewed(shared, request).await?;
    send(shared, lang, &request.address, None, ReaderLetter::Move(request.id), Some(request)).await
}

/// The wish in the place of an older one that is open, so that the links of before lead to it.
async fn renewed(shared: &Shared, request: &Request) -> Result<Request, Error> {
    let open = shared.store().open_request(request).await?;
    Ok(Request { id: open.unwrap_or(request.id), ..request.clone() })
}

/// Sends a subscriber the way to the preferences.
pub(super) async fn link(shared: &Shared, lang: Lang, known: &KnownReader) -> Result<(), Error> {
    let Ok(address) = known.address.parse() else { return Ok(()) };
    let link = preferences(shared, known, shared.now());
    send(shared, lang, &address, known.name.as_deref(), ReaderLetter::Link(link), None).await
}

/// Tells an address that the letter goes elsewhere now.
pub(super) async fn tell(shared: &Shared, lang: Lang, before: &str) -> Result<(), Error> {
    let Ok(address) = before.parse() else { return Ok(()) };
    send(shared, lang, &address, None, ReaderLetter::Moved, None).await
}

/// The language in which a subscriber is written to.
pub(super) fn language(known: &KnownReader) -> Option<Lang> {
    known.language.as_deref().and_then(Lang::known)
}

/// The address of the page of preferences.
pub(super) fn preferences(shared: &Shared, known: &KnownReader, at: Instant) -> String {
    format!(
        "{}preferences/{}",
        shared.config().web.url,
        token::preferences(shared.store().key(), known.reader, &known.standing, at + PREFERENCES_LIFETIME)
    )
}

async fn send(
    shared: &Shared,
    lang: Lang,
    to: &EmailAddress,
    name: Option<&str>,
    kind: ReaderLetter,
    request: Option<&Request>,
) -> Result<(), Error> {
    let (config, store, now) = (shared.config(), shared.store(), shared.now());
    let (words, readers) = (&lang.words().service, &lang.words().readers);
    let confirm = |id| format!("{}confirm/{}", config.web.url, token::confirm(store.key(), id));
    let (is_about, said, button, expires): (_, Said<'_>, _, _) = match kind {
        ReaderLetter::Join(id) => {
            (ServiceKind::Join, (&words.join).into(), Some((&words.join.label, confirm(id))), CONFIRM_LIFETIME)
        }
        ReaderLetter::Move(id) => {
            (ServiceKind::Move, (&words.change).into(), Some((&words.change.label, confirm(id))), CONFIRM_LIFETIME)
        }
        ReaderLetter::Known(link) => {
            (ServiceKind::Known, (&words.known).into(), Some((&words.known.label, link)), PREFERENCES_LIFETIME)
        }
        ReaderLetter::Link(link) => {
            (ServiceKind::Link, (&words.link).into(), Some((&words.link.label, link)), PREFERENCES_LIFETIME)
        }
        ReaderLetter::Moved => (ServiceKind::Moved, (&words.moved).into(), None, PREFERENCES_LIFETIME),
    };
    let (magazine, often) = (&config.letter_title(), &newsletters::often(config, readers));
    let note = ServiceMessage {
        lang,
        subject: format!("{} · {magazine}", said.title),
        title: said.title.to_owned(),
        before: said.text.iter().map(|text| fill(text, &[("magazine", magazine), ("often", often)])).collect(),
        button: button.map(|(label, url)| (label.clone(), url)),
        after: request
            .iter()
            .flat_map(|request| [fill(&readers.agreed, &[("consent", &request.consent)]), words.not_you.clone()])
            .collect(),
    };
    let written = service::write(
        config,
        store.key(),
        &note,
        ServiceEnvelope { to, name, at: now, cause: AutoSubmitted::Replied },
    )?;
    let letter = ServiceLetter {
        kind: is_about,
        address: to.clone(),
        message: written.text,
        queued: now,
        expires: now + expires,
    };
    match store.ask(request, &letter, &LETTER_PACE).await? {
        Queueing::Queued => shared.wake_outbox(),
        Queueing::IsThere => {}
        Queueing::TooMany => return Err(Error::TooMany),
    }
    Ok(())
}
