//! The published files at hand: read once, packed once, and looked at again only when the file's
//! inode or times say that it is another. So a request costs a look at the file, not a reading.

use std::{
    fs::{self, Metadata},
    io::{self, Read, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::{body::Bytes, http::HeaderValue};
use quick_cache::{Weighter, sync::Cache};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::negotiate::Form;
use crate::web::page;

/// How many bytes of documents are kept, packed forms included.
const ROOM: u64 = 64 << 20;
/// What is smaller is not packed: a packet holds it.
const WORTH: usize = 512;

/// What tells whether a file is the one that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp([i64; 7]);

impl Stamp {
    fn of(meta: &Metadata) -> Self {
        let [dev, ino, size] = [meta.dev(), meta.ino(), meta.len()].map(u64::cast_signed);
        Self([dev, ino, size, meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()])
    }
}

/// A published file, read.
#[derive(Debug)]
pub(super) struct Document {
    stamp: Stamp,
    plain: Bytes,
    br: OnceCell<Option<Bytes>>,
    gz: OnceCell<Option<Bytes>>,
    /// When it was last written, in whole seconds as HTTP has them.
    pub(super) modified: SystemTime,
    /// The same as a header has it.
    pub(super) date: HeaderValue,
    /// Made of its bytes: the same wherever they are served.
    pub(super) mark: String,
    /// What browsers may do with it, if it is a page with elements of its own.
    pub(super) policy: Option<HeaderValue>,
}

impl Document {
    /// Its bytes in a form; plain where packing gains nothing.
    pub(super) async fn form(self: &Arc<Self>, form: Form) -> (Form, Bytes) {
        let cell = match form {
            Form::Plain => return (Form::Plain, self.plain.clone()),
            Form::Br => &self.br,
            Form::Gz => &self.gz,
        };
        let pack = || async {
            let document = Arc::clone(self);
            let packed = tokio::task::spawn_blocking(move || pack(form, &document.plain).ok()).await;
            packed.ok().flatten().filter(|packed| packed.len() < self.plain.len()).map(Bytes::from)
        };
        if self.plain.len() < WORTH {
            return (Form::Plain, self.plain.clone());
        }
        match cell.get_or_init(pack).await {
            Some(packed) => (form, packed.clone()),
            None => (Form::Plain, self.plain.clone()),
        }
    }

    fn read(root: &Path, name: &str) -> io::Result<Self> {
        let root = root.canonicalize().map_err(|error| io::Error::new(io::ErrorKind::NotConnected, error))?;
        let path = root.join(name).canonicalize()?;
        // A link that leads out of the folder is none of ours.
        if !path.starts_with(&root) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let mut file = fs::File::open(&path)?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let mut plain = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or_default());
        file.read_to_end(&mut plain)?;
        let beside = |form| OnceCell::new_with(beside(&path, form, &plain).map(|packed| Some(packed.into())));
        let (br, gz) = (beside(Form::Br), beside(Form::Gz));
        let seconds = u64::try_from(meta.mtime()).unwrap_or_default();
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let date = HeaderValue::try_from(httpdate::fmt_http_date(modified)).map_err(io::Error::other)?;
        let mark = data_encoding::HEXLOWER.encode(&Sha256::digest(&plain)[..12]);
        let policy = if name.ends_with(".html") { policy(&plain) } else { None };
        Ok(Self { stamp: Stamp::of(&meta), plain: plain.into(), br, gz, modified, date, mark, policy })
    }
}

/// The packed file that the press laid beside a document, if it is of the same bytes: for an instant
/// after a publication it may be the one of before.
fn beside(path: &Path, form: Form, plain: &[u8]) -> Option<Vec<u8>> {
    let mut name = path.as_os_str().to_owned();
    name.push(if form == Form::Br { ".br" } else { ".gz" });
    let packed = fs::read(PathBuf::from(name)).ok().filter(|packed| packed.len() < plain.len())?;
    let mut unpacked = Vec::with_capacity(plain.len() + 1);
    // No more than is compared: a file that unpacks to a thousand times its size stays small.
    let limit = plain.len() as u64 + 1;
    let read = match form {
        Form::Br => brotli::Decompressor::new(packed.as_slice(), 4_096).take(limit).read_to_end(&mut unpacked),
        _ => flate2::read::GzDecoder::new(packed.as_slice()).take(limit).read_to_end(&mut unpacked),
    };
    (read.is_ok() && unpacked == plain).then_some(packed)
}

fn pack(form: Form, plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = Vec::with_capacity(plain.len() / 3);
    if form == Form::Br {
        let parameters = brotli::enc::BrotliEncoderParams { quality: 5, ..Default::default() };
        brotli::BrotliCompress(&mut io::Cursor::new(plain), &mut packed, &parameters)?;
        return Ok(packed);
    }
    let mut encoder = flate2::write::GzEncoder::new(packed, flate2::Compression::new(6));
    encoder.write_all(plain)?;
    encoder.finish()
}

/// The policy of a page whose sheet and script stand in it: these alone, named by their hashes.
fn policy(page: &[u8]) -> Option<HeaderValue> {
    let text = std::str::from_utf8(page).ok()?;
    let sources = |open: &str, close: &str| -> String {
        let elements = text.split(open).skip(1).filter_map(|rest| rest.split(close).next());
        elements.map(|element| format!(" {}", page::source(element))).collect()
    };
    let (styles, scripts) = (sources("<style>", "</style>"), sources("<script>", "</script>"));
    let mut policy = String::from("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    for (name, sources) in [("style-src", styles), ("script-src", scripts)] {
        if !sources.is_empty() {
            policy.push_str(&format!("; {name}{sources}"));
        }
    }
    HeaderValue::try_from(policy).ok()
}

#[derive(Debug, Clone)]
struct Weigh;

impl Weighter<String, Arc<Document>> for Weigh {
    fn weight(&self, name: &String, document: &Arc<Document>) -> u64 {
        // The packed forms, which may come later, are smaller than the plain one.
        (name.len() + document.plain.len() * 2 + 512) as u64
    }
}

/// The folder of published files.
#[derive(Debug)]
pub(in crate::web) struct Shelf {
    root: PathBuf,
    kept: Cache<String, Arc<Document>, Weigh>,
}

impl Shelf {
    pub(in crate::web) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), kept: Cache::with_weighter(256, ROOM, Weigh) }
    }

    /// A file below the folder as it is now. Names come from a list of what is published, so that
    /// none leads out of it.
    pub(super) async fn take(&self, name: &str) -> io::Result<Arc<Document>> {
        if let Some(document) = self.kept.get(name) {
            let stamp = fs::metadata(self.root.join(name)).map(|meta| Stamp::of(&meta));
            if stamp.is_ok_and(|stamp| stamp == document.stamp) {
                return Ok(document);
            }
        }
        let (root, own) = (self.root.clone(), name.to_owned());
        let document =
            tokio::task::spawn_blocking(move || Document::read(&root, &own)).await.map_err(io::Error::other)?;
        let document = Arc::new(document.inspect_err(|_| {
            self.kept.remove(name);
        })?);
        self.kept.insert(name.to_owned(), Arc::clone(&document));
        Ok(document)
    }
}
