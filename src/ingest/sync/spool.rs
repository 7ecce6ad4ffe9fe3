//! Columns that were read and are not in the store yet. A sync may read more of them than memory should hold: they wait
//! in a [`ByteSpool`].

use std::{borrow::Cow, io};

use serde::{Deserialize, Serialize};

use crate::ingest::spool::{ByteSpool, SpoolPosition};
use crate::model::{Audio, Draft, Image, Instant, Slug};

/// A column with its fingerprints, which are made where there is more than one thread.
#[derive(Debug)]
pub(in crate::ingest) struct StampedDraft {
    pub(in crate::ingest) draft: Draft,
    /// Of all that readers can see.
    pub(in crate::ingest) fingerprint: String,
    /// Of its words.
    pub(in crate::ingest) content: String,
}

/// The columns of one sync.
#[derive(Debug, Default)]
pub(in crate::ingest) struct Spool(ByteSpool);

impl Spool {
    /// Keeps a column as [`encode`] wrote it.
    pub(in crate::ingest) fn put(&mut self, bytes: &[u8]) -> io::Result<SpoolPosition> {
        self.0.put(bytes)
    }

    /// A column of a source.
    pub(in crate::ingest) fn get(&self, position: SpoolPosition, source: &str) -> io::Result<StampedDraft> {
        let bytes = self.0.get(position)?;
        let record: SpoolRecord<'_> = serde_json::from_slice(&bytes)?;
        let address = |text: &str| text.parse().map_err(io::Error::other);
        let image = record.image.map(|image| {
            let SpoolImage { url, alt, credit, media_type, width, height, length } = image;
            let (alt, credit) = (alt.into_owned(), credit.map(Cow::into_owned));
            let media_type = media_type.map(Cow::into_owned);
            Ok::<_, io::Error>(Image { url: address(&url)?, alt, credit, media_type, width, height, length })
        });
        let audio = record.audio.map(|audio| {
            let SpoolAudio { url, media_type, length, seconds } = audio;
            Ok::<_, io::Error>(Audio { url: address(&url)?, media_type: media_type.into_owned(), length, seconds })
        });
        let draft = Draft {
            source: source.to_owned(),
            key: record.key.into_owned(),
            guid: record.guid.into_owned(),
            rubrique: record.rubrique.map(Cow::into_owned),
            title: record.title.into_owned(),
            standfirst: record.standfirst.into_owned(),
            byline: record.byline.map(Cow::into_owned),
            bylines: record.bylines.into_owned(),
            tags: record.tags.into_owned(),
            body_raw: record.body_raw.into_owned(),
            body: record.body.into_owned(),
            cleaner: record.cleaner,
            url: address(&record.url)?,
            image: image.transpose()?,
            audio: audio.transpose()?,
            published: record.published,
            updated: record.updated,
            withdrawn: record.withdrawn,
        };
        Ok(StampedDraft { draft, fingerprint: record.fingerprint.into_owned(), content: record.content.into_owned() })
    }
}

/// A column as it waits; its source is known.
#[derive(Serialize, Deserialize)]
struct SpoolRecord<'a> {
    key: Cow<'a, str>,
    guid: Cow<'a, str>,
    rubrique: Option<Cow<'a, Slug>>,
    title: Cow<'a, str>,
    standfirst: Cow<'a, str>,
    byline: Option<Cow<'a, str>>,
    bylines: Cow<'a, [String]>,
    tags: Cow<'a, [String]>,
    body_raw: Cow<'a, str>,
    body: Cow<'a, str>,
    cleaner: i64,
    url: Cow<'a, str>,
    image: Option<SpoolImage<'a>>,
    audio: Option<SpoolAudio<'a>>,
    published: Instant,
    updated: Instant,
    withdrawn: bool,
    fingerprint: Cow<'a, str>,
    content: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct SpoolImage<'a> {
    url: Cow<'a, str>,
    alt: Cow<'a, str>,
    credit: Option<Cow<'a, str>>,
    media_type: Option<Cow<'a, str>>,
    width: Option<u32>,
    height: Option<u32>,
    length: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct SpoolAudio<'a> {
    url: Cow<'a, str>,
    media_type: Cow<'a, str>,
    length: Option<u64>,
    seconds: Option<u64>,
}

/// A column as it waits in a [`Spool`].
pub(in crate::ingest) fn encode(draft: &Draft) -> io::Result<Vec<u8>> {
    let (fingerprint, content) = (draft.fingerprint(), draft.content());
    let image = draft.image.as_ref().map(|image| SpoolImage {
        url: image.url.as_str().into(),
        alt: (&image.alt).into(),
        credit: image.credit.as_deref().map(Cow::from),
        media_type: image.media_type.as_deref().map(Cow::from),
        width: image.width,
        height: image.height,
        length: image.length,
    });
    let audio = draft.audio.as_ref().map(|audio| SpoolAudio {
        url: audio.url.as_str().into(),
        media_type: (&audio.media_type).into(),
        length: audio.length,
        seconds: audio.seconds,
    });
    let record = SpoolRecord {
        key: (&draft.key).into(),
        guid: (&draft.guid).into(),
        rubrique: draft.rubrique.as_ref().map(Cow::Borrowed),
        title: (&draft.title).into(),
        standfirst: (&draft.standfirst).into(),
        byline: draft.byline.as_deref().map(Cow::from),
        bylines: (&draft.bylines).into(),
        tags: (&draft.tags).into(),
        body_raw: (&draft.body_raw).into(),
        body: (&draft.body).into(),
        cleaner: draft.cleaner,
        url: draft.url.as_str().into(),
        image,
        audio,
        published: draft.published,
        updated: draft.updated,
        withdrawn: draft.withdrawn,
        fingerprint: fingerprint.into(),
        content: content.into(),
    };
    Ok(serde_json::to_vec(&record)?)
}
