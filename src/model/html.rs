//! Reads HTML once, tag by tag, as the strictest HTML parser would: every tag paired, nothing
//! implied, every entity known, only harmless elements and attributes, only absolute addresses.
//! What it passes over it does not copy.

mod escape;
mod names;
mod nesting;
#[cfg(test)]
mod tests;

use names::{ElementKind, PackedName, element, is_attribute, is_entity, name};

pub use escape::{escape, escape_into, escape_xml};
pub use names::is_language;

use super::{text, uri};

/// What was found: the rule's name and what broke it.
pub type HtmlFinding = (&'static str, String);

/// Reads HTML and reports what a feed validator would. The rules are `characters`,
/// `html-element`, `html-attribute`, `html-style`, `html-address`, `html-nesting`, `html-entity`
/// and `html-syntax`.
pub fn scan(html: &str) -> Vec<HtmlFinding> {
    let mut scanner = HtmlScanner { html, at: 0, open: Vec::new(), nesting_broken: false, found: Vec::new() };
    scanner.run();
    scanner.found
}

/// What [`scan`] reports of HTML of which a feed tells the words alone.
pub fn characters(html: &str) -> Vec<HtmlFinding> {
    text::first_illegal(html).map(illegal).into_iter().collect()
}

fn illegal(c: char) -> HtmlFinding {
    ("characters", format!("it holds U+{:04X}", c as u32))
}

/// Whether the scanner looks closer at a byte: markup, entities, and what may be illegal.
const fn is_stop(byte: u8) -> bool {
    byte == b'<' || byte == b'&' || text::may_be_illegal(byte)
}

/// The next byte, from one on, that the scanner looks at closer.
fn stop(bytes: &[u8], mut from: usize) -> usize {
    let suspicious = |b: u8| (b < b' ') | (b == b'<') | (b == b'&') | (b == 0x7F) | (b == 0xC2) | (b >= 0xEF);
    while let Some(at) = bytes.get(from..).and_then(|rest| text::find_byte(rest, suspicious)) {
        from += at;
        // A tab, or the end of a line.
        if STOPS[usize::from(bytes[from])] {
            return from;
        }
        from += 1;
    }
    from.max(bytes.len())
}

/// By byte: [`is_stop`].
static STOPS: [bool; 256] = table(false);
/// By byte: whether an address may hold it. An IPv6 address stands in brackets.
static ADDRESS: [bool; 256] = table(true);

const fn table(address: bool) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte: u8 = 0;
    loop {
        table[byte as usize] = match address {
            true => uri::is_uri_byte(byte) || byte == b'[' || byte == b']',
            false => is_stop(byte),
        };
        if byte == 255 {
            return table;
        }
        byte += 1;
    }
}

#[derive(Clone, Copy)]
struct OpenElement<'a> {
    /// As it is written.
    text: &'a str,
    name: PackedName,
    kind: ElementKind,
}

/// Deeper, readers give up, and some fail.
const MAX_OPEN_ELEMENTS: usize = 200;

const HREF: PackedName = name("href");
const SRC: PackedName = name("src");
const SRCSET: PackedName = name("srcset");
const CITE: PackedName = name("cite");
const POSTER: PackedName = name("poster");
const LONGDESC: PackedName = name("longdesc");
const USEMAP: PackedName = name("usemap");

struct HtmlScanner<'a> {
    html: &'a str,
    at: usize,
    /// The elements that are open, the innermost last.
    open: Vec<OpenElement<'a>>,
    /// Once nesting is broken, what follows is only a consequence.
    nesting_broken: bool,
    found: Vec<HtmlFinding>,
}

impl<'a> HtmlScanner<'a> {
    fn run(&mut self) {
        let bytes = self.html.as_bytes();
        let mut text = 0;
        loop {
            self.at = stop(bytes, self.at);
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
        if let Some(OpenElement { text, .. }) = self.open.pop() {
            self.nesting(format!("<{text}> is not closed"));
        }
    }

    fn report(&mut self, rule: &'static str, what: String) {
        if !self.found.iter().any(|(r, w)| *r == rule && *w == what) {
            self.found.push((rule, what));
        }
    }

    fn nesting(&mut self, what: String) {
        if !self.nesting_broken {
            self.report("html-nesting", what);
        }
        self.nesting_broken = true;
    }

    /// A character of text or of a value that may be illegal.
    fn character(&mut self) {
        if let Some(c) = text::illegal_at(self.html, self.at) {
            let (rule, what) = illegal(c);
            self.report(rule, what);
        }
        self.at += 1;
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
        let number = self::name(name);
        match self.open.last() {
            Some(open) if open.name == number && (number != 0 || open.text == name) => {
                self.open.pop();
            }
            open => {
                let instead = open.map_or_else(|| "nothing".to_owned(), |open| format!("<{}>", open.text));
                self.nesting(format!("</{name}> stands where {instead} is open"));
                if let Some(at) = self.open.iter().rposition(|open| open.name == number) {
                    self.open.truncate(at);
                }
            }
        }
    }

    fn start_tag(&mut self) {
        let text = self.name(self.at + 1);
        self.at += 1 + text.len();
        let name = name(text);
        let kind = element(name);
        match kind {
            None => self.report("html-element", format!("<{text}> has no place in a feed")),
            Some(kind) if !self.nesting_broken => self.place(OpenElement { text, name, kind }),
            Some(_) => {}
        }
        let closed = self.attributes(text);
        let kind = kind.unwrap_or(ElementKind::Phrase);
        if kind != ElementKind::Void {
            if closed {
                self.report("html-syntax", format!("<{text}/> needs an end tag"));
            }
            if self.open.len() == MAX_OPEN_ELEMENTS {
                self.nesting(format!("elements stand in one another more than {MAX_OPEN_ELEMENTS} deep"));
            }
            self.open.push(OpenElement { text, name, kind });
        }
    }

    /// Reads attributes up to the tag's `>`; says whether a `/` stands before it.
    fn attributes(&mut self, tag: &'a str) -> bool {
        let bytes = self.html.as_bytes();
        let mut seen: [PackedName; 8] = [0; 8];
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
            let number = name(attribute);
            if number != 0 && seen[..count].contains(&number) {
                self.report("html-syntax", format!("<{tag}> has {attribute} twice"));
            } else if count < seen.len() {
                seen[count] = number;
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
            Some(quote) => rest.find(char::from(quote)),
            None => rest.bytes().position(|b| b.is_ascii_whitespace() || b == b'>'),
        };
        let value = &rest[..end.unwrap_or(rest.len())];
        let unquoted = quote.is_none() && (value.is_empty() || value.contains(['"', '\'', '<', '=', '`']));
        if end.is_none() || unquoted {
            self.report("html-syntax", format!("<{tag}> has a value without quotation marks"));
        }
        let end = from + value.len();
        self.at = from;
        loop {
            self.at = stop(&bytes[..end], self.at);
            match bytes[..end].get(self.at) {
                Some(b'&') => self.entity(end),
                Some(b'<') => self.at += 1,
                Some(_) => self.character(),
                None => break,
            }
        }
        self.at = end + usize::from(quote.is_some()).min(bytes.len() - end);
        value
    }

    fn attribute(&mut self, tag: &str, text: &str, value: &str) {
        match name(text) {
            HREF | SRC | CITE | POSTER | LONGDESC | USEMAP => self.address(tag, text, value),
            SRCSET => {
                // A candidate ends at white space, or at a comma after its descriptor.
                for candidate in value.split(", ") {
                    self.address(tag, text, candidate.split_ascii_whitespace().next().unwrap_or_default());
                }
            }
            name if is_attribute(name) || text.starts_with("data-") => {}
            _ if text.eq_ignore_ascii_case("style") => {
                self.report("html-style", format!("<{tag}> has a style of its own"));
            }
            _ => self.report("html-attribute", format!("<{tag}> has {text}, which has no place in a feed")),
        }
    }

    /// An address must say where it leads, whoever reads the feed, and be a URI.
    fn address(&mut self, tag: &str, name: &str, value: &str) {
        let shown = || value.chars().take(80).collect::<String>();
        let person = name.eq_ignore_ascii_case("href")
            && ["mailto:", "tel:", "sms:"].iter().any(|scheme| value.starts_with(scheme));
        if !(value.starts_with("https://") || value.starts_with("http://") || person) {
            self.report("html-address", format!("<{tag}> has {name}=\"{}\", no absolute web address", shown()));
        } else if !value.bytes().all(|b| ADDRESS[usize::from(b)]) {
            self.report("html-address", format!("<{tag}> has {name}=\"{}\", not percent-encoded", shown()));
        }
    }
}
