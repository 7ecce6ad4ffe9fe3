//! Columns that were read and are not in the store yet. A sync may read more of them than memory should
//! hold: some are kept in memory, and with more they wait in a file without a name, which is gone with
//! the program.

use std::{
    borrow::Cow,
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    cli::exit,
    model::{Draft, Image, Instant, Slug},
};

/// So many bytes stay in memory.
const ROOM: usize = 8 << 20;

/// Where a column waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spooled {
    at: u64,
    length: usize,
}

/// A column that waits, with its fingerprints, which are made where there is more than one thread.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) draft: Draft,
    /// Of all that readers can see.
    pub(super) fingerprint: String,
    /// Of its words.
    pub(super) content: String,
}

/// The columns of one sync.
#[derive(Debug, Default)]
pub(super) struct Spool {
    file: Option<File>,
    /// How many bytes are in the file.
    filed: u64,
    /// What comes after them.
    memory: Vec<u8>,
}

impl Spool {
    /// Keeps a column as [`encode`] wrote it.
    pub(super) fn put(&mut self, bytes: &[u8]) -> anyhow::Result<Spooled> {
        let spooled = Spooled { at: self.filed + self.memory.len() as u64, length: bytes.len() };
        self.memory.extend_from_slice(bytes);
        if self.memory.len() > ROOM {
            let folder = folder();
            self.file(&folder).map_err(|error| {
                let message = format!(
                    "cannot write into {}, where columns wait to be entered: {error}: make room there, or name another \
                     folder in the environment's TMPDIR",
                    folder.display()
                );
                exit::complain(exit::CANNOT_WRITE, message)
            })?;
        }
        Ok(spooled)
    }

    fn file(&mut self, folder: &Path) -> io::Result<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => tempfile::tempfile_in(folder)?,
        };
        file.write_all_at(&self.memory, self.filed)?;
        self.filed += self.memory.len() as u64;
        self.memory.clear();
        self.file = Some(file);
        Ok(())
    }

    /// A column of a source.
    pub(super) fn get(&self, spooled: Spooled, source: &str) -> io::Result<Waiting> {
        let Spooled { at, length } = spooled;
        let mut bytes = vec![0; length];
        match (&self.file, at.checked_sub(self.filed).and_then(|at| usize::try_from(at).ok())) {
            (Some(file), None) => file.read_exact_at(&mut bytes, at)?,
            (_, Some(at)) if at + length <= self.memory.len() => {
                bytes.copy_from_slice(&self.memory[at..at + length]);
            }
            _ => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
        let kept: Kept<'_> = serde_json::from_slice(&bytes)?;
        let address = |text: &str| text.parse().map_err(io::Error::other);
        let image = kept.image.map(|image| {
            let KeptImage { url, alt, credit, media_type, width, height, length } = image;
            let (alt, credit) = (alt.into_owned(), credit.map(Cow::into_owned));
            let media_type = media_type.map(Cow::into_owned);
            Ok::<_, io::Error>(Image { url: address(&url)?, alt, credit, media_type, width, height, length })
        });
        let draft = Draft {
            source: source.to_owned(),
            key: kept.key.into_owned(),
            guid: kept.guid.into_owned(),
            rubrique: kept.rubrique.map(Cow::into_owned),
            title: kept.title.into_owned(),
            standfirst: kept.standfirst.into_owned(),
            byline: kept.byline.map(Cow::into_owned),
            body_raw: kept.body_raw.into_owned(),
            body: kept.body.into_owned(),
            cleaner: kept.cleaner,
            url: address(&kept.url)?,
            image: image.transpose()?,
            published: kept.published,
            updated: kept.updated,
            withdrawn: kept.withdrawn,
        };
        Ok(Waiting { draft, fingerprint: kept.fingerprint.into_owned(), content: kept.content.into_owned() })
    }
}

/// Where columns wait: where the environment says, or else where what is large may lie.
fn folder() -> PathBuf {
    let large = PathBuf::from("/var/tmp");
    if std::env::var_os("TMPDIR").is_none() && large.is_dir() { large } else { std::env::temp_dir() }
}

/// A column as it waits; its source is known.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
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
    image: Option<KeptImage<'a>>,
    published: Instant,
    updated: Instant,
    withdrawn: bool,
    fingerprint: Cow<'a, str>,
    content: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct KeptImage<'a> {
    url: Cow<'a, str>,
    alt: Cow<'a, str>,
    credit: Option<Cow<'a, str>>,
    media_type: Option<Cow<'a, str>>,
    width: Option<u32>,
    height: Option<u32>,
    length: Option<u64>,
}

/// A column as it waits in a [`Spool`].
pub(super) fn encode(draft: &Draft) -> io::Result<Vec<u8>> {
    let (fingerprint, content) = (draft.fingerprint(), draft.content());
    let image = draft.image.as_ref().map(|image| KeptImage {
        url: image.url.as_str().into(),
        alt: (&image.alt).into(),
        credit: image.credit.as_deref().map(Cow::from),
        media_type: image.media_type.as_deref().map(Cow::from),
        width: image.width,
        height: image.height,
        length: image.length,
    });
    let kept = Kept {
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
    Ok(serde_json::to_vec(&kept)?)
}
