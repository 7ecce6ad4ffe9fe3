//! Who is at the desk, and word of what changes there: a page that is open hears of it within a second or two.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Extension,
    extract::{Query, State},
    http::{HeaderName, HeaderValue, header},
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use futures_util::stream;

use super::{Desk, DeskError, query::DeskQuery, session::Editor};
use crate::{
    edition::next::{self, NextEdition},
    locales::fill,
    model::{DeskRecord, EditionKey, Period},
};

/// How often it is looked whether something has changed.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// After so many looks the answer ends and the browser asks again: who has no session any more hears nothing, and a
/// desk that is to end is kept by nobody.
const MAX_POLLS: u32 = 6;
/// Whoever has not asked for so long has left.
const ABSENT_AFTER: Duration = Duration::from_secs(5);

/// Who is at the desk, by the instant of the last sign.
#[derive(Debug, Default)]
pub(super) struct Presence(Mutex<BTreeMap<String, Instant>>);

impl Presence {
    fn seen(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), Instant::now());
    }

    /// Who is here beside somebody.
    fn others(&self, name: &str) -> Vec<String> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, seen| seen.elapsed() < ABSENT_AFTER);
        all.keys().filter(|other| *other != name).cloned().collect()
    }
}

/// Who else is here, in words; nothing if nobody is.
pub(super) fn here(desk: &Desk, editor: &Editor) -> String {
    let others = desk.0.presence.others(&editor.name);
    if others.is_empty() { String::new() } else { fill(&desk.words().here, &[("names", &others.join(", "))]) }
}

/// Changes whenever somebody or something has changed an edition: editors its texts, a sync its columns.
pub(super) fn stamp(coming: &NextEdition) -> String {
    stamp_of(&coming.draft.slot.period, &coming.desk, coming.revision)
}

fn stamp_of(period: &Period, desk: &DeskRecord, revision: i64) -> String {
    format!("{period} {} {} {revision}", desk.version.number, desk.last_note)
}

/// What an open page watches.
struct Watch {
    desk: Desk,
    editor: Editor,
    key: EditionKey,
    period: Period,
    polls: u32,
    /// What was told last.
    told: String,
}

impl Watch {
    /// Waits until there is something to tell; nothing at the end.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            if self.polls >= MAX_POLLS {
                return None;
            }
            if self.polls > 0 {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
            self.polls += 1;
            self.desk.0.presence.seen(&self.editor.name);
            let store = self.desk.shared().store();
            // What the store cannot say now, the next answer may.
            let (Ok(record), Ok(revision)) = (store.desk(&self.key).await, store.revision().await) else { return None };
            let stamp = stamp_of(&self.period, &record, revision);
            let news = serde_json::json!({ "stamp": stamp, "here": here(&self.desk, &self.editor) }).to_string();
            if news != self.told {
                self.told.clone_from(&news);
                return Some((Ok(Event::default().data(news)), self));
            }
        }
    }
}

/// Tells a page of changes as they happen, and who is here.
pub(super) async fn watch(
    State(desk): State<Desk>,
    Extension(editor): Extension<Editor>,
    Query(ask): Query<DeskQuery>,
) -> Result<Response, DeskError> {
    let (config, store, now) = desk.context();
    let coming = next::coming(config, store, now, ask.named().as_ref()).await?;
    let slot = &coming.draft.slot;
    let (key, period) = (slot.key(), slot.period.clone());
    let first = Watch { desk: desk.clone(), editor, key, period, polls: 0, told: String::new() };
    let retry = stream::once(async { Ok(Event::default().retry(Duration::from_millis(300))) });
    let events = futures_util::StreamExt::chain(retry, stream::unfold(first, Watch::next));
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // A proxy passes it on as it comes.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, Sse::new(events)).into_response())
}
