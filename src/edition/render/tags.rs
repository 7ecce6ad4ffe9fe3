//! The tags of a letter's HTML, read as mail programs read them, by the standard's own rules: words in a letter may look
//! like markup, and an attribute may be written in many ways.

use std::cell::RefCell;

use html5ever::{
    tendril::StrTendril,
    tokenizer::{BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts, states::RawKind},
};
use url::Url;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::edition) struct LetterTag {
    /// In lower case.
    pub(in crate::edition) name: String,
    /// Names in lower case, values as they are meant.
    pub(in crate::edition) attributes: Vec<(String, String)>,
}

impl LetterTag {
    pub(in crate::edition) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The addresses that it leads to or shows.
    pub(in crate::edition) fn addresses(&self) -> impl Iterator<Item = &str> {
        ["href", "src", "background"].into_iter().filter_map(|name| self.attribute(name))
    }
}

/// A piece of a text of HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::edition) enum HtmlPiece {
    Open(LetterTag),
    /// The end of an element of this name.
    Close(String),
    /// Words as they are meant.
    Text(String),
}

/// The tags that open the elements of a text of HTML, in their order.
pub(in crate::edition) fn of(html: &str) -> Vec<LetterTag> {
    let opens = collected(html, false).into_iter().filter_map(|piece| match piece {
        HtmlPiece::Open(tag) => Some(tag),
        HtmlPiece::Close(_) | HtmlPiece::Text(_) => None,
    });
    opens.collect()
}

/// All pieces of a text of HTML but its comments.
pub(in crate::edition) fn pieces(html: &str) -> Vec<HtmlPiece> {
    collected(html, true)
}

fn collected(html: &str, with_all: bool) -> Vec<HtmlPiece> {
    let collector = PieceCollector { with_all, pieces: RefCell::default() };
    let tokenizer = Tokenizer::new(collector, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    // No script stops it, and it stops for nothing else.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.pieces.into_inner()
}

struct PieceCollector {
    /// Whether more than the tags that open is wanted.
    with_all: bool,
    pieces: RefCell<Vec<HtmlPiece>>,
}

impl TokenSink for PieceCollector {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        let tag = match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => tag,
            Token::TagToken(tag) if self.with_all => {
                self.pieces.borrow_mut().push(HtmlPiece::Close(tag.name.to_string()));
                return TokenSinkResult::Continue;
            }
            Token::CharacterTokens(words) if self.with_all => {
                let mut pieces = self.pieces.borrow_mut();
                // The tokenizer gives a text line by line.
                match pieces.last_mut() {
                    Some(HtmlPiece::Text(before)) => before.push_str(&words),
                    _ => pieces.push(HtmlPiece::Text(words.to_string())),
                }
                return TokenSinkResult::Continue;
            }
            _ => return TokenSinkResult::Continue,
        };
        let attributes = tag.attrs.iter().map(|own| (own.name.local.to_string(), own.value.to_string())).collect();
        let name = tag.name.to_string();
        // What stands in these is no markup.
        let result = match name.as_str() {
            "style" | "xmp" | "iframe" | "noembed" | "noframes" => TokenSinkResult::RawData(RawKind::Rawtext),
            "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
            _ => TokenSinkResult::Continue,
        };
        self.pieces.borrow_mut().push(HtmlPiece::Open(LetterTag { name, attributes }));
        result
    }
}

/// Whether an address leads somewhere from a letter, where there is no page that it could be beside.
pub(in crate::edition) fn is_absolute_link(address: &str) -> bool {
    let address = address.trim();
    let Ok(url) = Url::parse(address) else { return false };
    let behind = address.split_once(':').map_or("", |(_, rest)| rest);
    match url.scheme() {
        // What browsers would mend, mail programs need not.
        "http" | "https" => behind.strip_prefix("//").is_some_and(|rest| !rest.starts_with(['/', '\\', '?', '#'])),
        // Without an address it opens a new letter, if it says what stands there.
        "mailto" => url.path().contains('@') || (url.path().is_empty() && url.query().is_some_and(|it| !it.is_empty())),
        "tel" | "sms" => behind.bytes().any(|byte| byte.is_ascii_digit()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_as_mail_programs_read_them() {
        let html = "<!-- <a href=\"/no\"> --><style>a > b { } <a href=\"/no\"></style><title><a href=\"/no\"></title>\
                    <A HREF='https://a.example/?x=1&amp;y=l&#39;eau' title=\" href=&quot;/no&quot;\">b href=\"/no\"</a>\
                    <img src=https://a.example/x.jpg alt><td background=\"/x.png\">";
        let tags = of(html);
        let names: Vec<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
        assert_eq!(names, ["style", "title", "a", "img", "td"]);
        let addresses: Vec<&str> = tags.iter().flat_map(LetterTag::addresses).collect();
        assert_eq!(addresses, ["https://a.example/?x=1&y=l'eau", "https://a.example/x.jpg", "/x.png"]);
        assert_eq!((tags[3].attribute("alt"), tags[3].attribute("width")), (Some(""), None));
    }

    #[test]
    fn what_leads_nowhere_is_known() {
        for good in [
            "https://a.example/",
            "HTTPS://A.example/x?y#z",
            "http://a.example",
            "mailto:a@b.example",
            "MAILTO:a@b.example",
            "mailto:?subject=a&body=b",
            "tel:+33298000000",
            "Tel:0298",
            "sms:+33298",
            " https://a.example/ ",
            "https://a.example:8443/l'eau",
        ] {
            assert!(is_absolute_link(good), "{good}");
        }
        for bad in [
            "",
            "/x",
            "x.html",
            "#haut",
            "//a.example/x",
            "https://",
            "https:",
            "https:a.example",
            "https:/a.example",
            "http:///x",
            "mailto:",
            "mailto:a",
            "mailto:?",
            "tel:",
            "tel:+",
            "data:text/plain,x",
            "javascript:x",
            "file:///x",
            "a.example/x",
            "?x",
            "ftp://a.example/",
        ] {
            assert!(!is_absolute_link(bad), "{bad}");
        }
    }
}
