//! Columns that were read and are not in the store yet. A sync may read more of them than memory should
//! hold: some are record in memory, and with more they wait in a file without a name, which is gone with
//! the program.

use std::{borrow::Cow, fs::File, io, os::unix::fs::FileExt, path::Path};

use serde::{Deserialize, Serialize};

use super::Error;
use crate::ingest::spool_folder;
use crate::model::{Draft, Image, Instant, Slug};

/// So many bytes stay in memory.
const SPOOL_MEMORY_BYTES: usize = 8 << 20;

/// Where a column waits.
#[derive(Debug, Clone, Copy)]
pub(in crate::ingest) struct SpoolPosition {
    at: u64,
    length: usize,
}

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
pub(in crate::ingest) struct Spool {
    file: Option<File>,
    /// How many bytes are in the file.
    file_bytes: u64,
    /// What comes after them.
    memory: Vec<u8>,
}

impl Spool {
    /// Keeps a column as [`encode`] wrote it.
    pub(in crate::ingest) fn put(&mut self, bytes: &[u8]) -> Result<SpoolPosition, Error> {
        let position = SpoolPosition { at: self.file_bytes + self.memory.len() as u64, length: bytes.len() };
        self.memory.extend_from_slice(bytes);
        if self.memory.len() > SPOOL_MEMORY_BYTES {
            let folder = spool_folder();
            self.write_out(&folder).map_err(|source| Error::Spool { folder, source })?;
        }
        Ok(position)
    }

    /// Moves what is in memory to the end of the file.
    fn write_out(&mut self, folder: &Path) -> io::Result<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => tempfile::tempfile_in(folder)?,
        };
        file.write_all_at(&self.memory, self.file_bytes)?;
        self.file_bytes += self.memory.len() as u64;
        self.memory.clear();
        self.file = Some(file);
        Ok(())
    }

    /// A column of a source.
    pub(in crate::ingest) fn get(&self, position: SpoolPosition, source: &str) -> io::Result<StampedDraft> {
        let SpoolPosition { at, length } = position;
        let mut bytes = vec![0; length];
        match (&self.file, at.checked_sub(self.file_bytes).and_then(|at| usize::try_from(at).ok())) {
            (Some(file), None) => file.read_exact_at(&mut bytes, at)?,
            (_, Some(at)) if at + length <= self.memory.len() => {
                bytes.copy_from_slice(&self.memory[at..at + length]);
            }
            _ => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
        let record: SpoolRecord<'_> = serde_json::from_slice(&bytes)?;
        let address = |text: &str| text.parse().map_err(io::Error::other);
        let image = record.image.map(|image| {
            let SpoolImage { url, alt, credit, media_type, width, height, length } = image;
            let (alt, credit) = (alt.into_owned(), credit.map(Cow::into_owned));
            let media_type = media_type.map(Cow::into_owned);
            Ok::<_, io::Error>(Image { url: address(&url)?, alt, credit, media_type, width, height, length })
        });
        let draft = Draft {
            source: source.to_owned(),
            key: record.key.into_owned(),
            guid: record.guid.into_owned(),
            rubrique: record.rubrique.map(Cow::into_owned),
            title: record.title.into_owned(),
            standfirst: record.standfirst.into_owned(),
            byline: record.byline.map(Cow::into_owned),
            body_raw: record.body_raw.into_owned(),
            body: record.body.into_owned(),
            cleaner: record.cleaner,
            url: address(&record.url)?,
            image: image.transpose()?,
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
    body_raw: Cow<'a, str>,
    body: Cow<'a, str>,
    cleaner: i64,
    url: Cow<'a, str>,
    image: Option<SpoolImage<'a>>,
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
    let record = SpoolRecord {
        key: (&draft.key).into(),
        guid: (&draft.guid).into(),
        rubrique: draft.rubrique.as_ref().map(Cow::Borrowed),
        title: (&draft.title).into(),
        standfirst: (&draft.standfirst).into(),
        byline: draft.byline.as_deref().map(Cow::from),
        body_raw: (&draft.body_raw).into(),
        body: (&draft.body).into(),
        cleaner: draft.cleaner,
        url: draft.url.as_str().into(),
        image,
        published: draft.published,
        updated: draft.updated,
        withdrawn: draft.withdrawn,
        fingerprint: fingerprint.into(),
        content: content.into(),
    };
    Ok(serde_json::to_vec(&record)?)
}
