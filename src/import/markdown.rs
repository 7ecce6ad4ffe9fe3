//! Columns as Markdown files: front matter in YAML between `---` or in TOML between `+++`, then
//! the body.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{
    Error, Harvest, House, Place, body,
    clean::{CLEANER, clean_and_tell},
    media, wrong,
};
use crate::model::{Draft, EARLIEST, Image, Rubrique, Slug, text, uri};

/// How long a body may be in the form that takes the most for it: a feed validator, and many a
/// reader, takes 5 MB for a document of a feed, and a column must fit into one.
const LONGEST_BODY: usize = 4_600_000;

/// The name of this source in the store.
pub const SOURCE: &str = "markdown";

/// The front matter's keys, some under the names other programs give them.
#[derive(Debug, Deserialize)]
struct Front {
    title: String,
    #[serde(default, alias = "chapo", alias = "chapô", alias = "summary")]
    standfirst: Option<String>,
    #[serde(default, alias = "author")]
    byline: Option<String>,
    #[serde(default)]
    rubrique: Option<String>,
    #[serde(alias = "date")]
    published: When,
    #[serde(default)]
    updated: Option<When>,
    /// Names the column in its source, whatever its file is called.
    #[serde(default)]
    id: Option<String>,
    /// The id that readers of another publisher's feed know it by.
    #[serde(default)]
    guid: Option<String>,
    #[serde(default)]
    slug: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    image: Option<Picture>,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    withdrawn: bool,
}

/// All names of [`Front`], to warn of any other.
const KEYS: [&str; 18] = [
    "title",
    "standfirst",
    "chapo",
    "chapô",
    "summary",
    "byline",
    "author",
    "rubrique",
    "published",
    "date",
    "updated",
    "id",
    "guid",
    "slug",
    "url",
    "image",
    "draft",
    "withdrawn",
];

#[derive(Debug, Deserialize)]
struct Picture {
    url: String,
    #[serde(default)]
    alt: String,
    #[serde(default)]
    credit: Option<String>,
    #[serde(default)]
    width: Option<u32>,
    #[serde(default)]
    height: Option<u32>,
}

/// An instant as YAML (text) or TOML (a type of its own) writes it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum When {
    Toml(toml::value::Datetime),
    Text(String),
}

impl std::fmt::Display for When {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Toml(at) => at.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// The Markdown files of a folder and the folders in it, in order, with their names in the source.
pub fn files(folder: &Path) -> Result<Vec<(PathBuf, String)>, Error> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let read = |source| Error::Read { path: next.clone(), source };
        for entry in std::fs::read_dir(&next).map_err(read)? {
            let entry = entry.map_err(read)?;
            let path = entry.path();
            let hidden = entry.file_name().to_string_lossy().starts_with(['.', '_']);
            if hidden {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md" || ending == "markdown") {
                let key = key(&path, Some(folder));
                files.push((path, key));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A file's name in the source: its path in the source's folder without the ending, or, for a file
/// elsewhere, its bare name.
pub fn key(path: &Path, folder: Option<&Path>) -> String {
    let inside = folder.and_then(|folder| path.strip_prefix(folder).ok()).map(Path::to_owned);
    let path = inside.unwrap_or_else(|| path.file_name().map(PathBuf::from).unwrap_or_default());
    path.with_extension("").to_string_lossy().replace('\\', "/")
}

/// Reads one file's text. `key` is its name in the source unless the front matter gives an `id`.
pub fn read(text: &str, path: &Path, key: &str, house: House<'_>, harvest: &mut Harvest) -> Result<(), Error> {
    let place = Place { file: path.display().to_string(), line: None };
    let (front, body) = front(text, &place, harvest)?;
    let stem = key.rsplit('/').next().unwrap_or(key);
    let id = front.id.as_deref().map(|id| harvest.legal(&place, "id", id));
    let key = id.as_deref().unwrap_or(key);
    let slug = match &front.slug {
        Some(slug) => Slug::parse(slug).map_err(|error| wrong(&place, format!("slug: {error}")))?,
        None => Slug::from_text(undated(stem))
            .ok_or_else(|| wrong(&place, "its name holds no letter to make an address of: give it a slug"))?,
    };
    let rubrique = front.rubrique.as_deref().filter(|label| !label.trim().is_empty());
    let known = rubrique.and_then(|label| Rubrique::find(house.rubriques, label)).map(|r| r.slug.clone());
    match rubrique {
        Some(label) if known.is_none() => harvest.warn(
            &place,
            format!("{label:?} is no rubrique of the configuration: the column is in the feed of all columns alone"),
        ),
        _ => {}
    }
    let url = match &front.url {
        Some(url) => house.magazine.url.join(url),
        None => house.magazine.column_url(&slug, known.as_ref()),
    };
    let url = url.map_err(|error| wrong(&place, format!("url: {error}")))?;
    if !uri::is_web(&url) {
        return Err(wrong(&place, format!("url: {url} is no address that readers can follow: write an https one")));
    }
    let when = |key: &str, at: &When| {
        house.magazine.zone.parse(&at.to_string()).map_err(|error| wrong(&place, format!("{key}: {error}")))
    };
    let published = when("published", &front.published)?;
    let updated = front.updated.as_ref().map(|at| when("updated", at)).transpose()?.unwrap_or(published);
    let updated = updated.max(published);
    if updated > published.max(house.at) {
        harvest.warn(&place, format!("updated: {updated} is still to come: taken as it was published"));
    }
    let updated = if updated > published.max(house.at) { published } else { updated };
    if updated < EARLIEST {
        harvest.warn(
            &place,
            "published: before 1990, which feed readers take for a mistake: RSS and Atom leave the date out, and Atom's \
             readers get it as updated in 1990; write as `updated` when it came on the site",
        );
    }
    let title = text::one_line(&harvest.legal(&place, "title", &front.title));
    if title.trim().is_empty() {
        return Err(wrong(&place, "title: it is empty"));
    }
    let standfirst = harvest.legal(&place, "standfirst", front.standfirst.as_deref().unwrap_or_default());
    let byline = front.byline.as_deref().map(|b| byline(b, &place, harvest));
    let guid = front.guid.as_deref().map(|guid| guid_of(guid, &place, harvest)).transpose()?;
    let (body_raw, flattened) = body::html(&harvest.legal(&place, "body", body));
    let cleaned = clean_and_tell(&body_raw, &url, &house.magazine.media_url);
    if flattened || cleaned.flattened {
        harvest.warn(
            &place,
            "the body has more than 100 elements in one another: the inner ones are gone, their words stay",
        );
    }
    let body = cleaned.html;
    let length = body.len() + 3 * body.matches(['<', '>']).count() + 5 * body.matches(['"', '\'', '&']).count();
    if length > LONGEST_BODY {
        let message = format!("the body takes {length} bytes in a feed, readers take {LONGEST_BODY}: shorten it");
        return Err(wrong(&place, message));
    }
    let image = front.image.map(|image| picture(image, path, &place, house, harvest)).transpose()?;
    harvest.drafts.push(Draft {
        source: SOURCE.to_owned(),
        guid: guid.unwrap_or_else(|| house.magazine.tag(SOURCE, key)),
        key: key.to_owned(),
        rubrique: known,
        title,
        standfirst: text::one_line(&standfirst),
        byline: byline.filter(|b| !b.trim().is_empty()),
        body,
        body_raw,
        cleaner: CLEANER,
        url,
        image,
        published,
        updated,
        withdrawn: front.draft || front.withdrawn,
    });
    Ok(())
}

/// Splits a file into its front matter and its body.
fn front<'a>(text: &'a str, place: &Place, harvest: &mut Harvest) -> Result<(Front, &'a str), Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let fence = if text.starts_with("+++") { "+++" } else { "---" };
    let first = text.lines().next().unwrap_or_default();
    if first.trim_end() != fence {
        return Err(wrong(
            place,
            "it begins with no front matter: write it between two lines of --- (YAML) or +++ (TOML)",
        ));
    }
    let after = &text[first.len()..];
    let after = after.strip_prefix('\r').unwrap_or(after);
    let inner_start = text.len() - after.len() + usize::from(after.starts_with('\n'));
    let mut at = inner_start;
    for line in text[inner_start..].split_inclusive('\n') {
        if line.trim_end() == fence {
            let body = &text[at + line.len()..];
            // A line for the fence, so that what is wrong is told with its line in the file.
            let head = format!("\n{}", &text[inner_start..at]);
            let (front, names) = if fence == "+++" { from_toml(&head) } else { from_yaml(&head) }
                .map_err(|message| wrong(place, format!("front matter: {message}")))?;
            for name in names.keys().filter(|name| !KEYS.contains(&name.as_str())) {
                harvest.warn(place, format!("the front matter's {name:?} means nothing here: passed over"));
            }
            return Ok((front, body));
        }
        at += line.len();
    }
    Err(wrong(place, format!("its front matter has no end: write a line of {fence} after it")))
}

type Names = BTreeMap<String, serde::de::IgnoredAny>;

fn from_toml(text: &str) -> Result<(Front, Names), String> {
    let read = |error: toml::de::Error| error.to_string().trim_end().to_owned();
    Ok((toml::from_str(text).map_err(read)?, toml::from_str(text).map_err(read)?))
}

fn from_yaml(text: &str) -> Result<(Front, Names), String> {
    let read = |error: serde_saphyr::Error| error.to_string().trim_end().to_owned();
    Ok((serde_saphyr::from_str(text).map_err(read)?, serde_saphyr::from_str(text).map_err(read)?))
}

/// A name, without the e-mail address that may stand with it: a feed would tell it everybody.
fn byline(text: &str, place: &Place, harvest: &mut Harvest) -> String {
    let byline = text::one_line(&harvest.legal(place, "byline", text));
    let name = text::without_mail(&byline);
    if *name != byline {
        harvest.warn(place, "the byline held an e-mail address, which a feed would tell everybody: taken out");
    }
    name.into_owned()
}

/// The id that readers of another feed know the column by, whatever it looks like.
fn guid_of(text: &str, place: &Place, harvest: &mut Harvest) -> Result<String, Error> {
    let guid = text::one_line(&harvest.legal(place, "guid", text));
    let guid = guid.trim();
    if guid.is_empty() || (guid.len() < 9 && guid.chars().all(char::is_numeric)) {
        let message = "guid: a short number, or nothing, is no id for ever: write an address, or leave it out";
        return Err(wrong(place, message));
    }
    Ok(guid.to_owned())
}

fn picture(
    image: Picture,
    path: &Path,
    place: &Place,
    house: House<'_>,
    harvest: &mut Harvest,
) -> Result<Image, Error> {
    let url = house.magazine.media_url.join(&image.url);
    let url = url.map_err(|error| wrong(place, format!("image.url: {error}")))?;
    if !uri::is_web(&url) {
        return Err(wrong(place, format!("image.url: {:?} is no web address", image.url)));
    }
    let alt = text::one_line(&harvest.legal(place, "image's alt", &image.alt));
    if alt.is_empty() {
        harvest.warn(place, "its image has no alt: say in words what it shows");
    }
    let measured = media::measure(path, &image.url);
    let credit = image.credit.map(|credit| text::one_line(&harvest.legal(place, "image's credit", &credit)));
    Ok(Image {
        alt,
        credit: credit.filter(|c| !c.is_empty()),
        media_type: measured.media_type,
        width: image.width.or(measured.width),
        height: image.height.or(measured.height),
        length: measured.length,
        url,
    })
}

/// A file's name without the date that it may begin with.
fn undated(stem: &str) -> &str {
    let date = stem.get(..10).and_then(|date| chrono::NaiveDate::parse_from_str(date, "%Y-%m-%d").ok());
    match (date, stem.get(10..)) {
        (Some(_), Some(rest)) if rest.len() > 1 => rest.trim_start_matches(['-', '_']),
        _ => stem,
    }
}
