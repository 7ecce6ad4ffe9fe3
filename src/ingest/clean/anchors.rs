//! The places in a column that links in it lead to. In a feed, and on a page of the magazine, many
//! columns stand together: an id is made the column's own by a prefix that its page's address gives.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};
use url::Url;

use super::tokens::{HtmlToken, HtmlTokens, Tag};

/// How a file's name ends that a link to a picture leads to.
const PICTURES: [&str; 10] = [".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".svg", ".tif", ".tiff", ".jxl"];

pub(super) struct Anchors<'a> {
    page: &'a Url,
    media: &'a Url,
    prefix: String,
    /// The ids that the HTML gives, each with its own form.
    ids: HashMap<String, String>,
    given: HashSet<String>,
}

impl<'a> Anchors<'a> {
    pub(super) fn of(html: &str, page: &'a Url, media: &'a Url) -> Self {
        let digest = Sha256::digest(page.as_str().as_bytes());
        let prefix = format!("c{}-", data_encoding::HEXLOWER.encode(&digest[..5]));
        let mut anchors = Self { page, media, prefix, ids: HashMap::new(), given: HashSet::new() };
        for piece in HtmlTokens::of(html) {
            if let HtmlToken::Tag(tag) = piece
                && let Some(name) = anchor(&tag)
            {
                let id = anchors.prefixed(name);
                anchors.ids.entry(decoded(name)).or_insert(id);
            }
        }
        anchors
    }

    /// An id as a feed may carry it: letters and digits, and nothing that an address would encode.
    fn prefixed(&self, name: &str) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let name = decoded(name);
        if name.starts_with(&self.prefix) {
            return name;
        }
        let kept: String = name.chars().map(|c| if plain(c) { c } else { '-' }).take(64).collect();
        if name.chars().all(plain) && name.len() <= 64 {
            return format!("{}{kept}", self.prefix);
        }
        // Two that differ in what is left out stay two.
        let digest = Sha256::digest(name.as_bytes());
        format!("{}{kept}-{}", self.prefix, data_encoding::HEXLOWER.encode(&digest[..3]))
    }

    /// The column's own form of an id; `None` if it is nobody's, or was given before.
    pub(super) fn id(&mut self, name: &str) -> Option<String> {
        let id = self.ids.get(&decoded(name.trim())).filter(|_| !name.trim().is_empty())?.clone();
        self.given.insert(id.clone()).then_some(id)
    }

    /// An address that a link leads to: a place in the column by its own id, and a picture behind a
    /// picture where the pictures are.
    pub(super) fn href<'v>(&self, value: &'v str, picture: bool) -> Cow<'v, str> {
        if let Some(id) = value.trim().strip_prefix('#').and_then(|name| self.ids.get(&decoded(name))) {
            return format!("#{id}").into();
        }
        let path = value.trim().split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
        if picture && PICTURES.iter().any(|ending| path.ends_with(ending)) {
            return self.in_media(value);
        }
        value.into()
    }

    /// An address that is complete, or completed by the place where the magazine serves its media.
    pub(super) fn in_media<'v>(&self, value: &'v str) -> Cow<'v, str> {
        let plain = value.trim().replace("&amp;", "&");
        let relative = Url::parse(&plain) == Err(url::ParseError::RelativeUrlWithoutBase);
        match self.media.join(&plain) {
            Ok(url) if relative => url.as_str().replace('&', "&amp;").into(),
            _ => value.into(),
        }
    }

    /// Whether an address leads somewhere on the web.
    pub(super) fn is_web(&self, address: &str) -> bool {
        self.page.join(&address.replace("&amp;", "&")).is_ok_and(|url| matches!(url.scheme(), "https" | "http"))
    }
}

fn anchor<'a>(tag: &Tag<'a>) -> Option<&'a str> {
    let old = || tag.name.eq_ignore_ascii_case("a").then(|| tag.value("name")).flatten();
    if tag.ends { None } else { tag.value("id").or_else(old) }
}

/// An id as it is meant, however an address writes it.
fn decoded(name: &str) -> String {
    percent_decode_str(&name.replace("&amp;", "&")).decode_utf8_lossy().into_owned()
}
