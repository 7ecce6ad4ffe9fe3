//! What a feed cannot hold, and what stands in its place: a link to what a page would play, the words that describe a
//! drawing, the picture that a page loads late. What nothing can stand for is counted.

use std::borrow::Cow;

use super::{
    media::{Medium, MediumKind, shown_address},
    prepare::{Preparer, end_of, is_flow, push_text},
    tokens::{HtmlToken, HtmlTokens, Tag},
};

/// Where pages that load late keep the address of a frame or a picture.
const LATE: [&str; 5] = ["data-src", "data-lazy-src", "data-original", "data-lazy", "data-url"];
const LATE_SETS: [&str; 2] = ["data-srcset", "data-lazy-srcset"];

/// The addresses of a picture, where they are not in the usual attributes.
#[derive(Debug, Default)]
pub(super) struct PictureAddresses<'a> {
    pub(super) src: Option<&'a str>,
    pub(super) srcset: Option<&'a str>,
}

impl<'a> Preparer<'a> {
    /// Takes note of something that readers will not see.
    pub(super) fn lose(&mut self, what: &'static str) {
        *self.unseen.entry(what).or_default() += 1;
    }

    /// A link in the place of what only a page can show. The magazine's own recordings are where its
    /// pictures are.
    pub(super) fn link(&mut self, tag: &Tag<'a>, address: Option<&'a str>) {
        let name = tag.name.to_ascii_lowercase();
        let Some(address) = address.filter(|address| self.anchors.is_web(address)) else {
            return self.lose(match name.as_str() {
                "iframe" => "iframe",
                "video" => "video",
                "audio" => "audio",
                _ => "embed",
            });
        };
        let medium = match name.as_str() {
            "audio" => Medium::recording(MediumKind::Audio, self.anchors.in_media(address)),
            "video" | "source" => Medium::recording(MediumKind::Video, self.anchors.in_media(address)),
            _ => Medium::of_frame(address, self.page),
        };
        let title = ["title", "aria-label"].into_iter().find_map(|name| tag.value(name));
        let words = medium.words(title, &shown_address(address), self.lang);
        // A picture that the page itself shows for it. One that only the house of the film has would have readers ask that
        // house.
        let poster = tag.value("poster").filter(|poster| name == "video" && self.anchors.is_web(poster));
        let poster = poster.map(|poster| self.anchors.in_media(poster));
        self.push_link_with(&medium.address, poster.as_deref(), &words);
    }

    /// A link, in a paragraph of its own where it stands between others. Both are HTML already.
    pub(super) fn push_link(&mut self, address: &str, words: &str) {
        self.push_link_with(address, None, words);
    }

    /// The same, with a picture above the words that say what it is.
    fn push_link_with(&mut self, address: &str, picture: Option<&str>, words: &str) {
        let alone = self.stands_alone();
        self.out.push_str(if alone { "<p>" } else { "" });
        self.out.push_str("<a href=\"");
        self.out.push_str(&address.replace('"', "&quot;"));
        self.out.push_str("\">");
        if let Some(picture) = picture {
            self.out.push_str("<img src=\"");
            self.out.push_str(&picture.replace('"', "&quot;"));
            self.out.push_str("\" alt=\"\"><br>");
        }
        self.out.push_str(&words.replace('<', "&lt;"));
        self.out.push_str("</a>");
        self.out.push_str(if alone { "</p>" } else { "" });
    }

    fn stands_alone(&self) -> bool {
        self.open.last().is_none_or(|open| is_flow(open))
    }

    /// Words in the place of something.
    fn push_words(&mut self, words: &str) {
        let alone = self.stands_alone();
        self.out.push_str(if alone { "<p>" } else { "" });
        push_text(words, &mut self.out);
        self.out.push_str(if alone { "</p>" } else { "" });
    }

    pub(super) fn frame(&mut self, tag: &Tag<'a>) {
        let addresses = ["src"].into_iter().chain(LATE).filter_map(|name| tag.value(name));
        let address = addresses.into_iter().find(|address| self.anchors.is_web(address) && *address != "about:blank");
        self.link(tag, address);
        self.skip("iframe");
    }

    /// A script is nothing to read; some stand for a text that is elsewhere.
    pub(super) fn script(&mut self, tag: &Tag<'a>) {
        let gist = tag.value("src").and_then(|src| src.split_once("//gist.github.com/")).map(|(_, gist)| gist);
        if let Some(gist) = gist {
            let gist = gist.split(['?', '#']).next().unwrap_or(gist).trim_end_matches(".js");
            let shown = format!("gist.github.com/{gist}");
            self.push_link(&format!("https://{shown}"), &shown);
        }
        self.skip("script");
    }

    /// The content of an element that may hold others of its name; nothing where it has no end.
    fn skip_nested(&mut self, tag: &Tag<'a>, name: &str) -> Option<&'a str> {
        if tag.source.ends_with("/>") {
            return Some("");
        }
        if self.unclosed.contains(name) {
            return None;
        }
        let whole = self.pieces.rest;
        let (mut pieces, mut depth) = (self.pieces, 1_usize);
        loop {
            let before = pieces.rest.len();
            match pieces.next() {
                Some(HtmlToken::Tag(tag)) if tag.name.eq_ignore_ascii_case(name) => {
                    if tag.ends {
                        depth -= 1;
                    } else if !tag.source.ends_with("/>") {
                        depth += 1;
                    }
                    if depth == 0 {
                        self.pieces = pieces;
                        return whole.get(..whole.len() - before);
                    }
                }
                Some(_) => {}
                None => {
                    self.unclosed.insert(name.to_owned());
                    return None;
                }
            }
        }
    }

    /// A drawing: what describes it.
    pub(super) fn drawing(&mut self, tag: &Tag<'a>) {
        let content = self.skip_nested(tag, "svg").unwrap_or_default();
        let is_ornament = tag.value("aria-hidden") == Some("true") || tag.value("role") == Some("presentation");
        let own = ["aria-label", "title"].into_iter().find_map(|name| tag.value(name)).map(Cow::from);
        let words = own.or_else(|| ["title", "desc", "text"].into_iter().find_map(|name| words_in(content, name)));
        match words {
            Some(words) => self.push_words(&words),
            None if is_ornament => {}
            None => self.lose("svg"),
        }
    }

    /// A formula: what describes it, or its signs one after the other.
    pub(super) fn formula(&mut self, tag: &Tag<'a>) {
        let content = self.skip_nested(tag, "math").unwrap_or_default();
        let own = ["alttext", "aria-label"].into_iter().find_map(|name| tag.value(name)).map(Cow::from);
        match own.or_else(|| words_in(content, "annotation")) {
            Some(words) => self.push_words(&words),
            None => {
                let signs = text_of(content);
                if !signs.is_empty() {
                    self.push_words(&signs);
                }
                // A fraction's parts, one after the other, are no fraction.
                self.lose("math");
            }
        }
    }

    /// Whether the element that begins has an end and nothing in it.
    pub(super) fn content_is_blank(&self, name: &str) -> bool {
        end_of(self.pieces.rest, name).is_none_or(|(end, _)| text_of(&self.pieces.rest[..end]).is_empty())
    }

    /// A form can be filled in on the column's page alone.
    pub(super) fn form(&mut self, tag: Tag<'a>) {
        let content = end_of(self.pieces.rest, "form").map_or(self.pieces.rest, |(end, _)| &self.pieces.rest[..end]);
        let mut fields = HtmlTokens::of(content).filter_map(|piece| match piece {
            HtmlToken::Tag(tag) if !tag.ends => Some(tag),
            _ => None,
        });
        let has_fields = fields.any(|tag| is_field(&tag));
        self.element(&tag, "form".to_owned());
        if has_fields {
            let page = self.page.as_str().replace('&', "&amp;");
            let words = &self.lang.words().column.form;
            self.push_link(&page, words);
        }
    }

    /// A field of a form. A box that is ticked, or not, is a sign.
    pub(super) fn field(&mut self, tag: &Tag<'a>) {
        let kind = tag.value("type").map(str::to_ascii_lowercase).unwrap_or_default();
        match kind.as_str() {
            "checkbox" if !self.open.iter().any(|open| open == "form") => {
                let ticked = tag.attributes().any(|(name, _)| name.eq_ignore_ascii_case("checked"));
                self.out.push_str(if ticked { "☑" } else { "☐" });
            }
            "hidden" => {}
            _ => self.lose_field("input"),
        }
    }

    /// A field that stands in no form: nothing leads to where it could be filled in.
    pub(super) fn lose_field(&mut self, name: &str) {
        if !self.open.iter().any(|open| open == "form") {
            self.lose(match name {
                "select" => "select",
                "button" => "button",
                _ => "input",
            });
        }
    }

    /// A picture, from wherever its address is.
    pub(super) fn picture(&mut self, tag: &Tag<'a>) {
        let own = tag.value("src").filter(|src| self.anchors.is_web(src));
        let late = LATE.into_iter().find_map(|name| tag.value(name)).filter(|late| self.anchors.is_web(late));
        let late_set = LATE_SETS.into_iter().find_map(|name| tag.value(name));
        let first = late_set.and_then(|set| set.split_whitespace().next());
        let src = late.or(first.filter(|first| self.anchors.is_web(first)).map(|first| first.trim_end_matches(',')));
        if own.is_some() && own == self.lazy_address() {
            return;
        }
        let is_held =
            src.is_none() && tag.value("src").is_some_and(|src| src.to_ascii_lowercase().starts_with("data:"));
        if is_held {
            if self.noscript_follows() {
                return;
            }
            self.lose("img");
            if let Some(alt) = tag.value("alt") {
                return self.push_words(alt);
            }
        }
        let addresses = PictureAddresses { src, srcset: late_set };
        self.element_with(tag, "img".to_owned(), &addresses);
        self.lazy = src.map(|src| (self.out.len(), src.to_owned()));
    }

    /// The address of a picture that is loaded late and has just been put down.
    fn lazy_address(&self) -> Option<&str> {
        let (end, address) = self.lazy.as_ref()?;
        self.out.get(*end..).filter(|since| since.trim().is_empty()).map(|_| address.as_str())
    }

    /// Whether what follows is the same picture for browsers without scripts.
    pub(super) fn follows_lazy(&self) -> bool {
        self.lazy_address().is_some()
    }

    /// Whether the next piece is for browsers without scripts.
    fn noscript_follows(&self) -> bool {
        let mut next = self.pieces.filter(|piece| !matches!(piece, HtmlToken::Text(text) if text.trim().is_empty()));
        matches!(next.next(), Some(HtmlToken::Tag(tag)) if tag.name.eq_ignore_ascii_case("noscript"))
    }
}

fn is_field(tag: &Tag<'_>) -> bool {
    let is = |name: &str| tag.name.eq_ignore_ascii_case(name);
    let hidden = tag.value("type").is_some_and(|kind| kind.eq_ignore_ascii_case("hidden"));
    (is("input") && !hidden) || is("select") || is("textarea") || is("button")
}

/// The words in the elements of a name.
fn words_in(html: &str, name: &str) -> Option<Cow<'static, str>> {
    let mut pieces = HtmlTokens::of(html);
    let mut words: Vec<String> = Vec::new();
    while let Some(piece) = pieces.next() {
        if let HtmlToken::Tag(tag) = piece
            && !tag.ends
            && tag.name.eq_ignore_ascii_case(name)
            && let Some((content, after)) = end_of(pieces.rest, name)
        {
            words.push(text_of(&pieces.rest[..content]));
            pieces.rest = &pieces.rest[after..];
        }
    }
    let words = words.join(" ");
    (!words.trim().is_empty()).then(|| words.trim().to_owned().into())
}

/// The text of HTML, with its entities.
pub(super) fn text_of(html: &str) -> String {
    let texts = HtmlTokens::of(html).filter_map(|piece| match piece {
        HtmlToken::Text(text) => Some(text),
        _ => None,
    });
    texts.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}
