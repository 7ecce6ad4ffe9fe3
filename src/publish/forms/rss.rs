//! RSS 2.0, by the RSS Advisory Board's profile, with Dublin Core, content:encoded and Media RSS.

use std::collections::BTreeMap;

use rss::{
    Category, Channel, Enclosure, Guid, Item,
    extension::{Extension, ExtensionMap, dublincore::DublinCoreExtension},
};
use url::Url;

use super::{
    ColumnContent, Error, Feed, address, audio, authors, measure, media_type,
    plain_text::{is_blank, looks_like_html, plain},
    podcast,
    rights::{self, LicenseLink},
    tags,
};
use crate::model::{Column, EARLIEST, Image, html::escape};

/// Media RSS, for pictures in RSS and Atom.
pub(super) const MEDIA: &str = "http://search.yahoo.com/mrss/";

/// Feed history (RFC 5005).
pub(super) const HISTORY: &str = "http://purl.org/syndication/history/1.0";

pub(super) fn write(feed: &Feed<'_>, shown: &mut [ColumnContent<'_>], buffer: Vec<u8>) -> Result<Vec<u8>, Error> {
    let config = feed.config;
    let link = |rel: &str, href: &Url| {
        let media_type = "application/rss+xml".to_owned();
        extension(
            "atom:link",
            None,
            [("href", address(href).into_owned()), ("rel", rel.to_owned()), ("type", media_type)],
        )
    };
    let hub = |hub: &Url| extension("atom:link", None, [("href", hub.to_string()), ("rel", "hub".into())]);
    let mut head = vec![("atom", "link", link("self", &feed.addresses.rss))];
    head.extend(config.feeds.hubs.iter().map(|url| ("atom", "link", hub(url))));
    head.extend(feed.current()?.map(|current| ("atom", "link", link("current", &current.rss))));
    head.extend(feed.previous()?.map(|previous| ("atom", "link", link("prev-archive", &previous.rss))));
    head.extend(feed.next()?.map(|next| ("atom", "link", link("next-archive", &next.rss))));
    if feed.history.archive.is_some() {
        head.push(("fh", "archive", extension("fh:archive", None, [])));
    }
    if feed.history.complete {
        head.push(("fh", "complete", extension("fh:complete", None, [])));
    }
    for LicenseLink { href, media_type, title } in rights::licenses(config)? {
        let mut license =
            extension("atom:link", None, [("href", href), ("rel", "license".to_owned()), ("title", title.to_owned())]);
        license.attrs.extend(media_type.map(|media_type| ("type".to_owned(), media_type.to_owned())));
        head.push(("atom", "link", license));
    }
    if let Some(url) = &config.rights.license {
        let license = extension("creativeCommons:license", Some(&address(url)), []);
        head.push(("creativeCommons", "license", license));
    }
    let podcast = feed.podcast();
    if let Some(podcast) = podcast {
        head.extend(podcast::tags(feed, podcast)?);
    }
    let title = plain(&feed.title()).into_owned();
    let link = address(&config.magazine.url).into_owned();
    let picture = config.magazine.logo.as_ref().or(config.magazine.icon.as_ref());
    // Readers want the same title and link again.
    let image = picture.map(|url| ::rss::Image {
        url: address(url).into_owned(),
        title: title.clone(),
        link: link.clone(),
        ..::rss::Image::default()
    });
    let channel = Channel {
        title,
        link,
        image,
        itunes_ext: podcast.map(|podcast| podcast::channel(feed, podcast)),
        description: plain(&feed.description()).into_owned(),
        language: Some(config.magazine.language.to_lowercase()),
        copyright: config.magazine.rights.as_deref().map(|rights| plain(rights).into_owned()),
        last_build_date: Some(feed.updated().to_rfc2822()),
        generator: Some("gazetier".into()),
        items: feed.columns.iter().zip(&mut *shown).map(|(column, shown)| item(feed, column, shown)).collect(),
        extensions: map(head),
        namespaces: namespaces(feed),
        ..Channel::default()
    };
    let head = feed.stylesheet()?;
    let form = |reason: rss::Error| Error::Form { form: "RSS", reason: reason.to_string() };
    let mut document = channel.pretty_write_to(buffer, b' ', 1).map_err(form)?;
    for (shown, item) in shown.iter_mut().zip(channel.items) {
        shown.content = item.content;
    }
    // The crate writes a declaration of its own and no instruction after it.
    let root = document.windows(5).position(|bytes| bytes == b"<rss ").unwrap_or_default();
    document.splice(..root, head.into_bytes());
    document.push(b'\n');
    Ok(document)
}

/// What the document's extensions are called; history's names only where there is any.
fn namespaces(feed: &Feed<'_>) -> BTreeMap<String, String> {
    let always = [
        ("atom", "http://www.w3.org/2005/Atom"),
        ("content", "http://purl.org/rss/1.0/modules/content/"),
        ("dc", "http://purl.org/dc/elements/1.1/"),
        ("media", MEDIA),
    ];
    let history = feed.history.is_told().then_some(("fh", HISTORY));
    let podcast = feed.podcast().map_or(&[][..], |_| &podcast::NAMESPACES);
    let license = feed.config.rights.license.as_ref().map(|_| ("creativeCommons", rights::CREATIVE_COMMONS));
    let rsl = feed.config.rights.rsl.as_ref().map(|_| ("rsl", rights::RSL));
    always
        .into_iter()
        .chain(history)
        .chain(license)
        .chain(rsl)
        .chain(podcast.iter().copied())
        .map(|(prefix, uri)| (prefix.to_owned(), uri.to_owned()))
        .collect()
}

fn item(feed: &Feed<'_>, column: &Column, shown: &mut ColumnContent<'_>) -> Item {
    let described = !is_blank(&column.standfirst) || !is_blank(&column.body);
    let pictures = shown.image.into_iter().map(|image| ("media", "content", media(image)));
    let terms = feed.config.rights.rsl.as_ref();
    let terms = terms.map(|terms| ("rsl", "content", rights::rss_content(terms, &column.url)));
    let persons = feed.podcast().into_iter().flat_map(|_| podcast::persons(column));
    Item {
        title: Some(plain(&feed.heading(column)).into_owned()),
        link: Some(address(&column.url).into_owned()),
        // A description is HTML. There is one wherever there is content.
        description: described.then(|| escape(&feed.summary(column))),
        categories: feed
            .label(column)
            .map(|rubrique| rubrique.label.as_str())
            .into_iter()
            .chain(tags(column))
            .map(|label| Category { name: plain(label).into_owned(), domain: None })
            .collect(),
        guid: Some(Guid { value: column.guid.clone(), permalink: false }),
        pub_date: (column.published >= EARLIEST).then(|| column.published.to_rfc2822()),
        content: shown.content.take(),
        dublin_core_ext: Some(authors(column).map(str::to_owned).collect::<Vec<_>>())
            .filter(|creators| !creators.is_empty())
            .map(|creators| DublinCoreExtension { creators, ..DublinCoreExtension::default() }),
        enclosure: audio(column).map(|audio| Enclosure {
            url: address(&audio.url).into_owned(),
            // Where nobody knows it, as the RSS Advisory Board says.
            length: audio.length.unwrap_or(0).to_string(),
            mime_type: audio.media_type.clone(),
        }),
        itunes_ext: feed.podcast().and_then(|_| podcast::item(column)),
        extensions: map(pictures.chain(persons).chain(terms)),
        ..Item::default()
    }
}

/// A picture as Media RSS has it.
fn media(image: &Image) -> Extension {
    let mut content =
        extension("media:content", None, [("url", address(&image.url).into_owned()), ("medium", "image".into())]);
    for (name, value) in [
        ("type", media_type(image).map(str::to_owned)),
        ("width", measure(image.width)),
        ("height", measure(image.height)),
        ("fileSize", measure(image.length)),
    ] {
        content.attrs.extend(value.map(|value| (name.to_owned(), value)));
    }
    if !is_blank(&image.alt) {
        let (kind, text) = match looks_like_html(&image.alt) {
            true => ("html", &escape(&image.alt)),
            false => ("plain", &image.alt),
        };
        let description = extension("media:description", Some(text), [("type", kind.into())]);
        content.children.insert("description".into(), vec![description]);
    }
    if let Some(credit) = image.credit.as_ref().filter(|credit| !is_blank(credit)) {
        content.children.insert("credit".into(), vec![extension("media:credit", Some(credit), [])]);
    }
    content
}

pub(super) fn extension<const N: usize>(name: &str, value: Option<&str>, attrs: [(&str, String); N]) -> Extension {
    Extension {
        name: name.to_owned(),
        value: value.map(str::to_owned),
        attrs: attrs.map(|(name, value)| (name.to_owned(), value)).into(),
        children: BTreeMap::new(),
    }
}

fn map<'a>(extensions: impl IntoIterator<Item = (&'a str, &'a str, Extension)>) -> ExtensionMap {
    let mut map = ExtensionMap::new();
    for (prefix, name, extension) in extensions {
        map.entry(prefix.to_owned()).or_default().entry(name.to_owned()).or_default().push(extension);
    }
    map
}
