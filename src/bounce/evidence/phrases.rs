//! Finds in a text what mail servers write, by the patterns of `phrases.toml`.

use std::{collections::BTreeMap, sync::LazyLock};

use regex::bytes::{RegexSet, RegexSetBuilder};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::Sign;

/// By meaning, then by language.
type Patterns = BTreeMap<Sign, BTreeMap<String, Vec<String>>>;

/// All patterns, compiled; a test reads the file, so that nothing is ever missing.
static PHRASES: LazyLock<Phrases> = LazyLock::new(|| Phrases::of(include_str!("phrases.toml")).unwrap_or_default());

/// What gateways say of any address that was refused, before they quote why.
const EMPTY_WORDS: [&str; 2] = ["unknown address error", "requested action not taken:"];

/// What all patterns may take when they are compiled.
const MAX_PROGRAM_BYTES: usize = 64 * 1024 * 1024;

#[derive(Default)]
struct Phrases {
    set: RegexSet,
    names: Vec<Phrase>,
}

/// A pattern that a text matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::bounce) struct Phrase {
    pub sign: Sign,
    /// Whether it is particular.
    pub firm: bool,
    /// Its language and the pattern itself.
    pub words: String,
}

impl Phrases {
    fn of(text: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let patterns: Patterns = toml::from_str(text)?;
        let (mut expressions, mut names) = (Vec::new(), Vec::new());
        for (sign, languages) in patterns {
            for (language, phrases) in languages {
                for phrase in phrases {
                    let (pattern, firm) =
                        phrase.strip_prefix('?').map_or((phrase.as_str(), true), |rest| (rest, false));
                    expressions.push(expression(sign, pattern));
                    names.push(Phrase { sign, firm, words: format!("{language}: {pattern}") });
                }
            }
        }
        let set = RegexSetBuilder::new(expressions)
            .unicode(false)
            .size_limit(MAX_PROGRAM_BYTES)
            .dfa_size_limit(MAX_PROGRAM_BYTES)
            .build()?;
        Ok(Self { set, names })
    }
}

/// A pattern as a regular expression over bytes: a space is what parts two words, `~` stands for up to 40 characters that
/// end with such a place, or for nothing. Who wants to leave says nothing else: people write of stopping in many ways.
fn expression(sign: Sign, phrase: &str) -> String {
    const BETWEEN: &str = "(?:[^a-z0-9]{1,4})";
    let gap = format!("{BETWEEN}(?:.{{0,40}}[^a-z0-9])?");
    let phrase = plain(phrase).replace(" ~? ", " ~").replace(" ~ ", " ~").replace(" ~?", " ~");
    let phrase = phrase.replace(" ~", &gap).replace("~?", "~").replace('~', ".{0,40}").replace(' ', BETWEEN);
    if sign == Sign::Leave {
        return format!("^(?:[^a-z0-9]*(?:re|aw|rep|tr|wg|fwd?):)*[^a-z0-9]*(?:{phrase})[^a-z0-9]*$");
    }
    format!("(?:^|[^a-z0-9])(?:{phrase})(?:$|[^a-z0-9])")
}

/// The patterns that a folded text matches.
pub(in crate::bounce) fn find(folded: &str) -> Vec<Phrase> {
    let phrases = &*PHRASES;
    phrases.set.matches(folded.as_bytes()).into_iter().filter_map(|index| phrases.names.get(index).cloned()).collect()
}

/// A text as the patterns want it: in lower case, without accents, on one line, and without addresses, whose names say
/// anything. A line that goes on repeats its code (RFC 5321), which is taken out.
pub(in crate::bounce) fn folded(text: &str) -> String {
    let plain = plain(text);
    let mut folded = String::with_capacity(plain.len());
    for word in plain.split_whitespace() {
        if is_continued(word) {
            continue;
        }
        match word.contains('@') && !word.contains("://") {
            true => without_addresses(word).for_each(|part| push(&mut folded, part)),
            false => push(&mut folded, word),
        }
    }
    EMPTY_WORDS.iter().fold(folded, |folded, words| folded.replace(words, ""))
}

fn push(folded: &mut String, word: &str) {
    if !folded.is_empty() {
        folded.push(' ');
    }
    folded.push_str(word);
}

/// The parts of a word that holds addresses, with a mark for each of these: some servers write `(a@b.fr:unknown user)`.
fn without_addresses(word: &str) -> impl Iterator<Item = &str> {
    let parts = word.split(['<', '>', '(', ')', '[', ']', ':', ';', ',', '"']).filter(|part| !part.is_empty());
    parts.filter_map(|part| match part.contains('@') {
        true => Some("@"),
        false => part.bytes().any(|byte| byte.is_ascii_alphanumeric()).then_some(part),
    })
}

/// In lower case, without accents.
fn plain(text: &str) -> String {
    let text = text.replace(['\u{2019}', '\u{2018}', '`', '\u{b4}'], "'");
    text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

/// Whether a word is `550-5.1.1` or `550-`.
fn is_continued(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() >= 4
        && bytes[..3].iter().all(u8::is_ascii_digit)
        && bytes[3] == b'-'
        && bytes[4..].iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_and_every_sign_of_words_is_in_it() {
        let phrases = Phrases::of(include_str!("phrases.toml")).expect("phrases");
        for language in ["en: ", "fr: ", "de: "] {
            for sign in
                [Sign::NoMailbox, Sign::NoDomain, Sign::Full, Sign::Content, Sign::Sender, Sign::Bounce, Sign::Leave]
            {
                let is_there = |phrase: &Phrase| phrase.sign == sign && phrase.words.starts_with(language);
                assert!(phrases.names.iter().any(is_there), "{language}{sign:?}");
            }
        }
        assert!(Phrases::of("[nonsense]\nen = []").is_err());
        assert!(Phrases::of("[full]\nen = [\"(\"]").is_err());
    }

    #[test]
    fn a_text_is_folded_and_patterns_are_words() {
        assert_eq!(folded("550-5.1.1 L\u{2019}ABONNÉ\r\n  <A.B@c.fr>: est\tlà"), "l'abonne @ est la");
        assert_eq!(folded("recipients (a@b.fr:unknown user), rcpt:<a@b.fr>"), "recipients @ unknown user), rcpt @");
        let signs = |text: &str| find(&folded(text)).into_iter().map(|phrase| phrase.sign).collect::<Vec<_>>();
        assert!(signs("User unknown").contains(&Sign::NoMailbox));
        assert!(signs("user <a@b.fr>: unknown").contains(&Sign::NoMailbox));
        assert!(signs("superuser unknowns").is_empty());
        assert!(signs("").is_empty());
    }
}
