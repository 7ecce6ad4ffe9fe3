//! A column's picture: where it is served, and what is known of it.

use std::path::Path;

use super::super::{
    Error, ImportResult, SourceLocation,
    front_matter::FrontMatterPicture,
    media,
    site_paths::{self, SiteLinks},
    wrong,
};
use crate::{
    config::Magazine,
    model::{Image, text, uri},
};

/// The picture of the front matter; nothing if it is none, which is told. One that we have a key of our own for must
/// be right.
pub(in crate::ingest) fn image(
    image: FrontMatterPicture,
    links: &SiteLinks<'_>,
    beside: Option<&Path>,
    place: &SourceLocation,
    magazine: &Magazine,
    result: &mut ImportResult,
) -> Result<Option<Image>, Error> {
    let key = if image.key == "image" { "image.url" } else { &image.key };
    let address = site_paths::plain(&image.url);
    let url = match links.bundled(&address) {
        Some(url) => Ok(url),
        None => magazine.media_url.join(&address),
    };
    let url = url
        .map_err(|error| error.to_string())
        .and_then(|url| if uri::is_web(&url) { Ok(url) } else { Err(format!("{:?} is no web address", image.url)) });
    let url = match url {
        Ok(url) => url,
        Err(why) if image.key == "image" => return Err(wrong(place, format!("{key}: {why}"))),
        Err(why) => {
            result.warn(place, format!("{key}: {why}: the column has no picture"));
            return Ok(None);
        }
    };
    let alt = text::one_line(&result.legal(place, "image's alt", &image.alt));
    if alt.is_empty() {
        result.warn_of_many(place, "its image has no alt: say in words what it shows");
    }
    let measured = media::measure(beside, &address);
    let credit = image.credit.map(|credit| text::one_line(&result.legal(place, "image's credit", &credit)));
    Ok(Some(Image {
        alt,
        credit: credit.filter(|c| !c.is_empty()),
        media_type: measured.media_type,
        width: image.width.or(measured.width),
        height: image.height.or(measured.height),
        length: measured.length,
        url,
    }))
}
