//! What would break in mail programs, or shame the magazine, is found before anything is frozen. A
//! red finding stops the sending; each says how to mend it.

use std::fmt::Display;

use super::{
    layout::EditionDraft,
    programs::{self, Loss, ProgramScore},
    render::{
        MAX_SUBJECT_UNITS, Rendered,
        tags::{self, LetterTag},
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
pub const MAX_HTML_BYTES: usize = 90_000;
/// From here on it is worth a look.
const LARGE_HTML_BYTES: usize = 75_000;
/// With fewer points of a hundred, a mail program shows a letter that is worth a look.
const LEAST_POINTS: u32 = 75;
/// The longest line that SMTP carries, without its end (RFC 5321).
const MAX_SMTP_LINE_BYTES: usize = 998;
/// What an inbox shows of a subject, more or less.
pub const INBOX_SUBJECT_CHARS: usize = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// As it should be.
    Green,
    /// Worth a look.
    Amber,
    /// It stops the sending.
    Red,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Amber => "amber",
            Self::Red => "red",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreflightCheck {
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
    /// Why a template of the magazine's own cannot be used.
    Template(String),
    /// How much of the letter a mail program shows.
    Program(ProgramScore),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreflightFinding {
    pub severity: Severity,
    pub check: PreflightCheck,
}

/// Looks at an edition: its draft, its rendered variants, and one whole letter of it as it would
/// go out, or why there is none.
pub fn check(
    config: &Config,
    draft: &EditionDraft,
    variants: &[&Rendered],
    letter: &Result<Vec<u8>, String>,
) -> Vec<PreflightFinding> {
    let broken = letter.as_ref().err().cloned();
    let letter = letter.as_deref().unwrap_or_default();
    let letters = &config.letters;
    let severity = |red: bool, amber: bool| match (red, amber) {
        (true, _) => Severity::Red,
        (_, true) => Severity::Amber,
        _ => Severity::Green,
    };
    let size = variants.iter().map(|variant| variant.html.len()).max().unwrap_or_default();
    let entities = variants.iter().map(|variant| variant.entity.as_slice());
    let lines = entities.chain([letter]).flat_map(|bytes| bytes.split(|byte| *byte == b'\n'));
    let longest = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line).len()).max().unwrap_or_default();
    let tags: Vec<Vec<LetterTag>> = variants.iter().map(|variant| tags::of(&variant.html)).collect();
    let undescribed: usize = tags.iter().map(|tags| without_alt(tags)).max().unwrap_or_default();
    let mut relative: Vec<String> = tags.iter().flat_map(|tags| relative_links(tags)).collect();
    relative.sort();
    relative.dedup();
    let sample = leaves_machine(config) && is_sample(&letters.from.address);
    let apart = !related(letters.from.address.domain(), letters.bounce_address.domain());
    let unsigned = leaves_machine(config) && config.dkim.is_empty();
    let mut missing = Vec::new();
    if broken.is_none() && !can_unsubscribe(letter) {
        missing.push("List-Unsubscribe");
    }
    let way = format!("{}{PLACEHOLDER}", letters.unsubscribe_url);
    if tags.iter().any(|tags| !tags.iter().any(|tag| tag.attribute("href") == Some(&way))) {
        missing.push("HTML");
    }
    if variants.iter().any(|variant| !variant.plain.contains(&way)) {
        missing.push("text");
    }
    let subject = variants.first().map_or("", |variant| variant.subject.trim());
    let is_blank = text::is_blank(subject);
    // As browsers count what stands in the desk's field.
    let too_long = subject.encode_utf16().count() > MAX_SUBJECT_UNITS;
    let subject = if is_blank { 0 } else { subject.chars().count() };
    let titles = |wrong: &dyn Fn(&crate::model::Column) -> bool| -> Vec<String> {
        draft.columns.iter().filter(|column| wrong(column)).map(|column| column.title.clone()).collect()
    };
    let bare = titles(&|column| column.standfirst.is_empty());
    let unsaid = titles(&|column| column.image.as_ref().is_some_and(|image| image.alt.is_empty()));
    let mut findings = vec![
        PreflightFinding {
            severity: severity(size > MAX_HTML_BYTES, size > LARGE_HTML_BYTES),
            check: PreflightCheck::Size(size),
        },
        PreflightFinding {
            severity: severity(longest > MAX_SMTP_LINE_BYTES, false),
            check: PreflightCheck::Lines(longest),
        },
        PreflightFinding { severity: severity(undescribed > 0, false), check: PreflightCheck::Alt(undescribed) },
        PreflightFinding { severity: severity(!relative.is_empty(), false), check: PreflightCheck::Links(relative) },
        PreflightFinding {
            severity: severity(sample, false),
            check: PreflightCheck::Sender(letters.from.address.clone(), sample),
        },
        PreflightFinding {
            severity: severity(false, apart),
            check: PreflightCheck::Alignment(letters.from.address.clone(), letters.bounce_address.clone(), apart),
        },
        PreflightFinding {
            severity: severity(false, unsigned),
            check: PreflightCheck::Signature(!config.dkim.is_empty()),
        },
        PreflightFinding {
            severity: severity(!missing.is_empty(), false),
            check: PreflightCheck::Unsubscribe(missing),
        },
        PreflightFinding {
            severity: severity(is_blank || too_long, subject > INBOX_SUBJECT_CHARS),
            check: PreflightCheck::Subject(subject),
        },
        PreflightFinding { severity: severity(false, !bare.is_empty()), check: PreflightCheck::Standfirsts(bare) },
        PreflightFinding { severity: severity(false, !unsaid.is_empty()), check: PreflightCheck::Pictures(unsaid) },
    ];
    findings.extend(programs(variants));
    let failure = variants.iter().find_map(|variant| variant.failure.clone());
    findings
        .extend(failure.map(|why| PreflightFinding { severity: Severity::Red, check: PreflightCheck::Template(why) }));
    findings
        .extend(broken.map(|words| PreflightFinding { severity: Severity::Red, check: PreflightCheck::Letter(words) }));
    findings
}

/// How much of the letter each mail program shows.
fn programs(variants: &[&Rendered]) -> Vec<PreflightFinding> {
    let scores = variants.first().map(|variant| programs::scores(&variant.html)).unwrap_or_default();
    let finding = |score: ProgramScore| PreflightFinding {
        severity: if score.points < LEAST_POINTS { Severity::Amber } else { Severity::Green },
        check: PreflightCheck::Program(score),
    };
    scores.into_iter().map(finding).collect()
}

/// What stops the sending, in English words; `None` if nothing does.
pub fn refusal(findings: &[PreflightFinding]) -> Option<String> {
    let red = findings.iter().filter(|finding| finding.severity == Severity::Red);
    let words: Vec<String> = red
        .map(|finding| {
            let (what, mend) = finding.words(Lang::english());
            format!("{what}: {mend}")
        })
        .collect();
    (!words.is_empty()).then(|| words.join("; "))
}

impl PreflightFinding {
    /// What was found, and how to mend it (empty where nothing needs to be).
    pub fn words(&self, lang: Lang) -> (String, String) {
        let words = &lang.words().preflight;
        let is_good = self.severity == Severity::Green;
        let check = |check: &Check, with: &[(&str, &dyn Display)]| {
            (fill(if is_good { &check.good } else { &check.wrong }, with), check.mend.clone())
        };
        let (what, mend) = match &self.check {
            PreflightCheck::Size(bytes) => {
                let text = match self.severity {
                    Severity::Red => fill(&words.size.red, &[("size", bytes), ("most", &MAX_HTML_BYTES)]),
                    _ => fill(&words.size.fine, &[("size", &(bytes / 1000)), ("most", &(MAX_HTML_BYTES / 1000))]),
                };
                (text, words.size.mend.clone())
            }
            PreflightCheck::Lines(longest) => {
                (lang.counted(&words.lines.found, *longest as u64, &[]), words.lines.mend.clone())
            }
            PreflightCheck::Letter(why) => (fill(&words.letter.found, &[("why", why)]), words.letter.mend.clone()),
            PreflightCheck::Template(why) => {
                (fill(&words.template.found, &[("why", why)]), words.template.mend.clone())
            }
            PreflightCheck::Alt(0) => (words.alt.good.clone(), String::new()),
            PreflightCheck::Alt(count) => (lang.counted(&words.alt.wrong, *count as u64, &[]), words.alt.mend.clone()),
            PreflightCheck::Links(relative) => check(&words.links, &[("list", &relative.join(" "))]),
            PreflightCheck::Sender(from, _) => check(&words.sender, &[("from", from)]),
            PreflightCheck::Alignment(from, bounce, _) => {
                check(&words.alignment, &[("from", from), ("bounce", bounce)])
            }
            PreflightCheck::Signature(is_signed) => {
                let text = if *is_signed { &words.signature.good } else { &words.signature.wrong };
                (text.clone(), words.signature.mend.clone())
            }
            PreflightCheck::Unsubscribe(missing) => check(&words.unsubscribe, &[("list", &missing.join(", "))]),
            PreflightCheck::Subject(length) => {
                (lang.counted(&words.subject.found, *length as u64, &[]), words.subject.mend.clone())
            }
            PreflightCheck::Standfirsts(titles) => check(&words.standfirsts, &[("list", &titles.join(" · "))]),
            PreflightCheck::Pictures(titles) => check(&words.pictures, &[("list", &titles.join(" · "))]),
            PreflightCheck::Program(score) => {
                let lost = lost(&score.losses, lang);
                let text = if lost.is_empty() { &words.programs.whole } else { &words.programs.without };
                let name = score.program.name();
                let with: [(&str, &dyn Display); 3] = [("program", &name), ("points", &score.points), ("list", &lost)];
                (fill(text, &with), words.programs.mend.clone())
            }
        };
        (what, if is_good { String::new() } else { mend })
    }
}

/// What a mail program drops, in words.
pub fn lost(losses: &[Loss], lang: Lang) -> String {
    let words = &lang.words().preflight.losses;
    let word = |loss: &Loss| match loss {
        Loss::Styles => &words.styles,
        Loss::WideScreens => &words.wide_screens,
        Loss::NightColours => &words.night_colours,
        Loss::Corners => &words.corners,
        Loss::Floats => &words.floats,
        Loss::Widths => &words.widths,
        Loss::Blocks => &words.blocks,
        Loss::Placement => &words.placement,
        Loss::Backgrounds => &words.backgrounds,
        Loss::Media => &words.media,
        Loss::Speech => &words.speech,
    };
    losses.iter().map(|loss| word(loss).as_str()).collect::<Vec<_>>().join(", ")
}

/// What an inbox shows of who sends.
pub fn inbox(sender: &Mailbox) -> String {
    sender.name.clone().unwrap_or_else(|| sender.address.to_string())
}

/// Whether letters leave this machine.
fn leaves_machine(config: &Config) -> bool {
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
fn can_unsubscribe(letter: &[u8]) -> bool {
    let end = letter.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap_or(letter.len());
    let head = String::from_utf8_lossy(&letter[..end]).replace("\r\n ", " ");
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name).map(str::to_owned));
    let ways = field("List-Unsubscribe: ").unwrap_or_default();
    ways.contains("<http") && ways.contains("<mailto:") && field("List-Unsubscribe-Post: ").is_some()
}

fn without_alt(tags: &[LetterTag]) -> usize {
    let undescribed = |tag: &&LetterTag| tag.attribute("alt").is_none_or(text::is_blank);
    tags.iter().filter(|tag| tag.name == "img").filter(undescribed).count()
}

/// Addresses that lead nowhere from a letter.
fn relative_links(tags: &[LetterTag]) -> Vec<String> {
    let addresses = tags.iter().flat_map(LetterTag::addresses);
    addresses.filter(|address| !tags::is_absolute_link(address)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_is_found() {
        let tags = tags::of("<img src=\"a\" alt=\"b\"><img alt=\" \" /><img src=\"c\"><a href=\"mailto:a@b.c\">");
        assert_eq!(without_alt(&tags), 2);
        assert_eq!(relative_links(&tags), ["a", "c"]);
        assert!(related("lettre.estran.fr", "estran.fr") && related("estran.fr", "estran.fr"));
        assert!(!related("estran.fr", "tran.fr") && !related("estran.fr", "estran.org"));
        for (address, sample) in [("a@example.org", true), ("a@estran.example", true), ("a@estran.fr", false)] {
            assert_eq!(is_sample(&address.parse().expect("an address")), sample, "{address}");
        }
        let head = "List-Unsubscribe: <https://a/>,\r\n <mailto:a@b.c>\r\nList-Unsubscribe-Post: x\r\n\r\nbody";
        assert!(can_unsubscribe(head.as_bytes()));
        assert!(!can_unsubscribe(head.replace("-Post", "-Port").as_bytes()));
        assert!(!can_unsubscribe(b"From: a\r\n\r\nList-Unsubscribe: <https://a/>, <mailto:a@b.c>"));
    }
}
