//! From the user's words to checked values: each guard names the key, what is wrong with it, and
//! what to write instead.

use std::{collections::HashMap, fmt::Display, net::IpAddr, path::Path, str::FromStr};

use chrono::{Duration, NaiveDate};
use url::Url;

use super::{
    Config, Connections, Error, Letters, Magazine, Secret, Special, StoreUrl, bounces,
    bounds::{number, path as path_of},
    desk, digest, dkim,
    feeds::{self, moved},
    fetch, raw, reconfirm, relay, retention, rights, search_engines, secrets, sources, theme, warm_up, watch,
    web as web_room,
};
use crate::model::{Colour, Lang, Mailbox, Rubrique, Slug, Zone, text, uri};

/// Names the store instead of `store.url`: an address with a password has no place in a file.
const STORE_VARIABLE: &str = "GAZETIER_STORE_URL";

/// Colours for rubriques that name none, all with a contrast above 4.5 on paper white.
const COLOURS: [Colour; 6] = [
    Colour::new(0x1f, 0x4e, 0x79),
    Colour::new(0x9c, 0x3d, 0x2e),
    Colour::new(0x2f, 0x6b, 0x4f),
    Colour::new(0x6b, 0x4a, 0x86),
    Colour::new(0x8a, 0x5a, 0x00),
    Colour::new(0x3d, 0x5a, 0x66),
];

/// A local part may have 64 characters (RFC 5321), and `+EDITION.SUBSCRIBER.PROOF` takes the rest.
const BOUNCE: usize = 24;

/// The most columns that a feed holds: what is older stands in the archive.
pub(super) const ITEMS: u32 = 10_000;

/// The longest web address that fits on a line of a letter, which has 998 characters at the most.
const ADDRESS: usize = 900;

/// What a guard says: the key and the reason. The file's name is put before it at the end.
#[derive(Debug)]
pub(super) struct ConfigRefusal {
    pub(super) key: String,
    /// Which of several tables of one name holds it, counted from 0.
    pub(super) entry: Option<usize>,
    pub(super) message: String,
}

impl ConfigRefusal {
    /// The same of one of several tables of a name.
    pub(super) fn in_entry(self, entry: usize) -> Self {
        Self { entry: Some(entry), ..self }
    }
}

/// A refusal of one key.
pub(super) fn refuse(key: &str, reason: impl Display) -> ConfigRefusal {
    ConfigRefusal { key: key.to_owned(), entry: None, message: reason.to_string() }
}

pub(super) fn check(raw: raw::RawConfig, path: &Path) -> Result<Config, Error> {
    build(raw, path).map_err(|refusal| {
        let ConfigRefusal { key, entry, message } = refusal;
        Error::Value { path: path.to_owned(), key, entry, message }
    })
}

pub(super) fn build(mut raw: raw::RawConfig, path: &Path) -> Result<Config, ConfigRefusal> {
    let base = path.parent().unwrap_or(Path::new(""));
    let mut warnings = Vec::new();
    let secret_files = secrets::files(&raw, base);
    let magazine = magazine(raw.magazine)?;
    let (rubriques, special) = rubriques(raw.rubriques)?;
    let old_addresses = std::mem::take(&mut raw.feeds.moved);
    let mut feeds = feeds::check(raw.feeds, special, &rubriques, base)?;
    feeds.moved = moved(old_addresses, &magazine, &rubriques, &feeds)?;
    let letters = letters(raw.letters, &magazine)?;
    let desk = desk::check(raw.desk, base)?;
    let web = web_room::check(raw.web, base, &magazine, &feeds, &letters)?;
    let around = digest::Surroundings { magazine: &magazine, rubriques: &rubriques, desk: &desk, letters: &letters };
    let newsletters = digest::check(raw.digest, raw.newsletters, &around)?;
    Ok(Config {
        path: path.to_owned(),
        fingerprint: String::new(),
        connections: connections(&raw.store)?,
        store: store(raw.store, base)?,
        sources: sources::check(raw.sources, base, &rubriques)?,
        subscribers_file: raw.subscribers.file.map(|file| path_of("subscribers.file", base, &file)).transpose()?,
        rubriques,
        feeds,
        digest: newsletters[0].clone(),
        newsletters,
        whole: None,
        desk,
        theme: theme::check(raw.theme, &magazine.name, base)?,
        dkim: dkim::check(raw.dkim, &letters.from.address, base, &mut warnings)?,
        fetch: fetch::check(&raw.fetch)?,
        retention: retention::check(&raw.retention)?,
        reconfirm: reconfirm::check(raw.reconfirm)?,
        rights: rights::check(raw.rights)?,
        search_engines: search_engines::check(raw.search_engines)?,
        watch: watch::check(raw.watch, base)?,
        warm_up: warm_up::check(raw.warm_up)?,
        letters,
        relays: relay::check(raw.relay, raw.relays, base)?,
        bounces: bounces::check(raw.bounces, base)?,
        web,
        magazine,
        warnings,
        secret_files,
    })
}

fn magazine(raw: raw::RawMagazine) -> Result<Magazine, ConfigRefusal> {
    let url = folder("magazine.url", &raw.url)?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(refuse("magazine.url", "it has no host"));
    }
    // As programs write it, and as HTML and feeds do.
    let language = raw.language.replace('_', "-");
    if !language.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') || language.len() < 2 {
        return Err(refuse("magazine.language", "write a language tag such as \"fr\" or \"fr-FR\""));
    }
    let lang = Lang::known(&language).ok_or_else(|| {
        let known: Vec<&str> = Lang::all().map(Lang::tag).collect();
        let known = known.join(", ");
        refuse(
            "magazine.language",
            format!("we have no words in {:?}: write one of {known}, with a region or without", language),
        )
    })?;
    let zone: Zone = raw.timezone.parse().map_err(|error| refuse("magazine.timezone", error))?;
    let tag_date = NaiveDate::parse_from_str(&raw.tag_date, "%Y-%m-%d")
        .map_err(|_| refuse("magazine.tag_date", "write a day such as \"2026-01-01\""))?;
    let id = raw.id.map(|id| id.trim().to_ascii_lowercase());
    if id.as_ref().is_some_and(|id| id.len() != 32 || !id.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return Err(refuse("magazine.id", "write the 32 digits that `gazetier status` tells, or leave it out"));
    }
    let magazine = Magazine {
        id,
        name: line("magazine.name", raw.name)?,
        tagline: raw.tagline.map(|t| line("magazine.tagline", t)).transpose()?,
        language,
        lang,
        zone,
        icon: raw.icon.map(|url| web("magazine.icon", &url)).transpose()?,
        logo: raw.logo.map(|url| web("magazine.logo", &url)).transpose()?,
        rights: raw.rights.map(|t| line("magazine.rights", t)).transpose()?,
        postal_address: line("magazine.postal_address", raw.postal_address)?,
        media_url: raw.media_url.map_or(Ok(url.clone()), |text| folder("magazine.media_url", &text))?,
        tag_date,
        column_url: raw.column_url,
        url,
    };
    let example = Slug::parse("a").map_err(|error| refuse("magazine.column_url", error))?;
    match magazine.column_url(&example, None) {
        Ok(_) if magazine.column_url.contains("{slug}") => Ok(magazine),
        Ok(_) => Err(refuse("magazine.column_url", "it must hold {slug}, else all columns have one page")),
        Err(error) => Err(refuse("magazine.column_url", error)),
    }
}

fn store(raw: raw::RawStore, base: &Path) -> Result<StoreUrl, ConfigRefusal> {
    let url = match (std::env::var(STORE_VARIABLE), raw.url, raw.url_file) {
        (_, Some(_), Some(_)) => return Err(refuse("store.url_file", "store.url is there too: write one")),
        (Ok(url), ..) => url,
        (Err(_), None, Some(file)) => {
            let place = secrets::place("store.url_file", base, &file)?;
            secrets::of_file("store.url_file", &place)?.expose().trim().to_owned()
        }
        (Err(_), url, None) => url.unwrap_or_else(|| "sqlite:gazetier.db".to_owned()),
    };
    if let Some(file) = url.strip_prefix("sqlite:") {
        let file = file.strip_prefix("//").unwrap_or(file);
        if file.is_empty() {
            return Err(refuse("store.url", "name a file, such as \"sqlite:gazetier.db\""));
        }
        if raw.schema.is_some() {
            return Err(refuse(
                "store.schema",
                "only Postgres has schemas: leave it out, a SQLite file is one magazine's",
            ));
        }
        return Ok(StoreUrl::Sqlite(path_of("store.url", base, file)?));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        let schema = raw.schema.map(|schema| Slug::parse(&schema)).transpose();
        let schema = schema.map_err(|error| refuse("store.schema", error))?;
        return Ok(StoreUrl::Postgres { url: Secret::new(url), schema });
    }
    Err(refuse("store.url", "write \"sqlite:FILE\" or \"postgres://USER@HOST/DATABASE\""))
}

fn connections(raw: &raw::RawStore) -> Result<Connections, ConfigRefusal> {
    let usual = Connections::default();
    let most = number("store.connections", raw.connections.unwrap_or(usual.most), 2, 100)?;
    Ok(Connections { most, pooler: raw.pooler })
}

/// Names that no rubrique can have: they are folders and files beside the rubriques' own.
pub const RESERVED_SLUGS: [&str; 3] = ["archive", "byline", "moved"];

fn rubriques(raw: Vec<raw::RawRubrique>) -> Result<(Vec<Rubrique>, Vec<Special>), ConfigRefusal> {
    let mut rubriques: Vec<Rubrique> = Vec::new();
    let mut specials = Vec::new();
    let mut names: HashMap<String, usize> = HashMap::new();
    for (index, entry) in raw.into_iter().enumerate() {
        let checked = rubrique(entry, index, &rubriques, &mut names);
        let (rubrique, special) = checked.map_err(|refusal| refusal.in_entry(index))?;
        rubriques.push(rubrique);
        specials.push(special);
    }
    Ok((rubriques, specials))
}

/// The rubrique at a place; `names` says which rubrique each name means.
fn rubrique(
    entry: raw::RawRubrique,
    index: usize,
    rubriques: &[Rubrique],
    names: &mut HashMap<String, usize>,
) -> Result<(Rubrique, Special), ConfigRefusal> {
    let slug = Slug::parse(&entry.slug).map_err(|error| refuse("rubriques.slug", error))?;
    let label = line("rubriques.label", entry.label)?;
    if RESERVED_SLUGS.contains(&slug.as_str()) {
        return Err(refuse("rubriques.slug", format!("{:?} is a name gazetier uses itself", slug.as_str())));
    }
    // What a column's label may say to mean it.
    for name in [text::fold(&label), slug.to_string()] {
        let owner = *names.entry(name).or_insert(index);
        if owner != index {
            let twin = &rubriques[owner].label;
            return Err(refuse("rubriques", format!("{label:?} and {twin:?} would be one rubrique")));
        }
    }
    let formerly = entry.formerly.into_iter().map(|name| line("rubriques.formerly", name));
    let formerly = formerly.collect::<Result<Vec<_>, _>>()?;
    for name in &formerly {
        let owner = *names.entry(text::fold(name)).or_insert(index);
        if owner != index {
            let twin = &rubriques[owner].label;
            let message = format!("{name:?} stands under {label:?} and means {twin:?}: a name belongs to one rubrique");
            return Err(refuse("rubriques.formerly", message));
        }
    }
    let items = entry.items.map(|items| number("rubriques.items", items, 1, ITEMS)).transpose()?;
    let special = Special { rubrique: slug.clone(), content: entry.content, items };
    let colour = match entry.colour {
        Some(text) => theme::colour("rubriques.colour", &text)?,
        None => COLOURS[index % COLOURS.len()],
    };
    let description = entry.description.map(|t| line("rubriques.description", t)).transpose()?;
    Ok((Rubrique { slug, label, description, colour, formerly }, special))
}

fn letters(raw: raw::RawLetters, magazine: &Magazine) -> Result<Letters, ConfigRefusal> {
    let from = sender("letters.from", &raw.from)?;
    let or_sender = |key, value: Option<String>| match value {
        Some(text) => sender(key, &text).map(|mailbox| mailbox.address),
        None => Ok(from.address.clone()),
    };
    let unsubscribe_address = or_sender("letters.unsubscribe_address", raw.unsubscribe_address)?;
    let bounce_address = or_sender("letters.bounce_address", raw.bounce_address)?;
    if bounce_address.local().len() > BOUNCE {
        let what = format!("above {BOUNCE} characters before the @ there is no room for what names the letter");
        return Err(refuse("letters.bounce_address", what));
    }
    let bounce_separator = match raw.bounce_separator.as_str() {
        "+" => '+',
        "-" => '-',
        "=" => '=',
        other => {
            let what = format!("{other:?} is none: write \"+\", \"-\" or \"=\", as your mail server has it");
            return Err(refuse("letters.bounce_separator", what));
        }
    };
    let host = magazine.url.host_str().unwrap_or_default();
    let list_id = list_id("letters.list_id", raw.list_id.unwrap_or_else(|| format!("digest.{host}")))?;
    let unsubscribe_url = web("letters.unsubscribe_url", &raw.unsubscribe_url)?;
    let end = unsubscribe_url.as_str().as_bytes().last().copied().unwrap_or_default();
    if !matches!(end, b'/' | b'=') {
        return Err(refuse("letters.unsubscribe_url", "the token is put at its end: it must end in / or ="));
    }
    if unsubscribe_url.fragment().is_some() {
        let what = format!("{:?}: what comes after # reaches no server: leave it out", raw.unsubscribe_url);
        return Err(refuse("letters.unsubscribe_url", what));
    }
    if unsubscribe_url.scheme() != "https" && !on_this_machine(&unsubscribe_url) {
        let what = "mail programs leave by one click only over https (RFC 8058): write an https:// address";
        return Err(refuse("letters.unsubscribe_url", what));
    }
    Ok(Letters {
        reply_to: raw.reply_to.map(|text| sender("letters.reply_to", &text)).transpose()?,
        unsubscribe_url,
        unsubscribe_address,
        list_id,
        archive_url: raw.archive_url.map(|u| folder("letters.archive_url", &u)).transpose()?,
        bounce_address,
        bounce_separator,
        manage_link: raw.manage_link,
        from,
    })
}

/// The name of a list (RFC 2919).
pub(super) fn list_id(key: &str, text: String) -> Result<String, ConfigRefusal> {
    if !text.contains('.') || text.bytes().any(|b| !(b.is_ascii_alphanumeric() || b".-_".contains(&b))) {
        return Err(refuse(key, "write letters, digits and dots, such as \"digest.example.org\""));
    }
    Ok(text)
}

/// An address that stands in every letter.
pub(super) fn sender(key: &str, value: &str) -> Result<Mailbox, ConfigRefusal> {
    let mailbox: Mailbox = parse(key, value)?;
    if !mailbox.address.local().is_ascii() {
        return Err(refuse(
            key,
            "few relays would take letters with an address beyond ASCII: write one without accents",
        ));
    }
    Ok(mailbox)
}

fn on_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// A value of any type that reads itself from text.
pub(super) fn parse<T: FromStr<Err: Display>>(key: &str, value: &str) -> Result<T, ConfigRefusal> {
    value.parse().map_err(|error| refuse(key, error))
}

/// A length of time such as `12h`, `7d` or `90s`.
pub(super) fn duration(key: &str, value: &str) -> Result<Duration, ConfigRefusal> {
    let parsed = humantime::parse_duration(value).ok().and_then(|d| Duration::from_std(d).ok());
    parsed.ok_or_else(|| refuse(key, format!("{value:?} is no length of time: write one such as \"12h\" or \"7d\"")))
}

pub(super) fn legal(key: &str, value: String) -> Result<String, ConfigRefusal> {
    match text::first_illegal(&value) {
        None => Ok(value),
        Some(c) => Err(refuse(key, format!("it holds the character U+{:04X}, which no feed can hold", c as u32))),
    }
}

pub(super) fn line(key: &str, value: String) -> Result<String, ConfigRefusal> {
    let value = text::one_line(&legal(key, value)?);
    if text::is_blank(&value) { Err(refuse(key, "it is empty")) } else { Ok(value) }
}

pub(super) fn web(key: &str, value: &str) -> Result<Url, ConfigRefusal> {
    match Url::parse(value) {
        // As a URI, so that an address is the same wherever it is told.
        Ok(url) if matches!(url.scheme(), "https" | "http") => {
            let url = Url::parse(&uri::encode(url.as_str())).map_err(|error| refuse(key, error))?;
            match url.as_str().len() {
                0..=ADDRESS => Ok(url),
                length => Err(refuse(key, format!("it has {length} characters, and a letter has room for {ADDRESS}"))),
            }
        }
        _ => Err(refuse(key, format!("{value:?} is no web address: write one such as \"https://example.org/\""))),
    }
}

/// A web address that others are joined to: it ends in a slash.
pub(super) fn folder(key: &str, value: &str) -> Result<Url, ConfigRefusal> {
    let url = web(key, value)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse(key, format!("{value:?}: pages are put behind it: write it without ? and #")));
    }
    web(key, &format!("{}/", value.trim_end_matches('/')))
}
