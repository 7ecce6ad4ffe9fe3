//! RSS 2.0, by the RSS Advisory Board's profile, with Dublin Core, content:encoded and Media RSS.

use std::collections::BTreeMap;

use rss::{
    Category, Channel, Guid, Item,
    extension::{Extension, ExtensionMap, dublincore::DublinCoreExtension},
};
use url::Url;

use super::{Error, Feed, escape};
use crate::model::{Column, Image};

/// Media RSS, for pictures in RSS and Atom.
pub(super) const MEDIA: &str = "http://search.yahoo.com/mrss/";

/// Feed history (RFC 5005).
pub(super) const HISTORY: &str = "http://purl.org/syndication/history/1.0";

pub(super) fn write(feed: &Feed<'_>) -> Result<Vec<u8>, Error> {
    let config = feed.config;
    let link = |rel: &str, href: &Url| {
        let media_type = "application/rss+xml".to_owned();
        extension("atom:link", None, [("href", href.to_string()), ("rel", rel.to_owned()), ("type", media_type)])
    };
    let hub = |hub: &Url| extension("atom:link", None, [("href", hub.to_string()), ("rel", "hub".into())]);
    let mut head = vec![("atom", "link", link("self", &feed.addresses.rss))];
    head.extend(config.feeds.hubs.iter().map(|url| ("atom", "link", hub(url))));
    head.extend(feed.current()?.map(|current| ("atom", "link", link("current", &current.rss))));
    head.extend(feed.previous()?.map(|previous| ("atom", "link", link("prev-archive", &previous.rss))));
    if feed.history.archive.is_some() {
        head.push(("fh", "archive", extension("fh:archive", None, [])));
    }
    if feed.history.complete {
        head.push(("fh", "complete", extension("fh:complete", None, [])));
    }
    let channel = Channel {
        title: plain(&feed.title()),
        link: config.magazine.url.to_string(),
        description: plain(&feed.description()),
        language: Some(config.magazine.language.to_lowercase()),
        copyright: config.magazine.rights.clone(),
        last_build_date: Some(feed.updated().to_rfc2822()),
        generator: Some("gazetier".into()),
        items: feed.columns.iter().map(|column| item(feed, column)).collect(),
        extensions: map(head),
        namespaces: namespaces(feed),
        ..Channel::default()
    };
    let head = feed.stylesheet()?;
    let form = |reason: rss::Error| Error::Form { form: "RSS", reason: reason.to_string() };
    let document = channel.pretty_write_to(Vec::new(), b' ', 1).map_err(form)?;
    // The crate writes a declaration of its own and no instruction after it.
    let root = document.windows(5).position(|bytes| bytes == b"<rss ").unwrap_or_default();
    Ok([head.as_bytes(), &document[root..], b"\n"].concat())
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
    always.into_iter().chain(history).map(|(prefix, uri)| (prefix.to_owned(), uri.to_owned())).collect()
}

fn item(feed: &Feed<'_>, column: &Column) -> Item {
    let content = feed.content(column);
    let image = feed.image(column, content.as_deref());
    Item {
        title: Some(plain(&column.title)),
        link: Some(column.url.to_string()),
        // A description is HTML.
        description: (!column.standfirst.is_empty()).then(|| escape(&column.standfirst)),
        categories: feed
            .label(column)
            .map(|rubrique| Category { name: rubrique.label.clone(), domain: None })
            .into_iter()
            .collect(),
        guid: Some(Guid { value: column.guid.clone(), permalink: false }),
        pub_date: Some(column.published.to_rfc2822()),
        content,
        dublin_core_ext: column
            .byline
            .clone()
            .map(|byline| DublinCoreExtension { creators: vec![byline], ..DublinCoreExtension::default() }),
        extensions: image.map(|image| map([("media", "content", media(image))])).unwrap_or_default(),
        ..Item::default()
    }
}

/// A title for readers of which some take it for text and some for HTML: an invisible word joiner
/// after `<` and `&` keeps what looks like a tag or an entity from being one.
fn plain(title: &str) -> String {
    let mut plain = String::with_capacity(title.len());
    let mut chars = title.chars().peekable();
    while let Some(c) = chars.next() {
        plain.push(c);
        let next = chars.peek().copied().unwrap_or(' ');
        let begins_tag = c == '<' && (next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?'));
        let begins_entity = c == '&' && (next.is_ascii_alphanumeric() || next == '#');
        if begins_tag || begins_entity {
            plain.push('\u{2060}');
        }
    }
    plain
}

/// A picture as Media RSS has it.
fn media(image: &Image) -> Extension {
    let mut content = extension("media:content", None, [("url", image.url.to_string()), ("medium", "image".into())]);
    let number = |n: Option<u64>| n.map(|n| n.to_string());
    for (name, value) in [
        ("type", image.media_type.clone()),
        ("width", number(image.width.map(u64::from))),
        ("height", number(image.height.map(u64::from))),
        ("fileSize", number(image.length)),
    ] {
        content.attrs.extend(value.map(|value| (name.to_owned(), value)));
    }
    let text = |name, text: &str| extension(name, Some(text), [("type", "plain".into())]);
    if !image.alt.is_empty() {
        content.children.insert("description".into(), vec![text("media:description", &image.alt)]);
    }
    if let Some(credit) = &image.credit {
        content.children.insert("credit".into(), vec![extension("media:credit", Some(credit), [])]);
    }
    content
}

fn extension<const N: usize>(name: &str, value: Option<&str>, attrs: [(&str, String); N]) -> Extension {
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

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn titles_never_look_like_html() {
        assert_eq!(plain("a < b & c <3"), "a < b & c <3");
        assert_eq!(plain("<b>x</b> &amp; &#60;"), "<\u{2060}b>x<\u{2060}/b> &\u{2060}amp; &\u{2060}#60;");
    }
}
