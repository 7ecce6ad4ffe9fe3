//! What a magazine puts into its web server and its pages so that the feeds are served right: the
//! types that readers expect, the links to hub and self, how long a file may be kept, the
//! compressed files beside the plain ones, and the way from addresses that have moved.
//!
//! Values are written as each syntax wants them. What a syntax cannot say is refused: a server
//! that serves another folder than the one meant is worse than no snippet.

mod caddy;

use std::fmt::Write;

use percent_encoding::percent_decode_str;
use url::Url;

pub use caddy::caddy;

use super::{Addresses, Error, rights};
use crate::{
    config::{Config, FORMS, Moved},
    model::{FeedKey, Slug, html::escape},
};

/// A kind of file in the folder of the feeds.
struct FileKind {
    name: &'static str,
    /// Of its path below the folder; the dot is written so that it needs no backslash.
    pattern: &'static str,
    media_type: &'static str,
    cache: &'static str,
    /// Whether readers subscribe to it: then it names itself and the hubs.
    topic: bool,
}

/// A feed may be asked for at any time, and mostly has not changed.
pub const FEED_CACHE_CONTROL: &str = "public, max-age=300, must-revalidate";
/// An archive changes when one of its columns is mended, and hardly ever else.
const ARCHIVE_CACHE_CONTROL: &str = "public, max-age=604800";

const RSS: &str = "application/rss+xml; charset=utf-8";
const ATOM: &str = "application/atom+xml; charset=utf-8";
/// JSON is UTF-8, and its types know no charset.
const JSON: &str = "application/feed+json";

/// A feed's own documents: of all columns, of a rubrique, of a byline, a tag or a selection. Rubriques are not named, so
/// that a new one needs no new snippet.
macro_rules! feed {
    ($file:literal) => {
        concat!("((?:(?:(?:byline|tag|selection)/)?[a-z0-9-]+/)?", $file, ")$")
    };
}
/// What a feed's documents of closed months are called.
macro_rules! archive {
    ($file:literal) => {
        concat!("((?:(?:(?:byline|tag|selection)/)?[a-z0-9-]+/)?archive/[0-9.-]+/", $file, ")$")
    };
}

const FILE_KINDS: [FileKind; 9] = [
    FileKind { name: "rss", pattern: feed!("rss[.]xml"), media_type: RSS, cache: FEED_CACHE_CONTROL, topic: true },
    FileKind { name: "atom", pattern: feed!("atom[.]xml"), media_type: ATOM, cache: FEED_CACHE_CONTROL, topic: true },
    FileKind { name: "json", pattern: feed!("feed[.]json"), media_type: JSON, cache: FEED_CACHE_CONTROL, topic: true },
    FileKind {
        name: "rss_archive",
        pattern: archive!("rss[.]xml"),
        media_type: RSS,
        cache: ARCHIVE_CACHE_CONTROL,
        topic: false,
    },
    FileKind {
        name: "atom_archive",
        pattern: archive!("atom[.]xml"),
        media_type: ATOM,
        cache: ARCHIVE_CACHE_CONTROL,
        topic: false,
    },
    FileKind {
        name: "json_archive",
        pattern: archive!("feed[.]json"),
        media_type: JSON,
        cache: ARCHIVE_CACHE_CONTROL,
        topic: false,
    },
    FileKind {
        name: "opml",
        pattern: "(feeds[.]opml)$",
        media_type: "text/x-opml; charset=utf-8",
        cache: FEED_CACHE_CONTROL,
        topic: false,
    },
    FileKind {
        name: "css",
        pattern: "(feed[.]css)$",
        media_type: "text/css; charset=utf-8",
        cache: FEED_CACHE_CONTROL,
        topic: false,
    },
    FileKind {
        name: "page",
        pattern: "(index[.]html|)$",
        media_type: "text/html; charset=utf-8",
        cache: FEED_CACHE_CONTROL,
        topic: false,
    },
];

/// Files that stand beside the feeds where the configuration asks for them.
const BESIDE: [FileKind; 3] = [
    FileKind {
        name: "news-sitemap",
        pattern: "(news-sitemap[.]xml)$",
        media_type: "application/xml; charset=utf-8",
        cache: FEED_CACHE_CONTROL,
        topic: false,
    },
    FileKind {
        name: "rsl",
        pattern: "(rsl[.]xml)$",
        media_type: "application/rsl+xml",
        cache: FEED_CACHE_CONTROL,
        topic: false,
    },
    FileKind {
        name: "tdmrep",
        pattern: "(tdmrep[.]json)$",
        media_type: "application/json",
        cache: FEED_CACHE_CONTROL,
        topic: false,
    },
];

/// The kinds of files that a magazine has.
fn kinds(config: &Config) -> impl Iterator<Item = &'static FileKind> {
    let beside = super::beside(config);
    let is_there = move |kind: &&FileKind| beside.iter().any(|path| path.split('.').next() == Some(kind.name));
    FILE_KINDS.iter().chain(BESIDE.iter().filter(is_there))
}

/// How a file is served that stands beside the feeds because the configuration asks for it.
pub fn beside(config: &Config, path: &str) -> Option<ServedFile> {
    let name = super::beside(config).into_iter().find(|name| *name == path)?.split('.').next()?;
    let kind = BESIDE.iter().find(|kind| kind.name == name)?;
    Some(ServedFile { media_type: kind.media_type, cache: kind.cache, topic: false, feed: None })
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedFile {
    pub media_type: &'static str,
    pub cache: &'static str,
    /// Whether readers subscribe to it: then it comes with [`links`].
    pub topic: bool,
    pub feed: Option<FeedKey>,
}

/// How a file below the folder of the feeds is served, by its path; `None` if the folder has none
/// of this name that is meant for readers. What the patterns of the snippets say, said in code.
pub fn served(path: &str) -> Option<ServedFile> {
    let of = |name: &str, feed| {
        let kind = FILE_KINDS.iter().find(|kind| kind.name == name)?;
        Some(ServedFile { media_type: kind.media_type, cache: kind.cache, topic: kind.topic, feed })
    };
    match path {
        "" | "index.html" => return of("page", None),
        "feeds.opml" => return of("opml", None),
        "feed.css" => return of("css", None),
        _ => {}
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    let file = parts.pop()?;
    let form = ["rss", "atom", "json"].get(FORMS.iter().position(|form| *form == file)?)?;
    let month = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_digit()) && name.bytes().all(|b| b.is_ascii_digit() || b".-".contains(&b))
    };
    let rubrique = |slug: &str| Slug::parse(slug).ok().map(FeedKey::Rubrique);
    let named = |folder: &str, name: &str| FeedKey::in_folder(folder, Slug::parse(name).ok()?);
    match *parts.as_slice() {
        [] => of(form, Some(FeedKey::All)),
        [slug] => of(form, Some(rubrique(slug)?)),
        ["archive", name] if month(name) => of(&format!("{form}_archive"), Some(FeedKey::All)),
        [slug, "archive", name] if month(name) => of(&format!("{form}_archive"), Some(rubrique(slug)?)),
        [folder, slug] => of(form, Some(named(folder, slug)?)),
        [folder, slug, "archive", name] if month(name) => of(&format!("{form}_archive"), Some(named(folder, slug)?)),
        _ => None,
    }
}

/// The Link headers of a feed's document to subscribe to: the hubs that tell of it, and itself.
pub fn links(config: &Config, path: &str) -> impl Iterator<Item = String> {
    let hubs = config.feeds.hubs.iter().map(|hub| link(&address(hub), "hub"));
    hubs.chain([link(&format!("{}{path}", address(&config.feeds.url)), "self")])
}

fn unsupported_folder(server: &'static str, what: &str) -> Error {
    Error::Server { server, reason: format!("{what}; give the feeds another folder in feeds.path") }
}

/// The path under which the folder is served, as a web server sees it: without percents.
fn mount(url: &Url, server: &'static str) -> Result<String, Error> {
    let decoded = percent_decode_str(url.path()).decode_utf8();
    let told = |c: char| !c.is_control() && !matches!(c, '$' | '{' | '}' | '*' | '%' | '\\' | '`');
    match decoded {
        Ok(path) if path.chars().all(told) => Ok(path.into_owned()),
        _ => Err(Error::Server {
            server,
            reason: format!("the path {:?} cannot be written so that it understands", url.path()),
        }),
    }
}

/// Those that have moved, by the host of their old addresses.
fn moved_of<'a>(config: &'a Config, host: Option<&'a str>) -> impl Iterator<Item = &'a Moved> {
    config.feeds.moved.iter().filter(move |moved| moved.from.host_str() == host)
}

/// Whether the way from an old address leads back to it: a server that answers there sees the path
/// alone, whatever came before it, and would redirect for ever.
pub fn is_redirect_loop(config: &Config, moved: &Moved) -> bool {
    let place = |url: &Url| (url.host_str().map(str::to_owned), url.path().to_owned());
    let all = &config.feeds.moved;
    let mut to = &moved.to;
    for _ in 0..=all.len() {
        if place(to) == place(&moved.from) {
            return true;
        }
        match all.iter().find(|other| place(&other.from) == place(to)) {
            Some(other) => to = &other.to,
            None => return false,
        }
    }
    true
}

/// What a snippet says in the place of a redirection that would never end.
fn note_redirect_loop(text: &mut String, moved: &Moved) {
    let _ = write!(
        text,
        "\n# Left out: {} leads back to its own path, for ever.\n# Where only http becomes https, the server that answers \
         http does it for all paths.\n",
        address(&moved.from)
    );
}

/// What stands above a snippet.
fn head(config: &Config, server: &str, place: &str) -> String {
    let host = config.feeds.url.host_str().unwrap_or_default();
    format!(
        "# The feeds of {}: for the {place} of {host}.\n\
         # Made by `gazetier feeds snippet {server}`; make it again when [feeds] in config.toml changes.\n",
        config.magazine.name
    )
}

/// Moved feeds of the magazine's other host, which has a server block of its own.
fn moved_on_magazine_host(config: &Config) -> Option<(&str, Vec<&Moved>)> {
    let host = config.magazine.url.host_str().filter(|host| config.feeds.url.host_str() != Some(host))?;
    let moved: Vec<_> = moved_of(config, Some(host)).collect();
    (!moved.is_empty()).then_some((host, moved))
}

/// `location` blocks for nginx; the folder is absolute.
pub fn nginx(config: &Config, folder: &str) -> Result<String, Error> {
    const SERVER: &str = "nginx";
    let folder = folder.trim_end_matches('/');
    if folder.contains('$') || folder.chars().any(char::is_control) {
        return Err(unsupported_folder(
            SERVER,
            &format!("it takes no folder with a $ or a control character ({folder:?})"),
        ));
    }
    let mount = mount(&config.feeds.url, SERVER)?;
    let mut text = head(config, SERVER, "server block");
    let host = config.feeds.url.host_str();
    for moved in moved_of(config, host) {
        nginx_moved(&mut text, config, moved)?;
    }
    let root = nginx_quoted(&format!("{folder}/"));
    let _ = write!(
        text,
        "\nlocation ^~ {} {{\n    alias {root};\n    index index.html;\n    \
         # The .gz beside each file, where there is one.\n    gzip_static on;\n    gzip_proxied any;\n    gzip_vary on;\n    \
         # The .br as well, with the module ngx_brotli (Debian: libnginx-mod-http-brotli-static):\n    \
         # brotli_static on;\n",
        nginx_quoted(&mount)
    );
    for kind in kinds(config) {
        let mut pattern = String::from("^");
        for c in mount.chars() {
            if c.is_ascii_punctuation() && !matches!(c, '/' | '-' | '_') {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        // A capture with a name outlives the location's own regular expression.
        let _ = write!(pattern, "(?<gazetier_file>{}", &kind.pattern[1..]);
        let _ = write!(
            text,
            "\n    location ~ {} {{\n        alias {};\n        types {{ }}\n        default_type {};\n        \
             add_header Cache-Control {};\n",
            nginx_quoted(&pattern),
            nginx_quoted(&format!("{folder}/$gazetier_file")),
            nginx_quoted(kind.media_type),
            nginx_quoted(kind.cache),
        );
        if kind.topic {
            for hub in &config.feeds.hubs {
                let _ = writeln!(text, "        add_header Link {};", nginx_quoted(&link(&address(hub), "hub")));
            }
            let itself = format!("{}$gazetier_file", address(&config.feeds.url));
            let _ = writeln!(text, "        add_header Link {};", nginx_quoted(&link(&itself, "self")));
        }
        for (name, value) in rights::headers(config) {
            let _ = writeln!(text, "        add_header {name} {};", nginx_quoted(&value));
        }
        text.push_str("    }\n");
    }
    // Whose the folder is, is nobody's business.
    text.push_str("\n    location ~ \"/[.]gazetier$\" {\n        return 404;\n    }\n}\n");
    if let Some((place, key)) = rights::key_file(config) {
        let (place, key) = (nginx_quoted(&place), nginx_quoted(key));
        let _ = write!(text, "\nlocation = {place} {{\n    default_type text/plain;\n    return 200 {key};\n}}\n");
    }
    if config.rights.tdm.is_some() {
        let (place, file) = (nginx_quoted(rights::TDM_PATH), nginx_quoted(&format!("{folder}/{}", rights::TDM_FILE)));
        let _ = write!(text, "\nlocation = {place} {{\n    alias {file};\n    default_type application/json;\n}}\n");
    }
    if let Some((host, moved)) = moved_on_magazine_host(config) {
        let _ = writeln!(text, "\n# For the server block of {host}.");
        for moved in moved {
            nginx_moved(&mut text, config, moved)?;
        }
    }
    Ok(text)
}

fn nginx_moved(text: &mut String, config: &Config, moved: &Moved) -> Result<(), Error> {
    if is_redirect_loop(config, moved) {
        note_redirect_loop(text, moved);
        return Ok(());
    }
    let from = self::mount(&moved.from, "nginx")?;
    let to = address(&moved.to);
    let _ = write!(text, "\nlocation = {} {{\n    return 301 {};\n}}\n", nginx_quoted(&from), nginx_quoted(&to));
    Ok(())
}

/// A word of nginx's configuration, in double quotes.
fn nginx_quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// An address with nothing in it that a server would replace: what cannot be escaped in a
/// configuration can be in an address.
pub(crate) fn address(url: &Url) -> String {
    let mut text = url.to_string();
    for (c, code) in [("$", "%24"), ("{", "%7B"), ("}", "%7D"), ("\\", "%5C"), ("`", "%60")] {
        text = text.replace(c, code);
    }
    text
}

fn link(url: &str, rel: &str) -> String {
    format!("<{url}>; rel=\"{rel}\"")
}

/// Lines for the head of the magazine's pages: browsers and readers find the feeds by them.
pub fn html(config: &Config) -> Result<String, Error> {
    let words = &config.magazine.lang.words().feeds;
    let mut text = String::new();
    let all = std::iter::once((words.all.as_str(), FeedKey::All));
    let rubriques = config.rubriques.iter().map(|one| (one.label.as_str(), FeedKey::Rubrique(one.slug.clone())));
    let selections = config.feeds.rules.selections.iter();
    let selections = selections.map(|one| (one.title.as_str(), FeedKey::Selection(one.slug.clone())));
    for (label, key) in all.chain(rubriques).chain(selections) {
        let at = Addresses::of(config, &key, None)?;
        for (media_type, form, url) in [
            ("application/rss+xml", "RSS", at.rss),
            ("application/atom+xml", "Atom", at.atom),
            ("application/feed+json", "JSON", at.json),
        ] {
            let title = escape(&format!("{} · {label} ({form})", config.magazine.name));
            let href = escape(url.as_str());
            let _ = writeln!(text, "<link rel=\"alternate\" type=\"{media_type}\" title=\"{title}\" href=\"{href}\">");
        }
    }
    Ok(text)
}
