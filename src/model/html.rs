//! Reads HTML once, tag by tag, as the strictest HTML parser would: every tag paired, nothing
//! implied, every entity known, only harmless elements and attributes, only absolute addresses.
//! What it passes over it does not copy.

mod names;

use names::{Kind, element, is_address, is_attribute, is_entity};

pub use names::is_language;

use super::{text, uri};

/// What was found: the rule's name and what broke it.
pub type Found = (&'static str, String);

/// Reads HTML and reports what a feed validator would. The rules are `characters`,
/// `html-element`, `html-attribute`, `html-style`, `html-address`, `html-nesting`, `html-entity`
/// and `html-syntax`.
pub fn scan(html: &str) -> Vec<Found> {
    let mut scanner = Scanner { html, at: 0, open: Vec::new(), lost: false, found: Vec::new() };
    scanner.run();
    scanner.found
}

/// What [`scan`] reports of HTML of which a feed tells the words alone.
pub fn characters(html: &str) -> Vec<Found> {
    text::first_illegal(html).map(illegal).into_iter().collect()
}

fn illegal(c: char) -> Found {
    ("characters", format!("it holds U+{:04X}", c as u32))
}

/// The bytes at which the scanner looks closer: markup, entities, and what may be illegal.
const STOPS: [bool; 256] = {
    let mut stops = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        stops[byte] = b == b'<' || b == b'&' || text::may_be_illegal(b);
        byte += 1;
    }
    stops
};

struct Scanner<'a> {
    html: &'a str,
    at: usize,
    /// The elements that are open, the innermost last.
    open: Vec<(&'a str, Kind)>,
    /// Once nesting is broken, what follows is only a consequence.
    lost: bool,
    found: Vec<Found>,
}

impl<'a> Scanner<'a> {
    fn run(&mut self) {
        let bytes = self.html.as_bytes();
        let mut text = 0;
        loop {
            self.at +=
                bytes[self.at..].iter().position(|byte| STOPS[usize::from(*byte)]).unwrap_or(bytes.len() - self.at);
            match bytes.get(self.at) {
                Some(b'<') => {
                    self.text(text);
                    self.markup();
                    text = self.at;
                }
                Some(b'&') => self.entity(bytes.len()),
                Some(_) => self.character(),
                None => break,
            }
        }
        self.text(text);
        if let Some((name, _)) = self.open.pop() {
            self.nesting(format!("<{name}> is not closed"));
        }
    }

    fn report(&mut self, rule: &'static str, what: String) {
        if !self.found.iter().any(|(r, w)| *r == rule && *w == what) {
            self.found.push((rule, what));
        }
    }

    fn nesting(&mut self, what: String) {
        if !self.lost {
            self.report("html-nesting", what);
        }
        self.lost = true;
    }

    /// A character of text or of a value that may be illegal.
    fn character(&mut self) {
        if let Some(c) = text::illegal_at(self.html, self.at) {
            let (rule, what) = illegal(c);
            self.report(rule, what);
        }
        self.at += 1;
    }

    /// Text ends here: may it stand where it stands?
    fn text(&mut self, from: usize) {
        if let Some((name, Kind::Block | Kind::Table)) = self.open.last().copied()
            && matches!(name, "table" | "tbody" | "thead" | "tfoot" | "tr" | "colgroup")
            && !self.html[from..self.at].trim_ascii().is_empty()
        {
            self.nesting(format!("text stands in <{name}> outside of its cells"));
        }
    }

    /// An entity, which begins here and must end before `end`.
    fn entity(&mut self, end: usize) {
        let rest = &self.html[self.at + 1..end];
        let length = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'#').count();
        let name = &rest[..length];
        let closed = rest.as_bytes().get(length) == Some(&b';');
        let defined = match name.strip_prefix('#') {
            _ if !closed => false,
            None => is_entity(name),
            Some(number) => {
                let hexadecimal = number.strip_prefix(['x', 'X']).map(|digits| u32::from_str_radix(digits, 16));
                let code = hexadecimal.unwrap_or_else(|| number.parse());
                code.ok().and_then(char::from_u32).is_some_and(text::is_legal)
            }
        };
        // Followed by white space, an ampersand means itself.
        let itself = name.is_empty() && rest.starts_with([' ', '\t', '\n', '&', '<']);
        if !defined && !itself {
            let shown: String = rest.chars().take(length + usize::from(closed)).collect();
            self.report("html-entity", format!("&{shown} is no entity"));
        }
        self.at += 1 + length + usize::from(closed);
    }

    /// What begins with `<`.
    fn markup(&mut self) {
        let rest = &self.html[self.at + 1..];
        match rest.bytes().next() {
            Some(byte) if byte.is_ascii_alphabetic() => self.start_tag(),
            Some(b'/') => self.end_tag(),
            Some(b'!') if rest.starts_with("!--") => self.comment(),
            _ => {
                self.report("html-syntax", "a < begins no tag".to_owned());
                self.at += 1;
            }
        }
    }

    fn comment(&mut self) {
        let inside = &self.html[self.at + 4..];
        let end = inside.find("-->");
        let comment = &inside[..end.unwrap_or(inside.len())];
        if end.is_none() || comment.contains("--") || comment.starts_with(['>', '-']) || comment.ends_with('-') {
            self.report("html-syntax", "a comment has no end, or -- in it".to_owned());
        }
        if let Some(c) = text::first_illegal(comment) {
            let (rule, what) = illegal(c);
            self.report(rule, what);
        }
        self.at += 4 + end.map_or(inside.len(), |end| end + 3);
    }

    /// The name that begins at a byte: up to white space, `/` or `>`.
    fn name(&self, from: usize) -> &'a str {
        let rest = &self.html[from..];
        let end = rest.bytes().position(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>'));
        &rest[..end.unwrap_or(rest.len())]
    }

    fn end_tag(&mut self) {
        let name = self.name(self.at + 2);
        self.at += 2 + name.len();
        let rest = &self.html[self.at..];
        let blank = rest.len() - rest.trim_ascii_start().len();
        self.at += blank;
        if self.html.as_bytes().get(self.at) == Some(&b'>') {
            self.at += 1;
        } else {
            self.report("html-syntax", format!("</{name} does not end with >"));
        }
        match self.open.last() {
            Some((open, _)) if open.eq_ignore_ascii_case(name) => {
                self.open.pop();
            }
            open => {
                let instead = open.map_or_else(|| "nothing".to_owned(), |(open, _)| format!("<{open}>"));
                self.nesting(format!("</{name}> stands where {instead} is open"));
                if let Some(at) = self.open.iter().rposition(|(open, _)| open.eq_ignore_ascii_case(name)) {
                    self.open.truncate(at);
                }
            }
        }
    }

    fn start_tag(&mut self) {
        let name = self.name(self.at + 1);
        self.at += 1 + name.len();
        let Some((name, kind)) = element(name) else {
            self.report("html-element", format!("<{name}> has no place in a feed"));
            self.attributes(name);
            self.open.push((name, Kind::Phrase));
            return;
        };
        if !self.lost {
            self.place(name, kind);
        }
        let closed = self.attributes(name);
        if kind != Kind::Void {
            if closed {
                self.report("html-syntax", format!("<{name}/> needs an end tag"));
            }
            self.open.push((name, kind));
        }
    }

    /// Reads attributes up to the tag's `>`; says whether a `/` stands before it.
    fn attributes(&mut self, tag: &'a str) -> bool {
        let bytes = self.html.as_bytes();
        let mut seen: [&str; 8] = [""; 8];
        let mut count = 0;
        loop {
            let spaced = bytes.get(self.at).is_some_and(u8::is_ascii_whitespace);
            while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
                self.at += 1;
            }
            match bytes.get(self.at) {
                Some(b'>') => {
                    self.at += 1;
                    return false;
                }
                Some(b'/') if bytes.get(self.at + 1) == Some(&b'>') => {
                    self.at += 2;
                    return true;
                }
                Some(_) if spaced => {}
                Some(_) => self.report("html-syntax", format!("<{tag}> has attributes that nothing parts")),
                None => {
                    self.report("html-syntax", format!("<{tag} does not end with >"));
                    return false;
                }
            }
            let rest = &self.html[self.at..];
            let end = rest.bytes().skip(1).position(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>' | b'='));
            let attribute = &rest[..end.map_or(rest.len(), |end| end + 1)];
            self.at += attribute.len();
            if seen[..count].contains(&attribute) {
                self.report("html-syntax", format!("<{tag}> has {attribute} twice"));
            } else if count < seen.len() {
                seen[count] = attribute;
                count += 1;
            }
            let value = self.value(tag);
            self.attribute(tag, attribute, value);
        }
    }

    /// An attribute's value, without its quotation marks; empty if it has none.
    fn value(&mut self, tag: &str) -> &'a str {
        let bytes = self.html.as_bytes();
        if bytes.get(self.at) != Some(&b'=') {
            return "";
        }
        self.at += 1;
        let quote = bytes.get(self.at).copied().filter(|b| matches!(b, b'"' | b'\''));
        let from = self.at + usize::from(quote.is_some());
        let rest = &self.html[from..];
        let end = match quote {
            Some(quote) => rest.bytes().position(|b| b == quote),
            None => rest.bytes().position(|b| b.is_ascii_whitespace() || b == b'>'),
        };
        let value = &rest[..end.unwrap_or(rest.len())];
        let unquoted = quote.is_none() && (value.is_empty() || value.contains(['"', '\'', '<', '=', '`']));
        if end.is_none() || unquoted {
            self.report("html-syntax", format!("<{tag}> has a value without quotation marks"));
        }
        let end = from + value.len();
        self.at = from;
        while self.at < end {
            match bytes[self.at] {
                b'&' => self.entity(end),
                byte if STOPS[usize::from(byte)] => self.character(),
                _ => self.at += 1,
            }
        }
        self.at = end + usize::from(quote.is_some()).min(bytes.len() - end);
        value
    }

    fn attribute(&mut self, tag: &str, name: &str, value: &str) {
        let lower;
        let name = if name.bytes().any(|b| b.is_ascii_uppercase()) {
            lower = name.to_ascii_lowercase();
            lower.as_str()
        } else {
            name
        };
        if name == "style" {
            self.report("html-style", format!("<{tag}> has a style of its own"));
        } else if !is_attribute(name) {
            self.report("html-attribute", format!("<{tag}> has {name}, which has no place in a feed"));
        } else if is_address(name) {
            self.address(tag, name, value);
        } else if name == "srcset" {
            // A candidate ends at white space, or at a comma after its descriptor.
            for candidate in value.split(", ") {
                self.address(tag, name, candidate.split_ascii_whitespace().next().unwrap_or_default());
            }
        }
    }

    /// An address must say where it leads, whoever reads the feed, and be a URI.
    fn address(&mut self, tag: &str, name: &str, value: &str) {
        let shown = || value.chars().take(80).collect::<String>();
        let mail = name == "href" && value.starts_with("mailto:");
        if !(value.starts_with("https://") || value.starts_with("http://") || mail) {
            self.report("html-address", format!("<{tag}> has {name}=\"{}\", no absolute web address", shown()));
        } else if !value.bytes().all(|b| uri::is_uri_byte(b) || matches!(b, b'[' | b']')) {
            self.report("html-address", format!("<{tag}> has {name}=\"{}\", not percent-encoded", shown()));
        }
    }

    /// Whether an element may begin where it begins, without ending another one by that.
    fn place(&mut self, name: &'a str, kind: Kind) {
        let parent = self.open.last().map_or("", |(name, _)| name);
        // A cell or a caption is a world of its own.
        let world = |name: &str| matches!(name, "td" | "th" | "caption");
        let inside = |wanted: &str| {
            let outward = self.open.iter().rev().map(|(name, _)| *name);
            outward.take_while(|name| !world(name)).any(|name| name == wanted)
        };
        let heading = |name: &str| matches!(name.as_bytes(), [b'h', b'1'..=b'6']);
        let wrong = match kind {
            Kind::Block if inside("p") => Some("a paragraph".to_owned()),
            Kind::Void if name == "hr" && inside("p") => Some("a paragraph".to_owned()),
            Kind::Block if heading(name) && heading(parent) => Some("a heading".to_owned()),
            Kind::Block if name == "li" && self.within(&["li"]) => Some("an item of the same list".to_owned()),
            Kind::Block if matches!(name, "dd" | "dt") && self.within(&["dd", "dt"]) => {
                Some("another <dd> or <dt>".to_owned())
            }
            Kind::Phrase if name == "a" && inside("a") => Some("another link".to_owned()),
            Kind::Phrase if matches!(name, "rt" | "rp") && parent != "ruby" => Some("no <ruby>".to_owned()),
            _ => None,
        };
        let wrong = wrong.or_else(|| {
            let home: &[&str] = match name {
                "caption" | "colgroup" | "thead" | "tbody" | "tfoot" => &["table"],
                "col" => &["colgroup", "table"],
                "tr" => &["tbody", "thead", "tfoot", "table"],
                "td" | "th" => &["tr"],
                _ if matches!(parent, "table" | "tbody" | "thead" | "tfoot" | "tr" | "colgroup") => &[],
                _ => return None,
            };
            let at_home = home.contains(&parent);
            (!at_home).then(|| if parent.is_empty() { "nothing".to_owned() } else { format!("<{parent}>") })
        });
        if let Some(wrong) = wrong {
            self.nesting(format!("<{name}> stands in {wrong}"));
        }
    }

    /// Whether one of these is open and no block, but for plain ones, stands between.
    fn within(&self, names: &[&str]) -> bool {
        for (open, kind) in self.open.iter().rev() {
            if names.contains(open) {
                return true;
            }
            if *kind != Kind::Phrase && !matches!(*open, "address" | "div" | "p") {
                return false;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::scan;

    #[test]
    fn sound_html_passes() {
        for html in [
            "",
            "texte & texte &amp; &nbsp;&eacute;&#233;&#xE9; a > b",
            "<p>a<br>b<br/></p>\n<hr><p>c</p>",
            "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>",
            "<dl><dt>a</dt><dd>b</dd></dl>",
            "<table><caption>a</caption><thead><tr><th>b</th></tr></thead> <tbody><tr><td><p>c</p></td></tr></tbody></table>",
            "<a href=\"https://a.example/?b=1&amp;c\">a</a><a href='mailto:a@b.example'>b</a>",
            "<picture><source srcset=\"https://a.example/b,c 1x, https://a.example/d 2x\"><img src=https://a.example/a alt></picture>",
            "<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby><!-- a -->",
            "<P CLASS=x data-a=\"1\">a</P>",
        ] {
            assert_eq!(scan(html), [], "{html}");
        }
    }

    #[test]
    fn unsound_html_is_told() {
        let rules = |html: &str| scan(html).into_iter().map(|(rule, _)| rule).collect::<Vec<_>>();
        for (html, rule) in [
            ("<script>a</script>", "html-element"),
            ("<iframe src=\"https://a.example/\"></iframe>", "html-element"),
            ("<p onclick=\"a()\">a</p>", "html-attribute"),
            ("<p style=\"color:red\">a</p>", "html-style"),
            ("<a href=\"/a\">a</a>", "html-address"),
            ("<a href=\"javascript:a()\">a</a>", "html-address"),
            ("<img src=\"data:image/png,a\">", "html-address"),
            ("<img srcset=\"https://a.example/a 1x, b 2x\">", "html-address"),
            ("<a href=\"https://a.example/é\">a</a>", "html-address"),
            ("<q cite=\"//a.example/\">a</q>", "html-address"),
            ("<rt>a</rt>", "html-nesting"),
            ("<ruby><b><rt>a</rt></b></ruby>", "html-nesting"),
            ("<p>a", "html-nesting"),
            ("a</p>", "html-nesting"),
            ("<b><i>a</b></i>", "html-nesting"),
            ("<p><div>a</div></p>", "html-nesting"),
            ("<p><b><ul></ul></b></p>", "html-nesting"),
            ("<a href=\"https://a.example/\"><a>b</a></a>", "html-nesting"),
            ("<h2><h3>a</h3></h2>", "html-nesting"),
            ("<ul><li>a<div><li>b</li></div></li></ul>", "html-nesting"),
            ("<table>a<tr><td>b</td></tr></table>", "html-nesting"),
            ("<table><tbody><td>b</td></tbody></table>", "html-nesting"),
            ("<tr><td>b</td></tr>", "html-nesting"),
            ("a&b", "html-entity"),
            ("&check;", "html-entity"),
            ("&eacute", "html-entity"),
            ("&#0;&#xFFFE;", "html-entity"),
            ("<a title=\"&b;\">c</a>", "html-entity"),
            ("a < b", "html-syntax"),
            ("<!doctype html>", "html-syntax"),
            ("<!-- a", "html-syntax"),
            ("<p/>", "html-syntax"),
            ("<b title='a'lang='b'>c</b>", "html-syntax"),
            ("<b lang='a' lang='b'>c</b>", "html-syntax"),
            ("<b lang=\"a", "html-syntax"),
            ("<b lang=>a</b>", "html-syntax"),
            ("\u{b}", "characters"),
            ("<b title=\"\u{fffe}\">a</b>", "characters"),
        ] {
            assert!(rules(html).contains(&rule), "{html} gave {:?}", scan(html));
        }
    }
}
