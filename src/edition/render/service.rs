//! Letters that serve one person: to confirm an address, to find one's preferences again. They look
//! like the digest and are encoded like it; they go to one reader, once.

use askama::Template;
use lettre::message::header::{self, Headers};
use serde::Serialize;

use super::{
    Error, encode,
    letter::{self, RenderedLetter},
    mjml, tags,
    view::{LetterDirection, ThemeView},
    wrap,
};
use crate::{
    config::Config,
    model::{EmailAddress, Instant, Key, Lang, Mailbox, column::fingerprint},
    templates::{self, OwnTemplates, View},
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

/// What the templates of such a letter show.
#[derive(Debug, Serialize)]
struct ServiceView<'a> {
    lang: &'a str,
    dir: LetterDirection,
    theme: ThemeView<'a>,
    subject: &'a str,
    title: &'a str,
    before: &'a [String],
    button: ButtonView<'a>,
    after: &'a [String],
    /// What stands between a label and its address.
    colon: &'a str,
    magazine: &'a str,
    home: &'a str,
    postal_address: &'a str,
}

/// Where the letter leads; empty if nowhere.
#[derive(Debug, Default, Serialize)]
struct ButtonView<'a> {
    label: &'a str,
    url: &'a str,
}

#[derive(Template, Serialize)]
#[template(path = "service.mjml")]
struct ServiceHtml<'a> {
    v: &'a ServiceView<'a>,
}

#[derive(Template, Serialize)]
#[template(path = "service.txt")]
struct ServiceText<'a> {
    v: &'a ServiceView<'a>,
}

impl View for ServiceHtml<'_> {
    const TEMPLATE: &'static str = "service.mjml";
}

impl View for ServiceText<'_> {
    const TEMPLATE: &'static str = "service.txt";
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
    let (html, plain) = parts(config, note)?;
    compose(config, key, &ServiceParts { subject: &note.subject, html: &html, plain: &plain }, sending)
}

/// A letter's HTML and text.
fn parts(config: &Config, note: &ServiceMessage) -> Result<(String, String), Error> {
    let magazine = &config.magazine;
    let view = ServiceView {
        lang: note.lang.tag(),
        dir: LetterDirection::of(note.lang),
        theme: ThemeView::of(&config.theme),
        subject: &note.subject,
        title: &note.title,
        before: &note.before,
        button: match &note.button {
            Some((label, url)) => ButtonView { label, url },
            None => ButtonView::default(),
        },
        after: &note.after,
        colon: &note.lang.words().letter.colon,
        magazine: &magazine.name,
        home: magazine.url.as_str(),
        postal_address: &magazine.postal_address,
    };
    let own = config.theme.templates.as_ref();
    let html = mjml::html_of(own, &ServiceHtml { v: &view })?;
    let plain = wrap::wrap(&templates::render(own, &ServiceText { v: &view })?, view.dir);
    if let Some(own) = own {
        check_link(own, view.button.url, &html, &plain)?;
    }
    Ok((html, plain))
}

/// Whether letters can be written by a magazine's own templates: by one that has all that letters may have.
pub fn check(config: &Config) -> Result<(), Error> {
    let words = || vec![String::from("…")];
    let button = Some((String::from("…"), config.web.url.to_string()));
    let note = ServiceMessage {
        lang: config.magazine.lang,
        subject: String::from("…"),
        title: String::from("…"),
        before: words(),
        button,
        after: words(),
    };
    parts(config, &note).map(|_| ())
}

/// Refuses a magazine's own templates that leave out the link for which the letter is written.
fn check_link(own: &OwnTemplates, url: &str, html: &str, plain: &str) -> Result<(), Error> {
    let in_html = tags::of(html).iter().any(|tag| tag.attribute("href") == Some(url));
    for (name, is_there) in [(ServiceHtml::TEMPLATE, in_html), (ServiceText::TEMPLATE, plain.contains(url))] {
        if !url.is_empty() && !is_there {
            let reason = "the link that the letter is written for is missing: put v.button.url into it";
            return Err(templates::Error::from(own.refuse(name, reason)).into());
        }
    }
    Ok(())
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
