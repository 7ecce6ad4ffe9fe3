//! The settings of generators of sites, as far as they tell where texts, site and feeds are.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{FoundSite, OldFeed, System};
use crate::ingest::{Error, SourceLocation, wrong};

/// In bytes: no settings are longer.
const MAX_SETTINGS_BYTES: u64 = 1 << 20;

const HUGO: [&str; 12] = [
    "hugo.toml",
    "hugo.yaml",
    "hugo.yml",
    "hugo.json",
    "config/_default/hugo.toml",
    "config/_default/hugo.yaml",
    "config/_default/config.toml",
    "config/_default/config.yaml",
    "config.toml",
    "config.yaml",
    "config.yml",
    "config.json",
];

const ELEVENTY: [&str; 5] =
    [".eleventy.js", "eleventy.config.js", "eleventy.config.mjs", "eleventy.config.cjs", "eleventy.config.ts"];

const DECAP: [&str; 4] =
    ["admin/config.yml", "static/admin/config.yml", "public/admin/config.yml", "src/admin/config.yml"];

/// What the settings in a folder say; none where there are none that we know.
pub(super) fn read(folder: &Path) -> Result<Option<FoundSite>, Error> {
    for find in [hugo, zola, jekyll, pelican, eleventy, decap] {
        if let Some(site) = find(folder)? {
            return Ok(Some(site));
        }
    }
    Ok(None)
}

fn hugo(folder: &Path) -> Result<Option<FoundSite>, Error> {
    for name in HUGO {
        let Some(settings) = structured(&folder.join(name))? else { continue };
        // `config.toml` may be anybody's.
        let address = text(&settings, "baseurl");
        if address.is_none() && !name.contains("hugo.") {
            continue;
        }
        let content = text(&settings, "contentdir").unwrap_or_else(|| "content".to_owned());
        let feeds = ["index.xml", "categories/{rubrique}/index.xml"].map(OldFeed::new).to_vec();
        return Ok(Some(site(System::Hugo, name, vec![folder.join(content)], address, feeds)));
    }
    Ok(None)
}

fn zola(folder: &Path) -> Result<Option<FoundSite>, Error> {
    for name in ["zola.toml", "config.toml"] {
        let Some(settings) = structured(&folder.join(name))? else { continue };
        let address = text(&settings, "base_url");
        if address.is_none() {
            continue;
        }
        let is_on = |key: &str| get(&settings, key).and_then(Value::as_bool).unwrap_or_default();
        let names = get(&settings, "feed_filenames").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut names: Vec<String> = names.iter().filter_map(|name| Some(name.as_str()?.to_owned())).collect();
        names.extend(text(&settings, "feed_filename"));
        if names.is_empty() {
            names.push("atom.xml".to_owned());
        }
        let has_feeds = is_on("generate_feed") || is_on("generate_feeds");
        let feeds = names.iter().filter(|_| has_feeds).map(|name| OldFeed::new(name)).collect();
        return Ok(Some(site(System::Zola, name, vec![folder.join("content")], address, feeds)));
    }
    Ok(None)
}

fn jekyll(folder: &Path) -> Result<Option<FoundSite>, Error> {
    let name = "_config.yml";
    let Some(settings) = structured(&folder.join(name))? else { return Ok(None) };
    let address = text(&settings, "url").map(|url| url + &text(&settings, "baseurl").unwrap_or_default());
    let root = text(&settings, "source").map_or_else(|| folder.to_owned(), |source| folder.join(source));
    let posts = root.join("_posts");
    let feed = get(&settings, "feed").and_then(|feed| text(feed, "path"));
    let feeds = vec![OldFeed::new(feed.as_deref().unwrap_or("feed.xml"))];
    // Where categories have folders of their own, all of it is read.
    let texts = if posts.is_dir() && !has_other_posts(&root) { posts } else { root };
    Ok(Some(site(System::Jekyll, name, vec![texts], address, feeds)))
}

/// Whether a folder below has posts as well.
fn has_other_posts(root: &Path) -> bool {
    let folders = fs::read_dir(root).into_iter().flatten().flatten();
    folders.map(|entry| entry.path()).any(|path| path.join("_posts").is_dir())
}

fn pelican(folder: &Path) -> Result<Option<FoundSite>, Error> {
    let name = "pelicanconf.py";
    let Some(settings) = plain(&folder.join(name))? else { return Ok(None) };
    let content = python_text(&settings, "PATH").unwrap_or_else(|| "content".to_owned());
    let published = plain(&folder.join("publishconf.py"))?.unwrap_or_default();
    let either = |key: &str| python_text(&published, key).or_else(|| python_text(&settings, key));
    let address = either("SITEURL").filter(|address| !address.is_empty());
    let all = either("FEED_ALL_ATOM").unwrap_or_else(|| "feeds/all.atom.xml".to_owned());
    let category = either("CATEGORY_FEED_ATOM").unwrap_or_else(|| "feeds/{slug}.atom.xml".to_owned());
    let mut feeds = vec![OldFeed::new(&all), OldFeed::new(&category.replace("{slug}", "{rubrique}"))];
    feeds.extend(either("FEED_ALL_RSS").or_else(|| either("FEED_RSS")).map(|path| OldFeed::new(&path)));
    Ok(Some(site(System::Pelican, name, vec![folder.join(content)], address, feeds)))
}

fn eleventy(folder: &Path) -> Result<Option<FoundSite>, Error> {
    for name in ELEVENTY {
        let Some(settings) = plain(&folder.join(name))? else { continue };
        let value = |key: &str| script_text(&settings, key);
        let texts = value("input").map_or_else(|| folder.to_owned(), |input| folder.join(input));
        let feeds = value("outputPath").map(|path| OldFeed::new(&path)).into_iter().collect();
        return Ok(Some(site(System::Eleventy, name, vec![texts], value("base"), feeds)));
    }
    Ok(None)
}

fn decap(folder: &Path) -> Result<Option<FoundSite>, Error> {
    for name in DECAP {
        let Some(settings) = structured(&folder.join(name))? else { continue };
        let collections = get(&settings, "collections").and_then(Value::as_array).cloned().unwrap_or_default();
        let folders: Vec<PathBuf> =
            collections.iter().filter_map(|collection| text(collection, "folder")).map(|at| folder.join(at)).collect();
        if get(&settings, "backend").is_some() && !folders.is_empty() {
            return Ok(Some(site(System::Decap, name, folders, text(&settings, "site_url"), Vec::new())));
        }
    }
    Ok(None)
}

fn site(system: System, sign: &str, folders: Vec<PathBuf>, address: Option<String>, feeds: Vec<OldFeed>) -> FoundSite {
    FoundSite { system, sign: Some(PathBuf::from(sign)), folders, address, feeds }
}

/// A short text file; none if it is not there.
fn plain(path: &Path) -> Result<Option<String>, Error> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_file() && meta.len() <= MAX_SETTINGS_BYTES => {}
        _ => return Ok(None),
    }
    let bytes = fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Settings in TOML, YAML or JSON, by the name of their file.
fn structured(path: &Path) -> Result<Option<Value>, Error> {
    let Some(text) = plain(path)? else { return Ok(None) };
    let ending = path.extension().map(|ending| ending.to_string_lossy().into_owned()).unwrap_or_default();
    let value = match ending.as_str() {
        "toml" => toml::from_str(&text).map_err(|error| error.message().to_owned()),
        "json" => serde_json::from_str(&text).map_err(|error| error.to_string()),
        _ => serde_saphyr::from_str(&text).map_err(|error| error.to_string()),
    };
    let place = || SourceLocation { file: path.display().to_string(), line: None };
    value.map(Some).map_err(|error| wrong(&place(), format!("the settings cannot be read: {}", first_line(&error))))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// A value by its key, in any case.
fn get<'v>(settings: &'v Value, key: &str) -> Option<&'v Value> {
    settings.as_object()?.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
}

fn text(settings: &Value, key: &str) -> Option<String> {
    let value = get(settings, key)?.as_str()?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// `NAME = 'value'` of a file in Python.
fn python_text(settings: &str, name: &str) -> Option<String> {
    let mut values = settings.lines().filter_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('='));
    values.next_back().and_then(quoted)
}

/// `name: "value"` of a file in JavaScript.
fn script_text(settings: &str, name: &str) -> Option<String> {
    let value = |line: &str| {
        let (_, rest) = line.split_once(name)?;
        quoted(rest.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')?)
    };
    settings.lines().find_map(value)
}

/// The text that stands in quotation marks at the beginning.
fn quoted(text: &str) -> Option<String> {
    let text = text.trim_start();
    let mark = text.chars().next().filter(|mark| matches!(mark, '"' | '\'' | '`'))?;
    text[1..].split_once(mark).map(|(value, _)| value.to_owned())
}
