//! The welcome to who has confirmed a subscription, if the newsletter has one: once to each reader.

use chrono::Duration;

use super::consent;
use crate::{
    config::Config,
    edition::render::service::{self, AutoSubmitted, ServiceEnvelope, ServiceMessage},
    locales::fill,
    model::{Instant, Lang, text},
    send::Error,
    store::{KnownReader, ServiceKind, ServiceLetter, Store},
};

/// A welcome that comes later is none.
const LETTER_LIFETIME: Duration = Duration::days(3);

/// Queues the welcome; false if the newsletter has none, or the reader has had it.
pub async fn queue(config: &Config, store: &Store, known: &KnownReader, at: Instant) -> Result<bool, Error> {
    let (Some(own), Ok(address)) = (&config.digest.welcome, known.address.parse()) else { return Ok(false) };
    let newsletter = &config.digest.newsletter;
    let lang = known.language.as_deref().and_then(Lang::known).unwrap_or(config.magazine.lang);
    let (words, readers) = (&lang.words().service, &lang.words().readers);
    let last = store.archive(newsletter, 1).await?;
    let magazine = &config.letter_title();
    let often = &consent::often(config, readers);
    let ours = words.welcome.text.iter().map(|text| fill(text, &[("magazine", magazine), ("often", often)]));
    let note = ServiceMessage {
        lang,
        subject: format!("{} · {magazine}", words.welcome.title),
        title: words.welcome.title.clone(),
        before: ours.chain(paragraphs(own)).collect(),
        button: last
            .first()
            .map(|edition| (words.welcome.label.clone(), format!("{}{}", config.web.archive, edition.period))),
        after: vec![words.welcome_after.clone()],
    };
    let envelope = ServiceEnvelope { to: &address, name: known.name.as_deref(), at, cause: AutoSubmitted::Replied };
    let message = service::write(config, store.key(), &note, envelope)?.text;
    let (kind, expires) = (ServiceKind::Welcome, at + LETTER_LIFETIME);
    let letter = ServiceLetter { kind, address: address.clone(), message, queued: at, expires };
    Ok(store.queue_once(known.id, Some(newsletter), None, &letter).await?)
}

/// The paragraphs of a text: empty lines part them.
fn paragraphs(own: &str) -> impl Iterator<Item = String> {
    own.split("\n\n").map(text::one_line).filter(|paragraph| !paragraph.is_empty())
}
