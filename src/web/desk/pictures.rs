//! Pictures of columns that lie beside their files: the site may not have them yet, so the desk shows its own.

use std::path::{Component, Path, PathBuf};

use axum::{
    extract::{Path as Capture, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use url::Url;

use super::{Desk, DeskError};
use crate::{
    config::Source,
    model::{Column, ColumnId, Image, html::escape},
};

/// The largest picture that is shown.
const MAX_PICTURE_BYTES: u64 = 32 * 1024 * 1024;

/// A letter's HTML with the desk's own address of each picture that lies beside its column.
pub(super) async fn with_own_pictures(desk: &Desk, html: String, columns: &[Column]) -> Result<String, DeskError> {
    let mut html = html;
    for column in columns {
        let Some(image) = &column.image else { continue };
        let escaped = escape(image.url.as_str()).replace("&amp;", "&#38;");
        let written = [format!("src=\"{}\"", escaped.replace("&#38;", "&amp;")), format!("src=\"{escaped}\"")];
        if written.iter().any(|address| html.contains(address)) && file_of(desk, column, image).await?.is_some() {
            let own = format!("src=\"{}pictures/{}\"", desk.root(), column.id.0);
            html = written.iter().fold(html, |html, address| html.replace(address, &own));
        }
    }
    Ok(html)
}

/// The picture of a column, from beside its file.
pub(super) async fn picture(State(desk): State<Desk>, Capture(column): Capture<i64>) -> Result<Response, DeskError> {
    let column = desk.shared().store().column(ColumnId(column)).await?.ok_or(DeskError::NotThere)?;
    let image = column.image.clone().ok_or(DeskError::NotThere)?;
    let path = file_of(&desk, &column, &image).await?.ok_or(DeskError::NotThere)?;
    let bytes = tokio::task::spawn_blocking(move || std::fs::read(path)).await;
    let bytes = bytes.ok().and_then(Result::ok).ok_or(DeskError::NotThere)?;
    let kind = image.media_type.filter(|kind| kind.starts_with("image/")).ok_or(DeskError::NotThere)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::try_from(kind).map_err(|_| DeskError::NotThere)?),
        // A drawing may hold a script.
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox"),
        ),
    ];
    Ok((headers, bytes).into_response())
}

/// The file of a column's picture, if it lies in the folder of the column's source.
async fn file_of(desk: &Desk, column: &Column, image: &Image) -> Result<Option<PathBuf>, DeskError> {
    let config = desk.shared().config();
    for (name, path) in desk.shared().store().documents_of(column.id).await? {
        let Some(source) = config.sources.iter().find(|source| source.name == name) else { continue };
        let names = [below(&config.magazine.media_url, &image.url), below(&as_folder(&column.url), &image.url)];
        for name in names.into_iter().flatten() {
            if let Some(file) = inside(source, &path, &name) {
                return Ok(Some(file));
            }
        }
    }
    Ok(None)
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
