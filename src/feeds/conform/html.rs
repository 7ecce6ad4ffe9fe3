//! Reads a body once, tag by tag, as the strictest HTML parser would: every tag paired, nothing
//! implied, every entity known, only harmless elements and attributes, only absolute addresses.
//! What it passes over it does not copy.

use super::names::{Kind, element, is_address, is_attribute, is_entity};
use crate::model::{text, uri};

/// What was found: the rule's name and what broke it.
pub(super) type Found = (&'static str, String);

/// Reads HTML and reports what a validator would.
pub(super) fn scan(html: &str) -> Vec<Found> {
    let mut scanner = Scanner { html, at: 0, open: Vec::new(), lost: false, found: Vec::new() };
    scanner.run();
    scanner.found
}

/// What [`scan`] reports of HTML of which a feed tells the words alone.
pub(super) fn characters(html: &str) -> Vec<Found> {
    text::first_illegal(html).map(illegal).into_iter().collect()
}

fn illegal(c: char) -> Found {
    ("characters", format!("it holds U+{:04X}", c as u32))
}

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
        let mut inked = false;
        while let Some(byte) = bytes.get(self.at).copied() {
            match byte {
                b'<' => {
                    self.text(inked);
                    inked = false;
                    self.markup();
                }
                b'&' => {
                    inked = true;
                    self.entity(bytes.len());
                }
                byte => {
                    inked |= !byte.is_ascii_whitespace();
                    self.character(byte);
                }
            }
        }
        self.text(inked);
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

    /// One byte of text or of a value.
    fn character(&mut self, byte: u8) {
        if text::may_be_illegal(byte)
            && let Some(c) = text::illegal_at(self.html, self.at)
        {
            let (rule, what) = illegal(c);
            self.report(rule, what);
        }
        self.at += 1;
    }

    /// Text ends here: may it stand where it stands?
    fn text(&mut self, inked: bool) {
        if let Some((name, Kind::Block | Kind::Table)) = self.open.last().copied()
            && inked
            && matches!(name, "table" | "tbody" | "thead" | "tfoot" | "tr" | "colgroup")
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
                byte => self.character(byte),
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
        let world = self.open.iter().rposition(|(n, _)| matches!(*n, "td" | "th" | "caption")).map_or(0, |at| at + 1);
        let inside = |wanted: &str| self.open[world..].iter().any(|(open, _)| *open == wanted);
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
            Kind::Phrase if matches!(name, "rt" | "rp") && inside("ruby") && parent != "ruby" => {
                Some(format!("<{parent}>"))
            }
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
