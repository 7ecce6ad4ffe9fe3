//! The magazine's newsletters as boxes to tick, where there are several: what each is, and how often it comes.

use serde::Serialize;

use super::{
    consent,
    form::{FieldError, Fields},
};
pub(super) use crate::outbox::consent::often;
use crate::{
    config::Config,
    locales::Readers,
    model::{Lang, Slug},
    store::{Error, KnownReader, Store},
    web::{Client, Shared},
};

/// A newsletter as a box to tick.
#[derive(Debug, Serialize)]
pub(super) struct NewsletterBox {
    pub(super) name: String,
    pub(super) title: String,
    /// May be empty.
    pub(super) description: String,
    pub(super) often: String,
    /// The page of its last edition in the archive; may be empty.
    pub(super) last: String,
    pub(super) on: bool,
}

/// All newsletters, ticked where they are wanted; none if there is only one.
pub(super) async fn boxes(
    shared: &Shared,
    words: &Readers,
    wanted: impl Fn(&Slug) -> bool,
) -> Result<Vec<NewsletterBox>, Error> {
    let views = shared.views();
    if views.len() < 2 {
        return Ok(Vec::new());
    }
    let mut boxes = Vec::new();
    for view in views {
        let config = view.config();
        boxes.push(NewsletterBox {
            name: view.newsletter().to_string(),
            title: config.letter_title().to_owned(),
            description: config.digest.description.clone().unwrap_or_default(),
            often: often(config, words),
            last: last_edition(config, view.store()).await?,
            on: wanted(view.newsletter()),
        });
    }
    Ok(boxes)
}

/// Where the last edition of a newsletter can be read.
async fn last_edition(config: &Config, store: &Store) -> Result<String, Error> {
    let last = store.archive(&config.digest.newsletter, 1).await?;
    Ok(last.first().map(|edition| format!("{}{}", config.web.archive.path(), edition.period)).unwrap_or_default())
}

/// The newsletters that are ticked, of those that there are; nothing if the form has none of these boxes.
pub(super) fn sent(config: &Config, fields: &Fields, words: &'static Readers) -> Result<Option<Vec<Slug>>, FieldError> {
    if !fields.has("newsletters") {
        return Ok(None);
    }
    let wrong = FieldError { field: "newsletters", words: &words.newsletters_wrong };
    let known = |name: &str| {
        let known = config.newsletters.iter().find(|digest| digest.newsletter.as_str() == name);
        known.map(|digest| digest.newsletter.clone())
    };
    let named = fields.all("newsletters").filter(|name| !name.is_empty()).map(known);
    named.collect::<Option<Vec<_>>>().map(Some).ok_or(wrong)
}

/// Joins the newsletters that are ticked, and leaves the others.
pub(super) async fn subscribe_to(
    shared: &Shared,
    lang: Lang,
    known: &mut KnownReader,
    wanted: &[Slug],
    client: Client,
) -> Result<(), Error> {
    let (store, now) = (shared.store(), shared.now());
    let subscribed = store.subscribed_to(known.id).await?;
    let from = client.address.map(|address| address.to_string());
    for view in shared.views() {
        let newsletter = view.newsletter();
        match (wanted.contains(newsletter), subscribed.contains(newsletter)) {
            (true, false) => {
                let consent = consent::ours(view.config(), lang);
                store.rejoin(newsletter, known.id, &consent, from.as_deref(), now).await?;
            }
            (false, true) => {
                store.unsubscribe(newsletter, known.id, now).await?;
            }
            _ => continue,
        }
        if newsletter == shared.newsletter() {
            let state = if wanted.contains(newsletter) { "active" } else { "unsubscribed" };
            state.clone_into(&mut known.state);
        }
    }
    Ok(())
}
