//! Pictures of columns that lie beside their files: the site may not have them yet, so the desk shows its own.

use axum::{
    extract::{Path as Capture, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

use super::{Desk, DeskError};
use crate::{
    edition::pictures::file_of,
    model::{Column, ColumnId, html::escape},
};

/// A letter's HTML with the desk's own address of each picture that lies beside its column.
pub(super) async fn with_own_pictures(desk: &Desk, html: String, columns: &[Column]) -> Result<String, DeskError> {
    let (config, store) = (desk.shared().config(), desk.shared().store());
    let mut html = html;
    for column in columns {
        let Some(image) = &column.image else { continue };
        let escaped = escape(image.url.as_str()).replace("&amp;", "&#38;");
        let written = [format!("src=\"{}\"", escaped.replace("&#38;", "&amp;")), format!("src=\"{escaped}\"")];
        let is_shown = written.iter().any(|address| html.contains(address));
        if is_shown && file_of(config, store, column, &image.url).await?.is_some() {
            let own = format!("src=\"{}pictures/{}\"", desk.root(), column.id.0);
            html = written.iter().fold(html, |html, address| html.replace(address, &own));
        }
    }
    Ok(html)
}

/// The picture of a column, from beside its file.
pub(super) async fn picture(State(desk): State<Desk>, Capture(column): Capture<i64>) -> Result<Response, DeskError> {
    let (config, store) = (desk.shared().config(), desk.shared().store());
    let column = store.column(ColumnId(column)).await?.ok_or(DeskError::NotThere)?;
    let image = column.image.clone().ok_or(DeskError::NotThere)?;
    let path = file_of(config, store, &column, &image.url).await?.ok_or(DeskError::NotThere)?;
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
