//! Prepares HTML for the cleaner, which keeps or drops element by element and reads HTML as a
//! browser does. What would be lost on that way is turned into what a feed can hold: media that only
//! a page can play into links, elements whose text is no HTML into that text, alignment in styles
//! into attributes; ids are made the column's own, and what is nested too deeply is flattened.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
};

use url::Url;

use crate::locales::Lang;

use super::{
    alternatives::{PictureAddresses, text_of},
    anchors::Anchors,
    tokens::{HtmlToken, HtmlTokens, Tag},
};

/// How deep elements may be nested: a parser takes time by the square of it.
pub const MAX_NESTING: usize = 100;

pub(super) struct PreparedHtml {
    pub html: String,
    /// Whether elements were nested too deeply.
    pub flattened: bool,
    /// What readers will not see, by the names of elements.
    pub unseen: BTreeMap<&'static str, usize>,
}

/// Prepares the HTML of the column that is at `page`, whose pictures are below `media`; what stands in the place of
/// something else is in the column's language.
pub(super) fn prepare(html: &str, page: &Url, media: &Url, lang: Lang) -> PreparedHtml {
    let mut preparer = Preparer {
        page,
        lang,
        unseen: BTreeMap::new(),
        lazy: None,
        pieces: HtmlTokens::of(html),
        anchors: Anchors::of(html, page, media),
        unclosed: HashSet::new(),
        without_media: usize::MAX,
        open: Vec::new(),
        dropped: HashMap::new(),
        out: String::with_capacity(html.len() + html.len() / 16),
        flattened: false,
    };
    while let Some(piece) = preparer.pieces.next() {
        match piece {
            HtmlToken::Text(text) => push_text(text, &mut preparer.out),
            HtmlToken::Tag(tag) if tag.ends => preparer.end(tag),
            HtmlToken::Tag(tag) => preparer.start(tag),
            HtmlToken::Hidden => {}
        }
    }
    PreparedHtml { html: preparer.out, flattened: preparer.flattened, unseen: preparer.unseen }
}

pub(super) struct Preparer<'a> {
    pub(super) page: &'a Url,
    pub(super) lang: Lang,
    pub(super) unseen: BTreeMap<&'static str, usize>,
    /// Where a picture that pages load late ends, and its address: the same may follow for browsers without scripts.
    pub(super) lazy: Option<(usize, String)>,
    pub(super) pieces: HtmlTokens<'a>,
    pub(super) anchors: Anchors<'a>,
    /// Elements of which no end tag follows.
    pub(super) unclosed: HashSet<String>,
    /// How much HTML follows the content in which no address of anything to play was found.
    without_media: usize,
    /// The elements that are open, by their names in lower case.
    pub(super) open: Vec<String>,
    /// How many elements of a name were not opened because they would be too deep.
    dropped: HashMap<String, usize>,
    pub(super) out: String,
    flattened: bool,
}

impl<'a> Preparer<'a> {
    fn start(&mut self, tag: Tag<'a>) {
        let name = tag.name.to_ascii_lowercase();
        match name.as_str() {
            "script" => self.script(&tag),
            "style" => {
                self.skip(&name);
            }
            "svg" => self.drawing(&tag),
            "math" => self.formula(&tag),
            "img" => self.picture(&tag),
            "input" => self.field(&tag),
            "form" => self.form(tag),
            "select" | "button" => {
                self.lose_field(&name);
                self.element(&tag, name);
            }
            "canvas" => {
                if self.content_is_blank(&name) {
                    self.lose("canvas");
                }
                self.element(&tag, name);
            }
            // Their text is no HTML; without an end, what follows is.
            "title" | "textarea" | "xmp" => {
                if let Some(text) = self.skip(&name) {
                    let text = if name == "xmp" { Cow::from(text.replace('&', "&amp;")) } else { text.into() };
                    let pre = name == "xmp";
                    self.out.push_str(if pre { "<pre>" } else { "" });
                    self.out.push_str(&text.replace('<', "&lt;"));
                    self.out.push_str(if pre { "</pre>" } else { "" });
                }
            }
            "noscript" if self.follows_lazy() => {
                self.skip(&name);
            }
            "plaintext" | "noscript" | "noembed" | "noframes" => {}
            "iframe" => self.frame(&tag),
            "video" | "audio" | "object" => self.medium(&tag, &name),
            "embed" => self.link(&tag, tag.value("src")),
            // Not one of a picture: one of a recording whose own element was lost.
            "source" if !self.open.iter().any(|open| open == "picture") => {
                if let Some(address) = tag.value("src") {
                    self.link(&tag, Some(address));
                }
            }
            "track" => {}
            _ => self.element(&tag, name),
        }
    }

    fn end(&mut self, tag: Tag<'a>) {
        let name = tag.name.to_ascii_lowercase();
        if let Some(count) = self.dropped.get_mut(&name).filter(|count| **count > 0) {
            *count -= 1;
            return;
        }
        if let Some(at) = self.open.iter().rposition(|open| *open == name) {
            self.open.truncate(at);
        }
        let known = renamed(&name);
        // Without their elements these end nothing.
        if !matches!(
            known,
            "plaintext"
                | "noscript"
                | "noembed"
                | "noframes"
                | "iframe"
                | "title"
                | "textarea"
                | "xmp"
                | "svg"
                | "math"
        ) {
            self.out.push_str("</");
            self.out.push_str(known);
            self.out.push('>');
        }
    }

    /// Passes over an element's content and its end tag, and gives the content; `None` if there is no
    /// end tag.
    pub(super) fn skip(&mut self, name: &str) -> Option<&'a str> {
        let rest = self.pieces.rest;
        let found = match self.unclosed.contains(name) {
            true => None,
            false => end_of(rest, name),
        };
        match found {
            Some((content, after)) => {
                self.pieces.rest = &rest[after..];
                Some(&rest[..content])
            }
            None => {
                self.unclosed.insert(name.to_owned());
                None
            }
        }
    }

    /// What a page would play: its own address, or else the first of its sources. What stands in it
    /// is for browsers that cannot.
    fn medium(&mut self, tag: &Tag<'a>, name: &str) {
        let own = tag.value(if name == "object" { "data" } else { "src" });
        if own.is_none() && self.pieces.rest.len() > self.without_media {
            return;
        }
        let before = self.pieces;
        let content = self.skip(name);
        let sources = HtmlTokens::of(content.unwrap_or_default()).filter_map(|piece| match piece {
            HtmlToken::Tag(tag) if ["source", "embed"].iter().any(|name| tag.name.eq_ignore_ascii_case(name)) => {
                tag.value("src")
            }
            _ => None,
        });
        let address = own.or_else(|| sources.into_iter().next());
        if address.is_none() {
            // Nothing to play: what stands in it is all there is.
            self.without_media = self.pieces.rest.len();
            self.pieces = before;
            if name != "object" && content.is_none_or(|content| text_of(content).is_empty()) {
                self.lose(if name == "audio" { "audio" } else { "video" });
            }
            return;
        }
        self.link(tag, address);
    }

    pub(super) fn element(&mut self, tag: &Tag<'a>, name: String) {
        self.element_with(tag, name, &PictureAddresses::default());
    }

    /// An element with other addresses of a picture than its own.
    pub(super) fn element_with(&mut self, tag: &Tag<'a>, name: String, addresses: &PictureAddresses<'_>) {
        if !is_void(&name) {
            self.close_before(&name);
            if self.open.len() >= MAX_NESTING {
                *self.dropped.entry(name).or_default() += 1;
                self.flattened = true;
                return;
            }
        }
        let picture = name == "a" && self.shows_picture();
        self.out.push('<');
        self.out.push_str(renamed(&name));
        self.attributes(tag, &name, picture, addresses);
        self.out.push('>');
        if !is_void(&name) {
            self.open.push(name);
        }
    }

    fn attributes(&mut self, tag: &Tag<'a>, name: &str, picture: bool, addresses: &PictureAddresses<'_>) {
        for (attribute, value) in [("src", addresses.src), ("srcset", addresses.srcset)] {
            if let Some(value) = value {
                self.attribute(attribute, value);
            }
        }
        let mut aligned = tag.value("align").is_some();
        for (attribute, value) in tag.attributes() {
            let attribute = attribute.to_ascii_lowercase();
            let value = value.unwrap_or_default();
            let (attribute, value) = match attribute.as_str() {
                "id" => match self.anchors.id(value) {
                    Some(id) => ("id", Cow::from(id)),
                    None => continue,
                },
                "name" if name == "a" && tag.value("id").is_none() => match self.anchors.id(value) {
                    Some(id) => ("id", Cow::from(id)),
                    None => continue,
                },
                "href" if matches!(name, "a" | "area") => ("href", self.anchors.href(value, picture)),
                "style" => match alignment(value).filter(|_| !std::mem::replace(&mut aligned, true)) {
                    Some(side) => ("align", side.into()),
                    None => continue,
                },
                "src" if addresses.src.is_some() => continue,
                "srcset" if addresses.srcset.is_some() => continue,
                other => (other, value.into()),
            };
            self.attribute(attribute, &value);
        }
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        self.out.push_str(&value.replace('"', "&quot;"));
        self.out.push('"');
    }

    /// Whether the link that begins here has a picture in it.
    fn shows_picture(&self) -> bool {
        // As many pieces as a linked picture with its words takes.
        for piece in self.pieces.take(24) {
            match piece {
                HtmlToken::Tag(tag) if tag.name.eq_ignore_ascii_case("img") => return true,
                HtmlToken::Tag(tag) if tag.name.eq_ignore_ascii_case("a") => return false,
                _ => {}
            }
        }
        false
    }

    /// Takes note of the elements that an element ends by beginning.
    fn close_before(&mut self, name: &str) {
        let (ended, bounds): (&[&str], &[&str]) = match name {
            "li" => (&["li"], &["ul", "ol", "menu", "td", "th"]),
            "dt" | "dd" => (&["dt", "dd"], &["dl", "td", "th"]),
            "tr" => (&["tr"], &["table"]),
            "td" | "th" => (&["td", "th"], &["tr", "table"]),
            "tbody" | "thead" | "tfoot" => (&["tbody", "thead", "tfoot", "colgroup", "caption"], &["table"]),
            "option" => (&["option"], &["select"]),
            "rt" | "rp" => (&["rt", "rp"], &["ruby"]),
            "a" => (&["a"], &["td", "th", "caption"]),
            _ if !is_phrase(name) => (&["p"], &["td", "th", "caption", "button", "object"]),
            _ => return,
        };
        let open = self.open.iter().enumerate().rev();
        let inside = open.take_while(|(_, open)| !bounds.contains(&open.as_str()));
        let ended = inside.filter(|(_, open)| ended.contains(&open.as_str())).last();
        if let Some((at, _)) = ended {
            self.open.truncate(at);
        }
    }
}

/// Text as it is, but for a `<` that begins nothing.
pub(crate) fn push_text(text: &str, out: &mut String) {
    if text.contains('<') {
        out.push_str(&text.replace('<', "&lt;"));
    } else {
        out.push_str(text);
    }
}

/// Where the content of an element ends that begins with the text, and where what follows its end tag
/// begins.
pub(crate) fn end_of(text: &str, name: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = text[from..].find("</").map(|at| from + at) {
        let named = bytes.get(at + 2..at + 2 + name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name.as_bytes()));
        let next = bytes.get(at + 2 + name.len());
        if named && next.is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>')) {
            let end = text[at..].find('>').map(|length| at + length + 1)?;
            return Some((at, end));
        }
        from = at + 2;
    }
    None
}

/// The side to which a style aligns text.
fn alignment(style: &str) -> Option<&'static str> {
    let value = style.split(';').filter_map(|rule| rule.split_once(':')).rev().find_map(|(property, value)| {
        property.trim().eq_ignore_ascii_case("text-align").then_some(value.split('!').next().unwrap_or_default().trim())
    })?;
    ["left", "right", "center", "justify"].into_iter().find(|side| value.eq_ignore_ascii_case(side))
}

/// The name under which a feed can hold an element: blocks part words, whatever becomes of them.
fn renamed(name: &str) -> &str {
    match name {
        "form" | "fieldset" | "legend" | "dialog" | "optgroup" | "option" | "search" | "marquee" => "div",
        // Its only use is its direction.
        "bdo" => "bdi",
        "listing" => "pre",
        other => other,
    }
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area" | "base" | "basefont" | "bgsound" | "br" | "col" | "frame" | "hr" | "img" | "input" | "link" | "meta"
    ) || matches!(name, "param" | "source" | "wbr" | "isindex")
}

/// Whether blocks stand in an element one below the other.
pub(super) fn is_flow(name: &str) -> bool {
    matches!(name, "article" | "aside" | "blockquote" | "body" | "center" | "div" | "footer" | "header" | "main")
        || matches!(name, "section" | "form" | "fieldset" | "html" | "nav")
}

/// Whether an element stands within a line, so that a paragraph goes on around it.
fn is_phrase(name: &str) -> bool {
    !is_flow(name)
        && !matches!(name, "address" | "details" | "dialog" | "dir" | "dl" | "figcaption" | "figure" | "hgroup" | "p")
        && !matches!(
            name,
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "listing" | "menu" | "ol" | "pre" | "summary" | "ul"
        )
        && !matches!(name, "table" | "search" | "legend" | "optgroup")
}
