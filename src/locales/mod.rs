//! The languages: what readers and editors are told stands in `locales`, in a file for each, and is part of the program.
//! Which languages there are, those files say; what one of them holds, `words.rs`. A file is read when a word of it is
//! first wanted: a run that has nothing to say reads none.

mod fill;
mod speak;
#[cfg(test)]
mod tests;
mod words;

use std::{
    borrow::Cow,
    sync::{LazyLock, OnceLock},
};

use chrono::Locale;

pub use fill::fill;
pub(crate) use words::{Act, Brief, Check, Desk, Direction, Feeds, Letter, Plural, Readers, Say, Script, Words};

/// Tag and text of every file.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/locales.rs"));

/// A language that there is a file for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lang(usize);

/// A file, and what was read of it.
#[derive(Debug)]
struct File {
    tag: &'static str,
    text: Cow<'static, str>,
    read: OnceLock<Spoken>,
}

/// What is known of a language.
#[derive(Debug)]
struct Spoken {
    words: Words,
    /// Whose names months have.
    months: Locale,
}

/// The files, in the order of their tags.
static ALL: LazyLock<Vec<File>> = LazyLock::new(|| {
    let files = FILES.iter().map(|(tag, text)| (*tag, Cow::from(*text)));
    #[cfg(test)]
    let files = files.chain([tests::made_up()]);
    files.map(|(tag, text)| File { tag, text, read: OnceLock::new() }).collect()
});

impl Lang {
    /// All of them, in the order of their tags.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..ALL.len()).map(Self)
    }

    /// The language of a tag as configurations, browsers and stores have it (`fr`, `FR`, `fr-FR`, `fr_CA`): that of the
    /// file whose tag is the longest part of it (RFC 4647, lookup).
    pub fn known(tag: &str) -> Option<Self> {
        let is_end = |c: char| matches!(c, '-' | '_');
        let same = |own: &str, tag: &str| {
            let same_byte = |(own, other): (u8, u8)| own.eq_ignore_ascii_case(&other) || (own, other) == (b'-', b'_');
            own.len() == tag.len() && own.bytes().zip(tag.bytes()).all(same_byte)
        };
        let mut tag = tag.trim();
        loop {
            if let Some(at) = ALL.iter().position(|file| same(file.tag, tag)) {
                return Some(Self(at));
            }
            tag = &tag[..tag.rfind(is_end)?];
        }
    }

    /// The language of the terminal, in which the program's own messages are.
    pub fn english() -> Self {
        Self::known("en").unwrap_or(Self(0))
    }

    /// As `lang` attributes and the store have it.
    pub fn tag(self) -> &'static str {
        ALL[self.0].tag
    }

    /// Its name in itself.
    pub fn name(self) -> &'static str {
        &self.words().name
    }

    /// The way in which it is written, as `dir` attributes have it.
    pub fn dir(self) -> &'static str {
        match self.words().dir {
            Direction::Ltr => "ltr",
            Direction::Rtl => "rtl",
        }
    }

    /// Its words.
    pub(crate) fn words(self) -> &'static Words {
        &self.spoken().words
    }

    fn spoken(self) -> &'static Spoken {
        let file = &ALL[self.0];
        file.read.get_or_init(|| {
            // The build has read it before.
            read(file.tag, &file.text).unwrap_or_else(|error| {
                tracing::error!("{error}");
                Spoken { words: Words::default(), months: Locale::POSIX }
            })
        })
    }
}

/// Reads a file.
fn read(tag: &str, text: &str) -> Result<Spoken, String> {
    let wrong = |what: &dyn std::fmt::Display| format!("locales/{tag}.toml: {what}");
    let words: Words = toml::from_str(text).map_err(|error| wrong(&error))?;
    let months = words.dates.months.as_str();
    let months = months.parse().map_err(|_| wrong(&format!("dates.months: there is no locale {months:?}")))?;
    speak::rule(tag).map_err(|error| wrong(&error))?;
    Ok(Spoken { words, months })
}
