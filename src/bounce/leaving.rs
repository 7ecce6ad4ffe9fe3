//! Who writes "stop" without the token that proves who they are is asked to confirm by mail. The sender's address can be
//! written by anybody, so that it changes nothing by itself; and who is not on the list gets no letter.

use chrono::Duration;

use super::{BounceHandler, Error};
use crate::{
    config::Digest,
    edition::render::service::{self, AutoSubmitted, ServiceEnvelope, ServiceMessage},
    locales::fill,
    model::{EmailAddress, Lang, token},
    store::{Pace, ServiceKind, ServiceLetter},
};

/// The letter is of no use after this.
const LETTER_LIFETIME: Duration = Duration::days(3);

/// How soon the same address is asked again, whoever writes in its name.
const LETTER_PACE: Pace = Pace {
    pauses: &[Duration::hours(24), Duration::days(7)],
    memory: Duration::days(30),
    open: LETTER_LIFETIME,
    a_day: 8,
};

/// What came of a wish to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// The address is asked, or was a short while ago.
    ToConfirm,
    LeftBefore,
    /// The address is not on the list.
    Nobody,
}

/// Asks an address whether it wants to leave.
pub(super) async fn ask(handler: &BounceHandler<'_>, sender: &EmailAddress) -> Result<Asked, Error> {
    let BounceHandler { config, store, at, .. } = *handler;
    // The page behind the link offers to leave all, if there are several.
    let mut found = None;
    for Digest { newsletter, .. } in &config.newsletters {
        match store.subscriber_at(newsletter, sender).await? {
            Some(known) if known.state == "active" => {
                found = Some((newsletter, known));
                break;
            }
            Some(known) => found = found.or(Some((newsletter, known))),
            None => {}
        }
    }
    let Some((newsletter, known)) = found else { return Ok(Asked::Nobody) };
    if known.state != "active" {
        return Ok(Asked::LeftBefore);
    }
    // To the address that is on the list, however this one was spelt.
    let Ok(address) = known.address.parse::<EmailAddress>() else { return Ok(Asked::Nobody) };
    if handler.rehearsal {
        return Ok(Asked::ToConfirm);
    }
    let lang = known.language.as_deref().and_then(Lang::known).unwrap_or(config.magazine.lang);
    let words = &lang.words().service.leave;
    let magazine = &config.magazine.name;
    let link =
        format!("{}{}", config.letters.unsubscribe_url, token::unsubscribe(store.key(), newsletter, known.reader));
    let note = ServiceMessage {
        lang,
        subject: format!("{} · {magazine}", words.title),
        title: words.title.clone(),
        before: words.text.iter().map(|text| fill(text, &[("magazine", magazine)])).collect(),
        button: Some((words.label.clone(), link)),
        after: Vec::new(),
    };
    let envelope = ServiceEnvelope { to: &address, name: known.name.as_deref(), at, cause: AutoSubmitted::Replied };
    let message = service::write(config, store.key(), &note, envelope)?.text;
    let expires = at + LETTER_LIFETIME;
    let letter = ServiceLetter { kind: ServiceKind::Leave, address, message, queued: at, expires };
    store.ask(None, &letter, &LETTER_PACE).await?;
    Ok(Asked::ToConfirm)
}
