//! Takes HTML apart into tags and what stands between them, as the standard's tokenizer does. What
//! only looks like a tag stays text.

/// A piece of HTML. All pieces, one after another, are the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HtmlToken<'a> {
    /// Text, with its entities; a `<` in it begins nothing.
    Text(&'a str),
    /// A start tag or an end tag.
    Tag(Tag<'a>),
    /// A comment, a doctype, a processing instruction: nothing that anybody sees.
    Hidden,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag<'a> {
    /// As it is written, from `<` to `>`.
    pub source: &'a str,
    pub name: &'a str,
    pub ends: bool,
    attributes: &'a str,
}

impl<'a> Tag<'a> {
    /// Its attributes in order, values without quotation marks and with their entities; `None` for
    /// an attribute without a value.
    pub(crate) fn attributes(&self) -> Attributes<'a> {
        Attributes { rest: self.attributes }
    }

    /// The value of an attribute, trimmed; `None` if there is none or it is blank.
    pub(crate) fn value(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.attributes().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        value.map(str::trim).filter(|value| !value.is_empty())
    }
}

/// The pieces of a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HtmlTokens<'a> {
    /// What has not been read yet.
    pub rest: &'a str,
}

impl<'a> HtmlTokens<'a> {
    pub(crate) fn of(html: &'a str) -> Self {
        Self { rest: html }
    }

    fn advance(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }
}

impl<'a> Iterator for HtmlTokens<'a> {
    type Item = HtmlToken<'a>;

    fn next(&mut self) -> Option<HtmlToken<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let mut from = 0;
        while let Some(at) = self.rest[from..].find('<').map(|at| from + at) {
            let Some((length, piece)) = markup(&self.rest[at..]) else {
                from = at + 1;
                continue;
            };
            if at > 0 {
                return Some(HtmlToken::Text(self.advance(at)));
            }
            self.advance(length);
            return Some(piece);
        }
        Some(HtmlToken::Text(self.advance(self.rest.len())))
    }
}

/// What begins with the `<` that a text begins with, and its length; `None` if that is text.
fn markup(text: &str) -> Option<(usize, HtmlToken<'_>)> {
    let hidden = |end: Option<usize>| Some((end?, HtmlToken::Hidden));
    match text.as_bytes().get(1)? {
        b'!' if text.starts_with("<!--") => {
            // <!--> and <!---> are comments too. One without an end would hide all that follows.
            let ends = [text[2..].find("-->").map(|at| at + 5), text[4..].find("--!>").map(|at| at + 8)];
            hidden(ends.into_iter().flatten().min())
        }
        b'!' | b'?' => hidden(text.find('>').map(|at| at + 1)),
        b'/' if text.as_bytes().get(2)?.is_ascii_alphabetic() => tag(text, 2),
        byte if byte.is_ascii_alphabetic() => tag(text, 1),
        _ => None,
    }
}

/// The tag that a text begins with, if it ends; its name begins at a byte.
fn tag(text: &str, from: usize) -> Option<(usize, HtmlToken<'_>)> {
    let bytes = text.as_bytes();
    let ends_name = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>');
    let name_end = from + bytes[from..].iter().position(ends_name)?;
    let mut attributes = Attributes { rest: &text[name_end..] };
    while attributes.next().is_some() {}
    let end = text.len() - attributes.rest.len();
    if bytes.get(end) != Some(&b'>') {
        return None;
    }
    let (name, inside) = (&text[from..name_end], &text[name_end..end]);
    let tag = Tag { source: &text[..=end], name, ends: from == 2, attributes: inside };
    Some((end + 1, HtmlToken::Tag(tag)))
}

/// The attributes of a tag; what is left in the end begins with the tag's `>`, or is nothing where a
/// tag does not end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attributes<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a str, Option<&'a str>);

    fn next(&mut self) -> Option<Self::Item> {
        let blank = |c: char| c.is_ascii_whitespace() || c == '/';
        self.rest = self.rest.trim_start_matches(blank);
        if self.rest.is_empty() || self.rest.starts_with('>') {
            return None;
        }
        // An = at the beginning is part of the name.
        let ends = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>' | b'=');
        let length = self.rest.bytes().skip(1).position(ends).map_or(self.rest.len(), |at| at + 1);
        // A name may begin with a character of several bytes.
        let (name, rest) = self.rest.split_at(length);
        let Some(value) = rest.trim_ascii_start().strip_prefix('=').map(str::trim_ascii_start) else {
            self.rest = rest;
            return Some((name, None));
        };
        let (value, rest) = match value.bytes().next() {
            Some(quote @ (b'"' | b'\'')) => match value[1..].split_once(char::from(quote)) {
                Some((value, rest)) => (value, rest),
                None => ("", ""),
            },
            _ => value.split_at(value.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(value.len())),
        };
        self.rest = rest;
        Some((name, Some(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces as text: `[name attribute=value]` for a tag.
    fn tokens(html: &str) -> String {
        let shown = |piece| match piece {
            HtmlToken::Text(text) => text.to_owned(),
            HtmlToken::Hidden => "[]".to_owned(),
            HtmlToken::Tag(tag) => {
                let attributes: String = tag
                    .attributes()
                    .map(|(name, value)| value.map_or(format!(" {name}"), |value| format!(" {name}={value}")))
                    .collect();
                format!("[{}{}{attributes}]", if tag.ends { "/" } else { "" }, tag.name)
            }
        };
        HtmlTokens::of(html).map(shown).collect()
    }

    #[test]
    fn tags_are_told_from_text() {
        for (html, told) in [
            ("a < b <3 << c", "a < b <3 << c"),
            ("<p>a</p >b<br/>", "[p]a[/p]b[br]"),
            ("<a href=x/y title='a > b' hidden>é", "[a href=x/y title=a > b hidden]é"),
            ("<IMG alt=\"\" é =  \"ü\"/ =a>", "[IMG alt= é=ü =a]"),
            ("<!-- > --> <!-->a<!DOCTYPE html><?php x ?></ b>", "[] []a[][]</ b>"),
            ("a <b c=\"d>", "a <b c=\"d>"),
            ("<b", "<b"),
            ("<", "<"),
            ("<!-- a", "<!-- a"),
            ("<!-- a --!>b", "[]b"),
        ] {
            assert_eq!(tokens(html), told, "{html}");
        }
    }
}
