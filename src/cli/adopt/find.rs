//! What somebody moves in with: a folder, a file or an address, and the sources that it is.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::Context;
use url::Url;

use super::super::{exit, session::Session};
use crate::{
    config::{Config, Source, SourceKind, is_built_in},
    fetch,
    ingest::{
        detect::{self, FileFormat},
        records::csv,
        remote::{self, FetchedFeed},
        source::KnownDocuments,
        systems::{self, FoundSite, OldFeed, SitePage, System},
    },
    model::Slug,
};

/// So much of a file tells what it is.
const START_BYTES: u64 = 64 << 10;

/// What a table must have, and what its headings may be where they are not called so.
const GUESSES: [(&str, &[&str]); 6] = [
    ("id", &["nid", "id_article", "post_id", "uid", "guid", "num", "numero", "key", "slug"]),
    ("title", &["post_title", "node_title", "name", "nom", "subject", "sujet"]),
    (
        "published",
        &["post_date", "created", "created_at", "published_at", "pubdate", "publication", "date_publication"],
    ),
    ("body", &["post_content", "body_value", "html", "description"]),
    ("bylines", &["post_author", "writer", "signature"]),
    ("url", &["permalink", "path", "lien", "adresse"]),
];

/// A source that would be configured.
#[derive(Debug)]
pub(super) struct FoundSource {
    pub(super) name: String,
    pub(super) kind: SourceKind,
    pub(super) path: PathBuf,
    /// Where it is fetched from, if it is.
    pub(super) url: Option<Url>,
    /// What its fields are called.
    pub(super) fields: BTreeMap<String, String>,
}

impl FoundSource {
    /// The source before it is configured.
    pub(super) fn unconfigured(&self) -> Source {
        let (name, fields) = (self.name.clone(), self.fields.clone());
        Source { name, fields, ..Source::of_file(self.kind, self.path.clone()) }
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct FoundThing {
    /// In words: `Hugo, by hugo.toml`.
    pub(super) words: String,
    pub(super) sources: Vec<FoundSource>,
    /// Where readers know it, if it says that.
    pub(super) address: Option<Url>,
    pub(super) feeds: Vec<OldFeed>,
    /// What of it is no column, and stays where it is.
    pub(super) left: Option<&'static str>,
    /// What a server gave.
    pub(super) fetched: Option<FetchedFeed>,
}

/// Finds out what something is.
pub(super) async fn find(session: &Session, what: &str, name: Option<&str>) -> anyhow::Result<FoundThing> {
    let mut found = match Url::parse(what) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => fetched(session, url).await?,
        _ => {
            let path = Path::new(what);
            match path
                .metadata()
                .map_err(|error| exit::failure(exit::BAD_INPUT, format!("cannot read {what}: {error}")))?
            {
                meta if meta.is_dir() => folder(path)?,
                _ => file(path)?,
            }
        }
    };
    let mut taken: Vec<String> = session.config.sources.iter().map(|source| source.name.clone()).collect();
    let is_alone = found.sources.len() == 1;
    for source in &mut found.sources {
        source.name = match name {
            // What is wrong with it, the configuration's check says.
            Some(name) if is_alone => name.to_owned(),
            Some(name) => free_name(&format!("{name}-{}", name_of(&source.path)), &taken),
            None => free_name(&source.name, &taken),
        };
        taken.push(source.name.clone());
    }
    Ok(found)
}

/// A name that no other source has, and that is none of ours.
fn free_name(wanted: &str, taken: &[String]) -> String {
    let is_free = |name: &str| !taken.iter().any(|other| other == name) && !is_built_in(name);
    let numbered = (2..).map(|number| format!("{wanted}-{number}"));
    let mut names = [wanted.to_owned(), format!("site-{wanted}")].into_iter().chain(numbered);
    names.find(|name| is_free(name)).unwrap_or_default()
}

/// A name by a path's last part.
fn name_of(path: &Path) -> String {
    let full = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let stem = full.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    Slug::from_text(&stem).map_or_else(|| "site".to_owned(), |slug| slug.to_string())
}

fn folder(path: &Path) -> anyhow::Result<FoundThing> {
    let FoundSite { system, sign, folders, address, feeds } = systems::recognise(path)?;
    let words = match &sign {
        Some(sign) => format!("{}, by {}", system.name(), sign.display()),
        None => format!("{}: no settings of a system are there", system.name()),
    };
    let name = name_of(path);
    let many = folders.len() > 1;
    let source = |folder: PathBuf| FoundSource {
        name: if many { format!("{name}-{}", name_of(&folder)) } else { name.clone() },
        kind: SourceKind::Markdown,
        path: folder,
        url: None,
        fields: BTreeMap::new(),
    };
    let left = match system {
        System::Markdown => None,
        _ => Some("pages, menus, templates; pictures are looked for below magazine.media_url"),
    };
    Ok(FoundThing {
        words,
        sources: folders.into_iter().map(source).collect(),
        address: address.and_then(|address| Url::parse(&address).ok()),
        feeds,
        left,
        fetched: None,
    })
}

fn file(path: &Path) -> anyhow::Result<FoundThing> {
    let refused = |why: String| exit::failure(exit::BAD_INPUT, format!("{}: {why}", path.display()));
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(START_BYTES).read_to_end(&mut start));
    read.with_context(|| format!("cannot read {}", path.display()))?;
    let kind = match detect::format(path, &start).map_err(refused)? {
        FileFormat::Records(kind) => kind,
        FileFormat::Markdown => {
            return Err(refused("it is one column: `gazetier import` takes it, or name its folder".to_owned()));
        }
        FileFormat::Listing => {
            return Err(refused("it is a text: `gazetier import` reads a page of columns".to_owned()));
        }
    };
    let start = String::from_utf8_lossy(&start);
    let old = |paths: &[&str]| paths.iter().map(|path| OldFeed::new(path)).collect();
    let (words, address, feeds, left): (_, _, Vec<OldFeed>, _) = match kind {
        SourceKind::Wordpress => (
            "an export of WordPress (WXR)",
            element(&start, "wp:base_blog_url").or_else(|| element(&start, "link")),
            old(&["feed/", "feed/atom/", "category/{rubrique}/feed/"]),
            Some("pages, comments, menus, and the files of the media library"),
        ),
        SourceKind::Ghost => (
            "an export of Ghost (JSON)",
            None,
            old(&["rss/", "tag/{rubrique}/rss/"]),
            Some("pages, members, and what is for members alone; `gazetier subscribers import` takes members"),
        ),
        SourceKind::Feed => ("a feed", None, Vec::new(), Some("what is older than its entries: an export has all")),
        SourceKind::Csv => ("a table (CSV)", None, Vec::new(), None),
        _ => ("columns in JSON, one on each line", None, Vec::new(), None),
    };
    let fields = if kind == SourceKind::Csv { guessed_fields(path)? } else { BTreeMap::new() };
    let source = FoundSource { name: name_of(path), kind, path: path.to_owned(), url: None, fields };
    Ok(FoundThing {
        words: words.to_owned(),
        sources: vec![source],
        address: address.and_then(|address| Url::parse(&address).ok()),
        feeds,
        left,
        fetched: None,
    })
}

/// The text of the first element of a name.
fn element(text: &str, name: &str) -> Option<String> {
    let (_, inner) = text.split_once(&format!("<{name}>"))?;
    Some(inner.split_once("</")?.0.trim().to_owned())
}

/// Which heading of a table is which field, where that is not clear by its name.
fn guessed_fields(path: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let headings = csv::headings(path).with_context(|| format!("cannot read {}", path.display()))?;
    let missing = csv::missing_fields(&headings, &GUESSES.map(|(field, _)| field));
    let guess = |field: &&str| {
        let (_, names) = GUESSES.iter().find(|(known, _)| known == field)?;
        let is_one = |heading: &&String| names.contains(&heading.to_lowercase().as_str());
        Some(((*field).to_owned(), headings.iter().find(is_one)?.clone()))
    };
    Ok(missing.iter().filter_map(guess).collect())
}

/// A feed at an address, or the one that a site's page names.
async fn fetched(session: &Session, url: Url) -> anyhow::Result<FoundThing> {
    let answer = get(&session.config, &url).await?;
    let Some(page) = SitePage::of(&answer.body, &answer.address) else {
        return Ok(feed(url, answer, "a feed".to_owned()));
    };
    let is_wordpress = page.generator.as_ref().is_some_and(|generator| generator.starts_with("WordPress"));
    let made_by = page.generator.map(|generator| format!(" of {generator}")).unwrap_or_default();
    let Some(address) = page.feeds.into_iter().next() else {
        let message = format!("{}: a page{made_by} that names no feed: give the feed's address", without_secrets(&url));
        return Err(exit::failure(exit::BAD_INPUT, message));
    };
    let answer = get(&session.config, &address).await?;
    let words = format!("the feed of a site{made_by}, which its page names");
    let mut found = feed(address, answer, words);
    if is_wordpress {
        found.left = Some(
            "what is older than its entries: an export has all, and so has kind = \"wordpress\" with the site's url",
        );
    }
    Ok(found)
}

fn feed(url: Url, answer: fetch::Fetched, words: String) -> FoundThing {
    let host = url.host_str().unwrap_or("feed").trim_start_matches("www.").to_owned();
    let source = FoundSource {
        name: host,
        kind: SourceKind::Feed,
        path: PathBuf::from(without_secrets(&url)),
        url: Some(url),
        fields: BTreeMap::new(),
    };
    FoundThing {
        words,
        sources: vec![source],
        left: Some("what is older than its entries: an export has all"),
        fetched: remote::feed_of(answer),
        ..FoundThing::default()
    }
}

/// Gets an address as feeds are fetched: from the public internet, and from hosts that are named.
async fn get(config: &Config, url: &Url) -> anyhow::Result<fetch::Fetched> {
    let fetcher = remote::fetcher(&config.fetch.private_hosts);
    let headers = remote::request_headers(&KnownDocuments::default());
    let (address, shown) = (url.clone(), without_secrets(url));
    let answer = tokio::task::spawn_blocking(move || fetcher.get_with(&address, &headers)).await?;
    answer.map_err(|error| exit::failure(exit::OUT_OF_REACH, format!("{shown}: {error}")))
}

/// An address as messages name it.
fn without_secrets(url: &Url) -> String {
    let mut url = crate::config::without_login(url.clone());
    url.set_query(None);
    url.into()
}
