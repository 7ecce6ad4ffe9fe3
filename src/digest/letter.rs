//! A letter's bytes. What all letters of a variant have in common is written once, as a form with
//! gaps: headers and entity. A letter is a copy of the form with its gaps filled in: nothing is
//! rendered or encoded here, and every attempt gives the same bytes.

use std::fmt::Write as _;

use lettre::{
    Address,
    message::{
        Mailbox, Mailboxes,
        header::{self, HeaderName, HeaderValue, Headers},
    },
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Error, encode::MARK, token};
use crate::{
    config::Config,
    model::{
        self, Edition, EditionKey, EmailAddress, Key, ReaderId,
        text::{legalise, one_line},
    },
};

/// The longest line that SMTP carries, without its line end (RFC 5321).
const LINE: usize = 998;

/// Room for what is added on the way out: a signature, the relay's commands.
const SPARE: usize = 1_536;

/// What stands in a mailto address as it is (RFC 6068).
const MAILTO: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'+');

/// A letter as it goes to a relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The envelope's sender: refusals come back to it and tell which letter they mean (VERP).
    pub sender: String,
    /// The envelope's recipient.
    pub recipient: EmailAddress,
    /// The message (RFC 5322) with CRLF line ends, the last one included. ASCII, but for a
    /// recipient beyond it. No line begins with a dot: DATA has nothing to stuff.
    pub text: String,
}

/// What differs from letter to letter.
#[derive(Debug, Clone, Copy)]
enum Gap {
    /// The header with the recipient.
    To,
    /// The part of the Message-ID that names the recipient.
    Id,
    /// The token for leaving.
    Token,
}

/// The form that an edition's letters of one variant are written on.
#[derive(Debug)]
pub struct Form {
    edition: EditionKey,
    mark: i64,
    key: Key,
    bounce: EmailAddress,
    /// Texts, each with the gap that follows it.
    pieces: Vec<(String, Gap)>,
    end: String,
    length: usize,
}

impl Form {
    /// Prepares the form from a variant's entity.
    pub fn new(config: &Config, edition: &Edition, key: &Key, entity: &[u8]) -> Result<Self, Error> {
        let letters = &config.letters;
        let entity = std::str::from_utf8(entity)
            .map_err(|error| Error::Letter(format!("the variant in the store is no text: {error}")))?;

        let mut sender = Headers::new();
        sender.set(header::From::from(mailboxes(&letters.from)?));
        let mut fixed = Headers::new();
        if let Some(reply_to) = &letters.reply_to {
            fixed.set(header::ReplyTo::from(mailboxes(reply_to)?));
        }
        fixed.set(header::Subject::from(edition.subject.clone()));
        fixed.set(header::Date::from(std::time::SystemTime::from(edition.dated)));
        fixed.set(header::MIME_VERSION_1_0);
        // These hold only what is ASCII by its type.
        let archive = letters.archive_url.as_ref().unwrap_or(&config.feeds.url);
        // Gmail wants 5 to 15 characters for the sender, at the end.
        let feedback: String = letters.list_id.replace('.', "-").chars().take(15).collect();
        let mut list = Headers::new();
        for (name, value) in [
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
            ("List-Archive", format!("<{archive}>")),
            ("Feedback-ID", format!("{}:{}:{feedback}", edition.period, edition.newsletter)),
            ("Precedence", "bulk".to_owned()),
        ] {
            list.insert_raw(as_it_is(name, value)?);
        }

        let (name, domain) = (message_name(edition), letters.from.address.domain());
        let (leave, by_mail) = (&letters.unsubscribe_url, &letters.unsubscribe_address);
        let by_mail = format!("{}@{}", utf8_percent_encode(by_mail.local(), MAILTO), by_mail.domain());
        let bounce = letters.bounce_address.clone();
        let (key, pieces, end) = (key.clone(), Vec::new(), String::new());
        let mut form = Self { edition: edition.key(), mark: edition.mark, key, bounce, pieces, end, length: 0 };
        form.put(&words(&sender)?, Gap::To);
        form.put(&format!("{}Message-ID: <{name}.", words(&fixed)?), Gap::Id);
        // Each address has a line of its own.
        form.put(&format!("@{domain}>\r\nList-Id: <{}>\r\nList-Unsubscribe: <{leave}", letters.list_id), Gap::Token);
        form.put(&format!(">,\r\n <mailto:{by_mail}?subject=unsubscribe%20"), Gap::Token);
        let mut pieces = entity.split(MARK);
        let first = format!(">\r\n{}{}", words(&list)?, pieces.next().unwrap_or_default());
        let end = pieces.fold(first, |before, piece| {
            form.put(&before, Gap::Token);
            piece.to_owned()
        });
        form.length += end.len();
        form.end = end;
        form.check()?;
        Ok(form)
    }

    /// About how many bytes a letter has.
    pub fn length(&self) -> usize {
        self.length
    }

    fn put(&mut self, text: &str, gap: Gap) {
        self.length += text.len() + token::PLACEHOLDER.len();
        self.pieces.push((text.to_owned(), gap));
    }

    /// Whether SMTP carries what was prepared as it is.
    fn check(&self) -> Result<(), Error> {
        let pieces = self.pieces.iter().map(|(piece, gap)| match gap {
            Gap::To => piece.clone(),
            Gap::Id | Gap::Token => format!("{piece}{}", token::PLACEHOLDER),
        });
        let text = pieces.chain([self.end.clone()]).collect::<String>();
        let wrong = text.split("\r\n").find(|line| {
            line.len() > LINE || line.starts_with('.') || line.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0))
        });
        match wrong {
            Some(line) => {
                let start: String = line.chars().take(60).collect();
                Err(Error::Letter(format!("no mail server would take the line that begins {start:?}")))
            }
            None if !text.ends_with("\r\n") => Err(Error::Letter("the variant in the store is cut off".into())),
            None => Ok(()),
        }
    }

    /// Writes one reader's letter.
    pub fn write(&self, reader: ReaderId, address: &EmailAddress, name: Option<&str>) -> Result<Written, Error> {
        let token = token::unsubscribe(&self.key, &self.edition.newsletter, reader);
        let id = format!("{reader}.{}", token::proof(&self.key, &self.edition, reader));
        let to = to(address, name)?;
        let mut text = String::with_capacity(self.length + to.len() + SPARE);
        for (piece, gap) in &self.pieces {
            text.push_str(piece);
            text.push_str(match gap {
                Gap::To => &to,
                Gap::Id => &id,
                Gap::Token => &token,
            });
        }
        text.push_str(&self.end);
        let (local, domain) = (self.bounce.local(), self.bounce.domain());
        let sender = format!("{local}+{}@{domain}", token::bounce(&self.key, self.mark, reader));
        Ok(Written { sender, recipient: address.clone(), text })
    }
}

/// How message ids name an edition: by its label and its newsletter.
pub fn message_name(edition: &Edition) -> String {
    format!("{}.{}", edition.period, edition.newsletter)
}

/// The header with the recipient.
fn to(address: &EmailAddress, name: Option<&str>) -> Result<String, Error> {
    // An address alone is what it is by its type; a name may have to be encoded and folded.
    let name = name.map(|name| one_line(&legalise(name).0)).filter(|name| !name.is_empty());
    if name.is_none() {
        return Ok(format!("To: {address}\r\n"));
    }
    let mut headers = Headers::new();
    headers.set(header::To::from(mailboxes(&model::Mailbox { name, address: address.clone() })?));
    words(&headers)
}

/// Headers as text: encoding one may fail.
fn words(headers: &Headers) -> Result<String, Error> {
    let mut words = String::new();
    write!(words, "{headers}").map_err(|error| Error::Letter(error.to_string()))?;
    Ok(words)
}

pub(super) fn mailboxes(mailbox: &model::Mailbox) -> Result<Mailboxes, Error> {
    let address = Address::new(mailbox.address.local(), mailbox.address.domain())
        .map_err(|error| Error::Letter(format!("{}: {error}", mailbox.address)))?;
    Ok(Mailbox::new(mailbox.name.clone(), address).into())
}

pub(super) fn as_it_is(name: &'static str, value: String) -> Result<HeaderValue, Error> {
    let header = HeaderName::new_from_ascii(name.to_owned()).map_err(|error| Error::Letter(error.to_string()))?;
    Ok(HeaderValue::dangerous_new_pre_encoded(header, value.clone(), value))
}
