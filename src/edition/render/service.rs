//! Letters that serve one person: to confirm an address, to find one's preferences again. They look
//! like the digest and are encoded like it; they go to one reader, once.

use askama::Template;
use lettre::message::header::{self, Headers};

use super::{
    Error, encode,
    letter::{self, RenderedLetter},
    mjml,
    view::LetterDirection,
    wrap,
};
use crate::{
    config::{Config, Theme},
    model::{EmailAddress, Instant, Key, Lang, Mailbox, column::fingerprint},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceMessage {
    /// In which language.
    pub lang: Lang,
    /// Of the letter.
    pub subject: String,
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
struct ServiceHtml<'a> {
    note: &'a ServiceMessage,
    dir: LetterDirection,
    theme: &'a Theme,
    magazine: &'a str,
    home: &'a str,
    postal_address: &'a str,
}

#[derive(Template)]
#[template(path = "service.txt")]
struct ServiceText<'a> {
    note: &'a ServiceMessage,
    colon: &'a str,
    magazine: &'a str,
    home: &'a str,
    postal_address: &'a str,
}

/// Why a letter was written, as its head says it to programs (RFC 3834): they answer neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutoSubmitted {
    /// Its recipient asked for it.
    Replied,
    /// Nobody did: the time has come, or something has happened.
    Generated,
}

impl AutoSubmitted {
    /// The value of Auto-Submitted.
    fn as_str(self) -> &'static str {
        match self {
            Self::Replied => "auto-replied",
            Self::Generated => "auto-generated",
        }
    }
}

/// To whom a letter to one person goes, when and why.
#[derive(Debug, Clone, Copy)]
pub struct ServiceEnvelope<'a> {
    pub to: &'a EmailAddress,
    pub name: Option<&'a str>,
    pub at: Instant,
    pub cause: AutoSubmitted,
}

pub fn write(
    config: &Config,
    key: &Key,
    note: &ServiceMessage,
    sending: ServiceEnvelope<'_>,
) -> Result<RenderedLetter, Error> {
    let magazine = &config.magazine;
    let dir = LetterDirection::of(note.lang);
    let (home, postal_address) = (magazine.url.as_str(), magazine.postal_address.as_str());
    let html = ServiceHtml { note, dir, theme: &config.theme, magazine: &magazine.name, home, postal_address };
    let html = mjml::to_html(&html.render()?)?;
    let colon = &note.lang.words().letter.colon;
    let plain = wrap::wrap(&ServiceText { note, colon, magazine: &magazine.name, home, postal_address }.render()?, dir);
    compose(config, key, &ServiceParts { subject: &note.subject, html: &html, plain: &plain }, sending)
}

#[derive(Debug, Clone, Copy)]
pub struct ServiceParts<'a> {
    pub subject: &'a str,
    pub html: &'a str,
    pub plain: &'a str,
}

/// A letter to one person from its parts.
pub fn compose(
    config: &Config,
    key: &Key,
    parts: &ServiceParts<'_>,
    sending: ServiceEnvelope<'_>,
) -> Result<RenderedLetter, Error> {
    let ServiceParts { subject, html, plain } = *parts;
    let ServiceEnvelope { to, name, at, cause } = sending;
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
    headers
        .insert_raw(letter::raw_header("Message-ID", format!("<service.{mark}@{}>", letters.from.address.domain()))?);
    headers.insert_raw(letter::raw_header("Auto-Submitted", cause.as_str().to_owned())?);

    let mut text = letter::header_text(&headers)?;
    text.push_str(&String::from_utf8(entity).map_err(|error| Error::Letter(error.to_string()))?);
    Ok(RenderedLetter { sender: letters.bounce_address.to_string(), recipient: to.clone(), text })
}
