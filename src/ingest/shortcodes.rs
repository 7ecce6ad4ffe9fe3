//! What generators of sites take for instructions in a body: shortcodes of Hugo and Zola, Liquid, marks of kramdown, the
//! comment that ends a summary. What is known becomes what readers can see; what is not is taken out and told, and is
//! never read by anybody as a text. Code stays as it is written.

mod replace;
mod tag;

use std::{borrow::Cow, collections::HashSet};

use super::{
    body,
    site_paths::{self, SiteLinks},
};
use replace::{Replacement, replacement};
use tag::Shortcode;

/// In bytes: a shortcode is not longer.
const MAX_LENGTH: usize = 4_000;

/// In bytes: attributes, and a comment that ends a summary, are not longer.
const MAX_MARK_LENGTH: usize = 300;

/// So many names are told of one body.
const MAX_TOLD: usize = 20;

/// The comments that end a summary, with Hugo, Zola, WordPress, Docusaurus and Pelican.
const SUMMARY_ENDS: [&str; 5] = ["more", "excerpt", "truncate", "pelican_end_summary", "end-excerpt"];

/// A body without instructions.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ResolvedBody<'t> {
    pub(super) text: Cow<'t, str>,
    /// Where the summary ends, if the body says so.
    pub(super) summary_end: Option<usize>,
    /// What nobody knows, each name once, with the line of the body where it stands first, counted from 0.
    pub(super) unknown: Vec<(usize, String)>,
}

/// Takes instructions out of a body.
pub(super) fn resolve<'t>(body: &'t str, links: &SiteLinks<'_>) -> ResolvedBody<'t> {
    let may_hold = ["{{", "{%", "{:", "{.", "{ .", "{static}", "{attach}", "{photo}", "<!--"];
    if memchr::memchr(b'{', body.as_bytes()).is_none() && !body.contains("<!--")
        || !may_hold.iter().any(|mark| body.contains(mark))
    {
        return ResolvedBody { text: body.into(), summary_end: None, unknown: Vec::new() };
    }
    let mut resolver = Resolver {
        body,
        links,
        at: 0,
        out: String::with_capacity(body.len()),
        open: Vec::new(),
        summary_end: None,
        unknown: Vec::new(),
        endless: HashSet::new(),
    };
    let mut code = body::code(body).into_iter().peekable();
    while let Some(next) = memchr::memchr2(b'{', b'<', &body.as_bytes()[resolver.at..]) {
        let next = resolver.at + next;
        while code.next_if(|range| range.end <= next).is_some() {}
        if let Some(range) = code.peek().filter(|range| range.start <= next) {
            resolver.keep_to(range.end);
            continue;
        }
        resolver.keep_to(next);
        if !resolver.mark() {
            resolver.keep_to(next + 1);
        }
    }
    resolver.keep_to(body.len());
    while let Some((_, after)) = resolver.open.pop() {
        resolver.out.push_str(&after);
    }
    ResolvedBody { text: resolver.out.into(), summary_end: resolver.summary_end, unknown: resolver.unknown }
}

/// Finds where the text ends that the end of this name ends, and what follows.
type EndFinder = fn(&str, &str) -> Option<(usize, usize)>;

struct Resolver<'t, 'l> {
    body: &'t str,
    links: &'l SiteLinks<'l>,
    at: usize,
    out: String,
    /// What stands around a text and has not ended: its name, and what comes after the text.
    open: Vec<(&'t str, String)>,
    summary_end: Option<usize>,
    unknown: Vec<(usize, String)>,
    /// Names of which no end follows.
    endless: HashSet<String>,
}

impl<'t> Resolver<'t, '_> {
    /// Takes the text as it is, up to a place.
    fn keep_to(&mut self, end: usize) {
        self.out.push_str(&self.body[self.at..end]);
        self.at = end;
    }

    /// Takes the instruction that begins here; nothing happens if it is none.
    fn mark(&mut self) -> bool {
        let rest = &self.body[self.at..];
        for (begin, end) in [("{{<", ">}}"), ("{{%", "%}}"), ("{{", "}}"), ("{%", "%}")] {
            let Some(inside) = rest.strip_prefix(begin) else { continue };
            let Some(length) = close(inside, end) else { return false };
            let whole = begin.len() + length + end.len();
            let inside = &inside[..length];
            // Written so that it is shown and not followed.
            if let Some(shown) = inside.trim().strip_prefix("/*").and_then(|inside| inside.strip_suffix("*/")) {
                let begin = begin.replace('<', "&lt;");
                self.out.push_str(&format!("{begin}{shown}{end}"));
                self.at += whole;
                return true;
            }
            return match begin {
                "{{" => self.expression(inside, whole),
                "{%" => self.liquid(inside, whole),
                _ => self.shortcode(inside, whole),
            };
        }
        if rest.starts_with("<!--") {
            return self.comment(rest);
        }
        for mark in ["{static}", "{attach}", "{photo}"] {
            if rest.starts_with(mark) {
                self.at += mark.len();
                return true;
            }
        }
        self.attributes(rest)
    }

    /// A comment that ends the summary.
    fn comment(&mut self, rest: &str) -> bool {
        let Some(end) = rest[..rest.floor_char_boundary(MAX_MARK_LENGTH)].find("-->") else { return false };
        let word = rest.get(4..end).unwrap_or_default().trim().to_ascii_lowercase();
        if !SUMMARY_ENDS.contains(&word.as_str()) {
            return false;
        }
        self.at += end + 3;
        self.summary_end.get_or_insert(self.out.len());
        true
    }

    /// Attributes for what stands around them: `{:.class}` of kramdown, `{.class}` of Hugo after a block.
    fn attributes(&mut self, rest: &str) -> bool {
        let line = rest[..rest.floor_char_boundary(MAX_MARK_LENGTH)].split('\n').next().unwrap_or_default();
        let Some(end) = line.find('}') else { return false };
        let inside = line[1..end].trim();
        let kramdown = inside.starts_with(':');
        let begins = begins_line(&self.out);
        let alone = (begins || self.out.ends_with(')')) && ends_line(&rest[end + 1..]);
        let hugo = inside.starts_with('.') && alone;
        if !kramdown && !hugo {
            return false;
        }
        self.at += end + 1;
        // The list item that a table of contents takes the place of.
        if inside.contains("toc") && begins {
            let kept = self.out.trim_end();
            let item = kept.rsplit('\n').next().unwrap_or_default();
            if item.len() < 40 && item.starts_with(['*', '-', '1']) {
                self.out.truncate(kept.len() - item.len());
            }
        }
        true
    }

    /// `{{ … }}` of Zola, Jekyll and Eleventy: a shortcode with brackets, or the value of something.
    fn expression(&mut self, inside: &'t str, whole: usize) -> bool {
        let trimmed = inside.trim_matches(|c: char| c.is_whitespace() || c == '-');
        if let Some(code) = Shortcode::of(trimmed).filter(|_| trimmed.contains('(')) {
            return self.take(&code, whole);
        }
        let mark = format!("{{{{{inside}}}}}");
        let address = site_paths::plain(&mark);
        if !address.starts_with("{{") {
            self.out.push_str(&address);
            self.at += whole;
            return true;
        }
        let Some(code) = Shortcode::of(trimmed) else { return false };
        if trimmed == "page.url" {
            self.out.push_str(self.links.own());
        } else {
            self.tell(code.name);
        }
        self.at += whole;
        true
    }

    /// `{% … %}` of Liquid and Tera.
    fn liquid(&mut self, inside: &'t str, whole: usize) -> bool {
        let Some(code) = Shortcode::of(inside) else { return false };
        match code.name {
            "raw" | "verbatim" | "comment" | "highlight" | "codeblock" => {
                let name = format!("end{}", code.name);
                let after = self.at + whole;
                let end = self.find_end(after, &name, liquid_end);
                let Some((content, next)) = end else { return self.take(&code, whole) };
                let content = &self.body[after..after + content];
                match code.name {
                    "comment" => {}
                    "raw" | "verbatim" => self.out.push_str(content),
                    _ => self.code(content, code.place(0)),
                }
                self.at = after + next;
                true
            }
            "include" | "include_relative" | "include_cached" | "render" => {
                let included = code.included();
                self.take(included.as_ref().unwrap_or(&code), whole)
            }
            name if name == "end" || name.starts_with("end") => self.end(name.trim_start_matches("end"), whole),
            _ => self.take(&code, whole),
        }
    }

    /// `{{< … >}}` and `{{% … %}}` of Hugo.
    fn shortcode(&mut self, inside: &'t str, whole: usize) -> bool {
        let Some(code) = Shortcode::of(inside) else { return false };
        if code.ends {
            return self.end(code.name, whole);
        }
        let after = self.at + whole;
        if matches!(code.name, "highlight" | "code")
            && let Some((content, next)) = self.find_end(after, code.name, hugo_end)
        {
            self.code(&self.body[after..after + content], code.place(0));
            self.at = after + next;
            return true;
        }
        self.take(&code, whole)
    }

    /// Puts down what a shortcode becomes.
    fn take(&mut self, code: &Shortcode<'t>, whole: usize) -> bool {
        let after = self.at + whole;
        let alone = begins_line(&self.out) && ends_line(&self.body[after..]);
        match replacement(code, self.links, alone) {
            Replacement::Text(text) => self.out.push_str(&text),
            Replacement::Around(begin, end) => {
                if self.has_end(after, code.name) {
                    self.out.push_str(begin);
                    self.open.push((code.name, end));
                }
            }
            Replacement::Unknown => self.tell(code.name),
        }
        self.at += whole;
        true
    }

    /// The end of what stands around a text; Tera does not say of what.
    fn end(&mut self, name: &str, whole: usize) -> bool {
        let open = self.open.iter().rposition(|(open, _)| name.is_empty() || *open == name);
        if let Some(open) = open {
            while self.open.len() > open
                && let Some((_, after)) = self.open.pop()
            {
                self.out.push_str(&after);
            }
        }
        self.at += whole;
        true
    }

    /// Code in a block of its own.
    fn code(&mut self, content: &str, language: Option<&str>) {
        let longest = content.split(|c| c != '`').map(str::len).max().unwrap_or_default();
        let fence = "`".repeat(longest.max(2) + 1);
        let language = language.filter(|language| language.chars().all(char::is_alphanumeric)).unwrap_or_default();
        self.out.push_str(&format!("\n\n{fence}{language}\n{}\n{fence}\n\n", content.trim_matches('\n')));
    }

    /// The end of what begins before a place, if there is one; what has none is looked for once.
    fn find_end(&mut self, from: usize, name: &str, find: EndFinder) -> Option<(usize, usize)> {
        if self.endless.contains(name) {
            return None;
        }
        let end = find(&self.body[from..], name);
        if end.is_none() {
            self.endless.insert(name.to_owned());
        }
        end
    }

    /// Whether the end of a shortcode follows, with Hugo, Liquid or Tera.
    fn has_end(&mut self, from: usize, name: &str) -> bool {
        self.find_end(from, name, hugo_end).is_some()
            || self.find_end(from, &format!("end{name}"), liquid_end).is_some()
            || self.find_end(from, "end", liquid_end).is_some()
    }

    fn tell(&mut self, name: &str) {
        if self.unknown.len() < MAX_TOLD && !self.unknown.iter().any(|(_, known)| known == name) {
            let line = self.body[..self.at].matches('\n').count();
            self.unknown.push((line, name.to_owned()));
        }
    }
}

/// Where an instruction ends: in the same paragraph, outside quotation marks where these are closed.
fn close(inside: &str, end: &str) -> Option<usize> {
    let inside = &inside[..inside.floor_char_boundary(MAX_LENGTH)];
    let length = inside.find(end)?;
    (!inside[..length].contains("\n\n")).then_some(length)
}

/// Where the text ends that Liquid's end of this name ends, and what follows.
fn liquid_end(text: &str, name: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(at) = text[from..].find("{%").map(|at| from + at) {
        let inside = &text[at + 2..];
        let length = inside.find("%}")?;
        if inside[..length].trim_matches(|c: char| c.is_whitespace() || c == '-') == name {
            return Some((at, at + 2 + length + 2));
        }
        from = at + 2;
    }
    None
}

/// The same for Hugo.
fn hugo_end(text: &str, name: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(at) = text[from..].find("{{").map(|at| from + at) {
        let inside = &text[at + 2..];
        let length = inside.find("}}")?;
        let word = inside[..length].trim_matches(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '%'));
        if word.strip_prefix('/').is_some_and(|word| word.trim() == name) {
            return Some((at, at + 2 + length + 2));
        }
        from = at + 2;
    }
    None
}

/// Whether what follows a text begins a line.
fn begins_line(text: &str) -> bool {
    let kept = text.trim_end_matches([' ', '\t']);
    kept.is_empty() || kept.ends_with('\n')
}

/// Whether nothing follows in a line.
fn ends_line(text: &str) -> bool {
    let rest = text.trim_start_matches([' ', '\t', '\r']);
    rest.is_empty() || rest.starts_with('\n')
}
