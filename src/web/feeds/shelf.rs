//! The published files at hand: read once, packed once, and looked at again only when the file's
//! inode or times say that it is another. So a request costs a look at the file, not a reading.

use std::{
    fs::{self, Metadata},
    io::{self, Read, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue},
};
use quick_cache::{Weighter, sync::Cache};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::{
    heads::{self, Manner},
    negotiate::Form,
};
use crate::web::page;

/// How many bytes of documents are kept, packed forms included.
const ROOM: u64 = 64 << 20;
/// What is smaller is not packed: a packet holds it.
const WORTH: usize = 512;
/// What headers of a document take, at the most.
const HEADS: usize = 12_288;
/// What the folder's own address shows.
const INDEX: &str = "index.html";

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
    /// As it is configured: where its links lead may change.
    path: PathBuf,
    stamp: Stamp,
    plain: Bytes,
    br: OnceCell<Option<Bytes>>,
    gz: OnceCell<Option<Bytes>>,
    /// The headers of its answers in each form, once somebody has asked: of the whole, and of a 304.
    whole: [OnceLock<HeaderMap>; 3],
    unchanged: [OnceLock<HeaderMap>; 3],
    /// How it is served.
    pub(super) manner: Manner,
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
    /// Its bytes in a form, plain where packing gains nothing; none if it has to be packed first.
    pub(super) fn form(&self, form: Form) -> Option<(Form, &Bytes)> {
        let plain = Some((Form::Plain, &self.plain));
        match self.packed(form).map(OnceCell::get) {
            Some(Some(Some(packed))) => Some((form, packed)),
            Some(None) if self.plain.len() >= WORTH => None,
            _ => plain,
        }
    }

    /// Packs it, unless somebody has.
    pub(super) async fn pack(self: &Arc<Self>, form: Form) {
        let Some(cell) = self.packed(form) else { return };
        let pack = || async {
            let document = Arc::clone(self);
            let packed = tokio::task::spawn_blocking(move || pack(form, &document.plain).ok()).await;
            packed.ok().flatten().filter(|packed| packed.len() < self.plain.len()).map(Bytes::from)
        };
        cell.get_or_init(pack).await;
    }

    fn packed(&self, form: Form) -> Option<&OnceCell<Option<Bytes>>> {
        match form {
            Form::Plain => None,
            Form::Br => Some(&self.br),
            Form::Gz => Some(&self.gz),
        }
    }

    /// The headers with which it is sent whole.
    pub(super) fn whole(&self, form: Form, length: usize) -> &HeaderMap {
        self.whole[form as usize].get_or_init(|| heads::whole(self, form, length))
    }

    /// The headers of a 304.
    pub(super) fn unchanged(&self, form: Form) -> &HeaderMap {
        self.unchanged[form as usize].get_or_init(|| heads::unchanged(self, form))
    }

    fn is_current(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|meta| Stamp::of(&meta) == self.stamp)
    }

    fn read(configured: &Path, name: &str, manner: Manner) -> io::Result<Self> {
        let root = configured.canonicalize().map_err(|error| io::Error::new(io::ErrorKind::NotConnected, error))?;
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
        let (whole, unchanged) = Default::default();
        let (path, stamp, plain) = (configured.join(name), Stamp::of(&meta), plain.into());
        Ok(Self { path, stamp, plain, br, gz, whole, unchanged, manner, modified, date, mark, policy })
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
        (name.len() + document.plain.len() * 2 + HEADS) as u64
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

    /// What was asked for by this name before, if the file is still the same.
    pub(super) fn kept(&self, name: &str) -> Option<Arc<Document>> {
        self.kept.get(name).filter(|document| document.is_current())
    }

    /// A file below the folder as it is now. Names come from a list of what is published, so that
    /// none leads out of it; the folder itself has its index.
    pub(super) async fn take(&self, name: &str, manner: impl FnOnce() -> Manner) -> io::Result<Arc<Document>> {
        if let Some(document) = self.kept(name) {
            return Ok(document);
        }
        let (root, manner) = (self.root.clone(), manner());
        let file = if name.is_empty() { INDEX } else { name }.to_owned();
        let document = tokio::task::spawn_blocking(move || Document::read(&root, &file, manner))
            .await
            .map_err(io::Error::other)?;
        let document = Arc::new(document.inspect_err(|_| {
            self.kept.remove(name);
        })?);
        self.kept.insert(name.to_owned(), Arc::clone(&document));
        Ok(document)
    }
}
