//! Letters that serve one person: to confirm an address, to find one's preferences again. They look
//! like the digest and are encoded like it; they go to one reader, once.

use askama::Template;
use lettre::message::header::{self, Headers};

use super::{
    Error, encode,
    letter::{self, Written},
    view::Direction,
};
use crate::edition::render;
use crate::{
    config::{Config, Theme},
    model::{EmailAddress, Instant, Key, Lang, Mailbox, column::fingerprint},
};

/// What such a letter says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// In which language.
    pub lang: Lang,
    /// Of the letter.
    pub subject: String,
    /// Its heading.
    pub title: String,
    /// Paragraphs before the button …
    pub before: Vec<String>,
    /// … which leads somewhere: label and address …
    pub button: Option<(String, String)>,
    /// … and after it.
    pub after: Vec<String>,
}

#[derive(Template)]
#[template(path = "service.mjml")]
struct Html<'a> {
    note: &'a Note,
    dir: Direction,
    theme: &'a Theme,
    magazine: &'a str,
    home: &'a str,
    postal_address: &'a str,
}

#[derive(Template)]
#[template(path = "service.txt")]
struct Text<'a> {
    note: &'a Note,
    colon: &'a str,
    magazine: &'a str,
    home: &'a str,
    postal_address: &'a str,
}

/// Why a letter was written, as its head says it to programs (RFC 3834): they answer neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Its recipient asked for it.
    Asked,
    /// Nobody did: the time has come, or something has happened.
    Event,
}

impl Cause {
    /// The value of Auto-Submitted.
    fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "auto-replied",
            Self::Event => "auto-generated",
        }
    }
}

/// To whom a letter to one person goes, when and why.
#[derive(Debug, Clone, Copy)]
pub struct Sending<'a> {
    /// The address.
    pub to: &'a EmailAddress,
    /// Who has it.
    pub name: Option<&'a str>,
    /// Its date.
    pub at: Instant,
    /// Why it is written.
    pub cause: Cause,
}

/// Writes a letter to one person.
pub fn write(config: &Config, key: &Key, note: &Note, sending: Sending<'_>) -> Result<Written, Error> {
    let magazine = &config.magazine;
    let dir = Direction::of(note.lang);
    let (home, postal_address) = (magazine.url.as_str(), magazine.postal_address.as_str());
    let html = Html { note, dir, theme: &config.theme, magazine: &magazine.name, home, postal_address };
    let html = render::to_html(&html.render()?)?;
    let colon = &note.lang.words().letter.colon;
    let plain = render::wrap(&Text { note, colon, magazine: &magazine.name, home, postal_address }.render()?, dir);
    compose(config, key, &Parts { subject: &note.subject, html: &html, plain: &plain }, sending)
}

/// What a letter is made of.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// Its subject.
    pub subject: &'a str,
    /// Its HTML.
    pub html: &'a str,
    /// Its text.
    pub plain: &'a str,
}

/// A letter to one person from its parts.
pub fn compose(config: &Config, key: &Key, parts: &Parts<'_>, sending: Sending<'_>) -> Result<Written, Error> {
    let Parts { subject, html, plain } = *parts;
    let Sending { to, name, at, cause } = sending;
    let unique = fingerprint([subject, html, &to.to_string(), &at.timestamp_millis().to_string()]);
    let entity = encode::entity(plain, html, &unique);

    let letters = &config.letters;
    let mut headers = Headers::new();
    headers.set(header::From::from(letter::mailboxes(&letters.from)?));
    headers.set(header::To::from(letter::mailboxes(&Mailbox { name: name.map(str::to_owned), address: to.clone() })?));
    if let Some(reply_to) = &letters.reply_to {
        headers.set(header::ReplyTo::from(letter::mailboxes(reply_to)?));
    }
    headers.set(header::Subject::from(subject.to_owned()));
    headers.set(header::Date::from(std::time::SystemTime::from(at)));
    headers.set(header::MIME_VERSION_1_0);
    let mark = data_encoding::BASE32_NOPAD.encode(&key.sign("service", unique.as_bytes())).to_lowercase();
    headers.insert_raw(letter::as_it_is("Message-ID", format!("<service.{mark}@{}>", letters.from.address.domain()))?);
    headers.insert_raw(letter::as_it_is("Auto-Submitted", cause.as_str().to_owned())?);

    let mut text = letter::words(&headers)?;
    text.push_str(&String::from_utf8(entity).map_err(|error| Error::Letter(error.to_string()))?);
    Ok(Written { sender: letters.bounce_address.to_string(), recipient: to.clone(), text })
}
