//! What would break in mail programs, or shame the magazine, is found before anything is frozen. A
//! red finding stops the sending; each says how to mend it.

use std::fmt::Display;

use super::{
    choose::Draft,
    render::{
        Rendered, SUBJECT_MOST,
        tags::{self, Tag},
    },
};
use crate::model::token::PLACEHOLDER;
use crate::{
    config::{Config, Relays},
    locales::{Check, fill},
    model::{EmailAddress, Lang, Mailbox, text},
};

/// Where the HTML of a variant must stay below: Gmail cuts what is above 102 kB, and the way to
/// unsubscribe with it.
pub const LARGEST: usize = 90_000;
/// From here on it is worth a look.
const LARGE: usize = 75_000;
/// The longest line that SMTP carries, without its end (RFC 5321).
const LONGEST_LINE: usize = 998;
/// What an inbox shows of a subject, more or less.
pub const SUBJECT: usize = 60;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// As it should be.
    Green,
    /// Worth a look.
    Amber,
    /// It stops the sending.
    Red,
}

impl Grade {
    /// Its name in class names and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Amber => "amber",
            Self::Red => "red",
        }
    }
}

/// What was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matter {
    /// Bytes of the largest HTML.
    Size(usize),
    /// Bytes of the longest line of a letter.
    Lines(usize),
    /// Why no letter can be written, in a library's words.
    Letter(String),
    /// Pictures in the letter without a description.
    Alt(usize),
    /// Addresses that lead nowhere from a letter.
    Links(Vec<String>),
    /// Who sends, if that is still the sample's sender.
    Sender(EmailAddress, bool),
    /// Sender and bounce address, if their domains have nothing in common.
    Alignment(EmailAddress, EmailAddress, bool),
    /// Whether letters are signed, or need not be because they stay here.
    Signature(bool),
    /// Where there is no way to unsubscribe: header, HTML, text.
    Unsubscribe(Vec<&'static str>),
    /// Characters of the subject.
    Subject(usize),
    /// Titles of columns without a standfirst.
    Standfirsts(Vec<String>),
    /// Titles of columns whose picture says not what it shows.
    Pictures(Vec<String>),
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How grave it is.
    pub grade: Grade,
    /// What it is about.
    pub matter: Matter,
}

/// Looks at an edition: its draft, its rendered variants, and one whole letter of it as it would
/// go out, or why there is none.
pub fn check(config: &Config, draft: &Draft, variants: &[&Rendered], letter: &Result<Vec<u8>, String>) -> Vec<Finding> {
    let broken = letter.as_ref().err().cloned();
    let letter = letter.as_deref().unwrap_or_default();
    let letters = &config.letters;
    let grade = |red: bool, amber: bool| match (red, amber) {
        (true, _) => Grade::Red,
        (_, true) => Grade::Amber,
        _ => Grade::Green,
    };
    let size = variants.iter().map(|variant| variant.html.len()).max().unwrap_or_default();
    let entities = variants.iter().map(|variant| variant.entity.as_slice());
    let lines = entities.chain([letter]).flat_map(|bytes| bytes.split(|byte| *byte == b'\n'));
    let longest = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line).len()).max().unwrap_or_default();
    let tags: Vec<Vec<Tag>> = variants.iter().map(|variant| tags::of(&variant.html)).collect();
    let silent: usize = tags.iter().map(|tags| without_alt(tags)).max().unwrap_or_default();
    let mut lost: Vec<String> = tags.iter().flat_map(|tags| lost_links(tags)).collect();
    lost.sort();
    lost.dedup();
    let sample = goes_out(config) && is_sample(&letters.from.address);
    let apart = !related(letters.from.address.domain(), letters.bounce_address.domain());
    let unsigned = goes_out(config) && config.dkim.is_empty();
    let mut trapped = Vec::new();
    if broken.is_none() && !can_leave(letter) {
        trapped.push("List-Unsubscribe");
    }
    let way = format!("{}{PLACEHOLDER}", letters.unsubscribe_url);
    if tags.iter().any(|tags| !tags.iter().any(|tag| tag.attribute("href") == Some(&way))) {
        trapped.push("HTML");
    }
    if variants.iter().any(|variant| !variant.plain.contains(&way)) {
        trapped.push("text");
    }
    let subject = variants.first().map_or("", |variant| variant.subject.trim());
    let is_blank = text::is_blank(subject);
    // As browsers count what stands in the desk's field.
    let too_long = subject.encode_utf16().count() > SUBJECT_MOST;
    let subject = if is_blank { 0 } else { subject.chars().count() };
    let titles = |wrong: &dyn Fn(&crate::model::Column) -> bool| -> Vec<String> {
        draft.columns.iter().filter(|column| wrong(column)).map(|column| column.title.clone()).collect()
    };
    let bare = titles(&|column| column.standfirst.is_empty());
    let unsaid = titles(&|column| column.image.as_ref().is_some_and(|image| image.alt.is_empty()));
    let mut findings = vec![
        Finding { grade: grade(size > LARGEST, size > LARGE), matter: Matter::Size(size) },
        Finding { grade: grade(longest > LONGEST_LINE, false), matter: Matter::Lines(longest) },
        Finding { grade: grade(silent > 0, false), matter: Matter::Alt(silent) },
        Finding { grade: grade(!lost.is_empty(), false), matter: Matter::Links(lost) },
        Finding { grade: grade(sample, false), matter: Matter::Sender(letters.from.address.clone(), sample) },
        Finding {
            grade: grade(false, apart),
            matter: Matter::Alignment(letters.from.address.clone(), letters.bounce_address.clone(), apart),
        },
        Finding { grade: grade(false, unsigned), matter: Matter::Signature(!config.dkim.is_empty()) },
        Finding { grade: grade(!trapped.is_empty(), false), matter: Matter::Unsubscribe(trapped) },
        Finding { grade: grade(is_blank || too_long, subject > SUBJECT), matter: Matter::Subject(subject) },
        Finding { grade: grade(false, !bare.is_empty()), matter: Matter::Standfirsts(bare) },
        Finding { grade: grade(false, !unsaid.is_empty()), matter: Matter::Pictures(unsaid) },
    ];
    findings.extend(broken.map(|words| Finding { grade: Grade::Red, matter: Matter::Letter(words) }));
    findings
}

/// What stops the sending, in English words; `None` if nothing does.
pub fn refusal(findings: &[Finding]) -> Option<String> {
    let red = findings.iter().filter(|finding| finding.grade == Grade::Red);
    let words: Vec<String> = red
        .map(|finding| {
            let (what, mend) = finding.words(Lang::english());
            format!("{what}: {mend}")
        })
        .collect();
    (!words.is_empty()).then(|| words.join("; "))
}

impl Finding {
    /// What was found, and how to mend it (empty where nothing needs to be).
    pub fn words(&self, lang: Lang) -> (String, String) {
        let words = &lang.words().preflight;
        let is_good = self.grade == Grade::Green;
        let check = |check: &Check, with: &[(&str, &dyn Display)]| {
            (fill(if is_good { &check.good } else { &check.wrong }, with), check.mend.clone())
        };
        let (what, mend) = match &self.matter {
            Matter::Size(bytes) => {
                let text = match self.grade {
                    Grade::Red => fill(&words.size.red, &[("size", bytes), ("most", &LARGEST)]),
                    _ => fill(&words.size.fine, &[("size", &(bytes / 1000)), ("most", &(LARGEST / 1000))]),
                };
                (text, words.size.mend.clone())
            }
            Matter::Lines(longest) => {
                (lang.counted(&words.lines.found, *longest as u64, &[]), words.lines.mend.clone())
            }
            Matter::Letter(why) => (fill(&words.letter.found, &[("why", why)]), words.letter.mend.clone()),
            Matter::Alt(0) => (words.alt.good.clone(), String::new()),
            Matter::Alt(count) => (lang.counted(&words.alt.wrong, *count as u64, &[]), words.alt.mend.clone()),
            Matter::Links(lost) => check(&words.links, &[("list", &lost.join(" "))]),
            Matter::Sender(from, _) => check(&words.sender, &[("from", from)]),
            Matter::Alignment(from, bounce, _) => check(&words.alignment, &[("from", from), ("bounce", bounce)]),
            Matter::Signature(is_signed) => {
                let text = if *is_signed { &words.signature.good } else { &words.signature.wrong };
                (text.clone(), words.signature.mend.clone())
            }
            Matter::Unsubscribe(missing) => check(&words.unsubscribe, &[("list", &missing.join(", "))]),
            Matter::Subject(length) => {
                (lang.counted(&words.subject.found, *length as u64, &[]), words.subject.mend.clone())
            }
            Matter::Standfirsts(titles) => check(&words.standfirsts, &[("list", &titles.join(" · "))]),
            Matter::Pictures(titles) => check(&words.pictures, &[("list", &titles.join(" · "))]),
        };
        (what, if is_good { String::new() } else { mend })
    }
}

/// What an inbox shows of who sends.
pub fn inbox(sender: &Mailbox) -> String {
    sender.name.clone().unwrap_or_else(|| sender.address.to_string())
}

/// Whether letters leave this machine.
fn goes_out(config: &Config) -> bool {
    let is_here = |host: &str| host == "localhost" || host == "::1" || host.starts_with("127.");
    match &config.relays {
        Relays::Folder(_) => false,
        Relays::Smtp(relays) => relays.iter().any(|relay| !is_here(&relay.host)),
    }
}

/// Whether an address is of a domain that is there for examples (RFC 2606).
fn is_sample(address: &EmailAddress) -> bool {
    let domain = address.domain().to_ascii_lowercase();
    let ends = |name: &str| domain == name || domain.ends_with(&format!(".{name}"));
    ["example", "test", "invalid", "localhost", "example.org", "example.com", "example.net"].into_iter().any(ends)
}

/// Whether one domain is the other or below it.
fn related(one: &str, other: &str) -> bool {
    let below = |a: &str, b: &str| a == b || a.ends_with(&format!(".{b}"));
    below(one, other) || below(other, one)
}

/// Whether a letter's header offers both ways to leave, and the one click.
fn can_leave(letter: &[u8]) -> bool {
    let end = letter.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap_or(letter.len());
    let head = String::from_utf8_lossy(&letter[..end]).replace("\r\n ", " ");
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name).map(str::to_owned));
    let ways = field("List-Unsubscribe: ").unwrap_or_default();
    ways.contains("<http") && ways.contains("<mailto:") && field("List-Unsubscribe-Post: ").is_some()
}

/// How many pictures say not what they show.
fn without_alt(tags: &[Tag]) -> usize {
    let silent = |tag: &&Tag| tag.attribute("alt").is_none_or(text::is_blank);
    tags.iter().filter(|tag| tag.name == "img").filter(silent).count()
}

/// Addresses that lead nowhere from a letter.
fn lost_links(tags: &[Tag]) -> Vec<String> {
    let addresses = tags.iter().flat_map(Tag::addresses);
    addresses.filter(|address| !tags::leads_somewhere(address)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_is_found() {
        let tags = tags::of("<img src=\"a\" alt=\"b\"><img alt=\" \" /><img src=\"c\"><a href=\"mailto:a@b.c\">");
        assert_eq!(without_alt(&tags), 2);
        assert_eq!(lost_links(&tags), ["a", "c"]);
        assert!(related("lettre.estran.fr", "estran.fr") && related("estran.fr", "estran.fr"));
        assert!(!related("estran.fr", "tran.fr") && !related("estran.fr", "estran.org"));
        for (address, sample) in [("a@example.org", true), ("a@estran.example", true), ("a@estran.fr", false)] {
            assert_eq!(is_sample(&address.parse().expect("an address")), sample, "{address}");
        }
        let head = "List-Unsubscribe: <https://a/>,\r\n <mailto:a@b.c>\r\nList-Unsubscribe-Post: x\r\n\r\nbody";
        assert!(can_leave(head.as_bytes()));
        assert!(!can_leave(head.replace("-Post", "-Port").as_bytes()));
        assert!(!can_leave(b"From: a\r\n\r\nList-Unsubscribe: <https://a/>, <mailto:a@b.c>"));
    }
}
