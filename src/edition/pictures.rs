//! Pictures of columns that lie beside their files. The magazine's site may not have them yet, so the desk shows them
//! itself; and a book holds them, because who reads it need not be connected.

use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
};

use imagesize::ImageType;
use url::Url;

use super::render::book::{self, BookPicture};
use crate::{
    config::{Config, Source},
    model::Column,
    store::{self, Store},
};

/// The largest picture that is shown.
const MAX_PICTURE_BYTES: u64 = 32 * 1024 * 1024;

/// The largest picture that a book holds: it is carried to a small device, and opened there.
const MAX_BOOK_PICTURE_BYTES: usize = 5 * 1024 * 1024;

/// The file of a column's picture by its address, if it lies in the folder of the column's source.
pub async fn file_of(
    config: &Config,
    store: &Store,
    column: &Column,
    picture: &Url,
) -> Result<Option<PathBuf>, store::Error> {
    for (name, path) in store.documents_of(column.id).await? {
        let Some(source) = config.sources.iter().find(|source| source.name == name) else { continue };
        let names = [below(&config.magazine.media_url, picture), below(&as_folder(&column.url), picture)];
        for name in names.into_iter().flatten() {
            if let Some(file) = inside(source, &path, &name) {
                return Ok(Some(file));
            }
        }
    }
    Ok(None)
}

/// The pictures of columns that a book can hold, and how many it cannot: they lie elsewhere, are too large, or of a kind
/// that not every reading device knows. Nothing is fetched for a book: who writes one asks nobody for anything.
pub async fn for_book(
    config: &Config,
    store: &Store,
    columns: &[Column],
) -> Result<(Vec<BookPicture>, usize), store::Error> {
    let (mut held, mut missing) = (Vec::<BookPicture>::new(), 0);
    let mut seen = BTreeSet::new();
    for column in columns {
        for address in book::pictures_of(column) {
            if !seen.insert(address.clone()) {
                continue;
            }
            let file = match Url::parse(&address) {
                Ok(url) => file_of(config, store, column, &url).await?,
                Err(_) => None,
            };
            match file.and_then(|file| std::fs::read(file).ok()).and_then(of_known_kind) {
                Some((bytes, ending, media_type)) => {
                    let name = format!("p{}.{ending}", held.len() + 1);
                    held.push(BookPicture { address, name, media_type, bytes });
                }
                None => missing += 1,
            }
        }
    }
    Ok((held, missing))
}

/// A picture with the ending and the type of what it is, whatever it is called, if every device can show it.
fn of_known_kind(bytes: Vec<u8>) -> Option<(Vec<u8>, &'static str, &'static str)> {
    let is_sound = bytes.len() <= MAX_BOOK_PICTURE_BYTES && imagesize::blob_size(&bytes).is_ok();
    let (ending, media_type) = match imagesize::image_type(&bytes).ok().filter(|_| is_sound)? {
        ImageType::Jpeg => ("jpg", "image/jpeg"),
        ImageType::Png => ("png", "image/png"),
        ImageType::Gif => ("gif", "image/gif"),
        _ => return None,
    };
    Some((bytes, ending, media_type))
}

/// The path of an address below another one, as a name beside a file.
fn below(folder: &Url, address: &Url) -> Option<String> {
    let rest = address.as_str().strip_prefix(folder.as_str())?;
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    percent_encoding::percent_decode_str(rest).decode_utf8().ok().map(|name| name.into_owned())
}

fn as_folder(page: &Url) -> Url {
    let mut folder = page.clone();
    if !folder.path().ends_with('/') {
        folder.set_path(&format!("{}/", page.path()));
    }
    folder
}

/// A file beside a document of a source, if there is one and it is really there.
fn inside(source: &Source, document: &str, name: &str) -> Option<PathBuf> {
    let is_plain = |path: &str| Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    if source.kind.is_one_file() || !is_plain(name) || !is_plain(document) {
        return None;
    }
    let file = source.path.join(document).parent()?.join(name).canonicalize().ok()?;
    let is_below = source.follow_links || file.starts_with(source.path.canonicalize().ok()?);
    let meta = file.metadata().ok()?;
    (is_below && meta.is_file() && meta.len() <= MAX_PICTURE_BYTES).then_some(file)
}
