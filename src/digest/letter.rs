//! A letter's bytes: headers for one subscriber, and the variant's entity with the token filled
//! in. Nothing is rendered here, and every attempt gives the same bytes.

use std::{fmt::Write as _, sync::Arc};

use lettre::{
    Address,
    message::{
        Mailbox, Mailboxes,
        header::{self, HeaderName, HeaderValue, Headers},
    },
};

use super::{Error, encode::Blank, token};
use crate::{
    config::Config,
    model::{self, Edition, EmailAddress, Key},
};

/// A letter as it goes to a relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The envelope's sender: refusals come back to it and tell which letter they mean (VERP).
    pub sender: String,
    /// The envelope's recipient.
    pub recipient: EmailAddress,
    /// RFC 5322, with CRLF line ends, the last one too.
    pub text: String,
}

/// The form that an edition's letters of one variant are written on.
#[derive(Debug)]
pub struct Form {
    config: Arc<Config>,
    edition: Edition,
    key: Key,
    blank: Blank,
}

impl Form {
    /// Prepares the form from a variant's entity.
    pub fn new(config: &Arc<Config>, edition: &Edition, key: &Key, entity: &[u8]) -> Result<Self, Error> {
        Ok(Self { config: Arc::clone(config), edition: edition.clone(), key: key.clone(), blank: Blank::new(entity) })
    }

    /// Writes one subscriber's letter.
    pub fn write(&self, subscriber: i64, address: &EmailAddress, name: Option<&str>) -> Result<Written, Error> {
        let Self { config, edition, key, .. } = self;
        let letters = &config.letters;
        let token = token::unsubscribe(key, subscriber);
        let proof = |purpose| token::proof(key, purpose, edition.id, subscriber);
        let to = model::Mailbox { name: name.map(str::to_owned), address: address.clone() };

        let mut headers = Headers::new();
        headers.set(header::From::from(mailboxes(&letters.from)?));
        headers.set(header::To::from(mailboxes(&to)?));
        if let Some(reply_to) = &letters.reply_to {
            headers.set(header::ReplyTo::from(mailboxes(reply_to)?));
        }
        headers.set(header::Subject::from(edition.subject.clone()));
        headers.set(header::Date::from(std::time::SystemTime::from(edition.dated)));
        headers.set(header::MIME_VERSION_1_0);

        // These hold only what is ASCII and short by its type; each address has its own line.
        let domain = letters.from.address.domain();
        let period = &edition.period;
        let leave = &letters.unsubscribe_url;
        let by_mail = &letters.unsubscribe_address;
        let archive = letters.archive_url.as_ref().unwrap_or(&config.feeds.url);
        for (name, value) in [
            ("Message-ID", format!("<{period}.{subscriber}.{}@{domain}>", proof("message"))),
            ("List-Id", format!("<{}>", letters.list_id)),
            ("List-Unsubscribe", format!("<{leave}{token}>,\r\n <mailto:{by_mail}?subject=unsubscribe%20{token}>")),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
            ("List-Archive", format!("<{archive}>")),
            ("Feedback-ID", format!("{period}:digest:{}", letters.list_id)),
            ("Precedence", "bulk".to_owned()),
        ] {
            headers.insert_raw(as_it_is(name, value)?);
        }

        let mut head = String::with_capacity(1_024);
        write!(head, "{headers}").map_err(|error| Error::Letter(error.to_string()))?;
        let mut bytes = head.into_bytes();
        self.blank.fill(&token, &mut bytes);
        let bounce = &letters.bounce_address;
        let sender = format!("{}+{}.{subscriber}.{}@{}", bounce.local(), edition.id, proof("bounce"), bounce.domain());
        let text = String::from_utf8(bytes).map_err(|error| Error::Letter(error.to_string()))?;
        Ok(Written { sender, recipient: address.clone(), text })
    }
}

fn mailboxes(mailbox: &model::Mailbox) -> Result<Mailboxes, Error> {
    let address = Address::new(mailbox.address.local(), mailbox.address.domain())
        .map_err(|error| Error::Letter(format!("{}: {error}", mailbox.address)))?;
    Ok(Mailbox::new(mailbox.name.clone(), address).into())
}

fn as_it_is(name: &'static str, value: String) -> Result<HeaderValue, Error> {
    let header = HeaderName::new_from_ascii(name.to_owned()).map_err(|error| Error::Letter(error.to_string()))?;
    Ok(HeaderValue::dangerous_new_pre_encoded(header, value.clone(), value))
}
