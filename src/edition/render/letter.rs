//! A letter's bytes. What all letters of a variant have in common, headers and entity, is written once, as a template
//! with fields. A letter is a copy of the template with its fields filled in: nothing is rendered or encoded here, and
//! every attempt gives the same bytes.

use std::fmt::Write as _;

use lettre::{
    Address,
    message::{
        Mailbox, Mailboxes,
        header::{self, HeaderName, HeaderValue, Headers},
    },
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    Error,
    encode::{TOKEN_LINE, other_token_line},
};
use crate::model::token;
use crate::{
    config::Config,
    model::{
        self, Edition, EditionKey, EmailAddress, Key, ReaderId, Slug,
        text::{one_line, remove_illegal},
    },
};

/// The longest line that SMTP carries, without its line end (RFC 5321).
const MAX_LINE_BYTES: usize = 998;

/// How long a line of a head is, where it can be folded: RFC 2047 wants no more of one with an encoded word.
const FOLD_COLUMNS: usize = 76;

/// Room for what is added on the way out: a signature, the relay's commands.
const SPARE_BYTES: usize = 1_536;

/// What stands in a mailto address as it is (RFC 6068).
const MAILTO_ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'+');

/// A letter as it goes to a relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedLetter {
    /// The envelope's sender: refusals come back to it and tell which letter they mean (VERP).
    pub sender: String,
    pub recipient: EmailAddress,
    /// The message (RFC 5322) with CRLF line ends, the last one included. ASCII, but for a
    /// recipient beyond it. No line begins with a dot: DATA has nothing to stuff.
    pub text: String,
}

/// What differs from letter to letter.
#[derive(Debug, Clone, Copy)]
enum LetterField {
    To,
    /// The part of the Message-ID that names the recipient.
    Id,
    /// The token for leaving the newsletter, or one of the others whose letters are in this one.
    Token(Option<usize>),
}

/// What an edition's letters of one variant have in common.
#[derive(Debug)]
pub struct LetterTemplate {
    edition: EditionKey,
    mark: i64,
    key: Key,
    bounce: EmailAddress,
    separator: char,
    /// The newsletters of other letters that are in this one.
    others: Vec<Slug>,
    /// Texts, each with the field that follows it.
    pieces: Vec<(String, LetterField)>,
    end: String,
    length: usize,
}

impl LetterTemplate {
    /// Prepares the template from a variant's entity.
    pub fn new(config: &Config, edition: &Edition, subject: &str, key: &Key, entity: &[u8]) -> Result<Self, Error> {
        Self::with_others(config, edition, subject, key, entity, &[])
    }

    /// The same of a variant that holds letters of other newsletters.
    pub fn with_others(
        config: &Config,
        edition: &Edition,
        subject: &str,
        key: &Key,
        entity: &[u8],
        others: &[Slug],
    ) -> Result<Self, Error> {
        let letters = &config.letters;
        let entity = std::str::from_utf8(entity)
            .map_err(|error| Error::Letter(format!("the variant in the store is no text: {error}")))?;

        let mut sender = Headers::new();
        sender.set(header::From::from(mailboxes(&letters.from)?));
        let mut fixed = Headers::new();
        if let Some(reply_to) = &letters.reply_to {
            fixed.set(header::ReplyTo::from(mailboxes(reply_to)?));
        }
        fixed.set(header::Subject::from(subject.to_owned()));
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
            list.insert_raw(raw_header(name, value)?);
        }

        let (name, domain) = (message_name(edition), letters.from.address.domain());
        let (leave, by_mail) = (&letters.unsubscribe_url, &letters.unsubscribe_address);
        let by_mail = format!("{}@{}", utf8_percent_encode(by_mail.local(), MAILTO_ENCODED), by_mail.domain());
        let (bounce, separator) = (letters.bounce_address.clone(), letters.bounce_separator);
        let (key, pieces, end, others) = (key.clone(), Vec::new(), String::new(), others.to_vec());
        let (edition, mark) = (edition.key(), edition.mark);
        let mut template = Self { edition, mark, key, bounce, separator, others, pieces, end, length: 0 };
        template.push(&header_text(&sender)?, LetterField::To);
        template.push(&format!("{}Message-ID: <{name}.", header_text(&fixed)?), LetterField::Id);
        let mut before_list = format!("@{domain}>\r\n");
        if takes_complaints(config) {
            let address = &letters.bounce_address;
            before_list.push_str(&format!("CFBL-Address: {address}; report=arf\r\nCFBL-Feedback-ID: {name}."));
            template.push(&before_list, LetterField::Id);
            before_list = format!("@{domain}\r\n");
        }
        // Each address has a line of its own.
        template.push(
            &format!("{before_list}List-Id: <{}>\r\nList-Unsubscribe: <{leave}", letters.list_id),
            LetterField::Token(None),
        );
        template.push(&format!(">,\r\n <mailto:{by_mail}?subject=unsubscribe%20"), LetterField::Token(None));
        let (mut before, mut rest) = (format!(">\r\n{}", header_text(&list)?), entity);
        while let Some((at, length, which)) = template.next_token(rest) {
            before.push_str(&rest[..at]);
            template.push(&before, LetterField::Token(which));
            before.clear();
            rest = &rest[at + length..];
        }
        let end = before + rest;
        template.length += end.len();
        template.end = end;
        template.check()?;
        Ok(template)
    }

    /// About how many bytes a letter has.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Where the next token stands in an entity, how long its mark is, and of which newsletter it is.
    fn next_token(&self, entity: &str) -> Option<(usize, usize, Option<usize>)> {
        let own = entity.find(TOKEN_LINE).map(|at| (at, TOKEN_LINE.len(), None));
        let others = (0..self.others.len()).filter_map(|which| {
            let line = other_token_line(which + 1);
            entity.find(&line).map(|at| (at, line.len(), Some(which)))
        });
        own.into_iter().chain(others).min_by_key(|(at, ..)| *at)
    }

    fn push(&mut self, text: &str, gap: LetterField) {
        self.length += text.len() + token::PLACEHOLDER.len();
        self.pieces.push((text.to_owned(), gap));
    }

    /// Whether SMTP carries what was prepared as it is.
    fn check(&self) -> Result<(), Error> {
        let pieces = self.pieces.iter().map(|(piece, gap)| match gap {
            LetterField::To => piece.clone(),
            LetterField::Id | LetterField::Token(_) => format!("{piece}{}", token::PLACEHOLDER),
        });
        let text = pieces.chain([self.end.clone()]).collect::<String>();
        let wrong = text.split("\r\n").find(|line| {
            line.len() > MAX_LINE_BYTES
                || line.starts_with('.')
                || line.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0))
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
    pub fn write(&self, reader: ReaderId, address: &EmailAddress, name: Option<&str>) -> Result<RenderedLetter, Error> {
        let token = token::unsubscribe(&self.key, &self.edition.newsletter, reader);
        let others: Vec<String> =
            self.others.iter().map(|newsletter| token::unsubscribe(&self.key, newsletter, reader)).collect();
        let id = format!("{reader}.{}", token::proof(&self.key, &self.edition, reader));
        let to = to_header(address, name)?;
        let mut text = String::with_capacity(self.length + to.len() + SPARE_BYTES);
        for (piece, gap) in &self.pieces {
            text.push_str(piece);
            text.push_str(match gap {
                LetterField::To => &to,
                LetterField::Id => &id,
                LetterField::Token(which) => which.and_then(|which| others.get(which)).unwrap_or(&token),
            });
        }
        text.push_str(&self.end);
        let (local, domain) = (self.bounce.local(), self.bounce.domain());
        let sender = format!("{local}{}{}@{domain}", self.separator, token::bounce(&self.key, self.mark, reader));
        Ok(RenderedLetter { sender, recipient: address.clone(), text })
    }
}

/// Whether letters say where complaints about them go (RFC 9477): providers heed it only in the name of a domain that has
/// signed the letter, and that both the sender and the address for complaints belong to.
fn takes_complaints(config: &Config) -> bool {
    let belongs = |address: &EmailAddress, domain: &str| {
        let rest = address.domain().to_lowercase();
        rest.strip_suffix(&domain.to_lowercase()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let letters = &config.letters;
    let is_ours = |domain| belongs(&letters.from.address, domain) && belongs(&letters.bounce_address, domain);
    config.dkim.iter().any(|key| is_ours(&key.domain))
}

/// How message ids name an edition: by its label and its newsletter.
pub fn message_name(edition: &Edition) -> String {
    format!("{}.{}", edition.period, edition.newsletter)
}

fn to_header(address: &EmailAddress, name: Option<&str>) -> Result<String, Error> {
    // An address alone is what it is by its type; a name may have to be encoded and folded.
    let name = name.map(|name| one_line(&remove_illegal(name).0)).filter(|name| !name.is_empty());
    if name.is_none() {
        return Ok(format!("To: {address}\r\n"));
    }
    let mut headers = Headers::new();
    headers.set(header::To::from(mailboxes(&model::Mailbox { name, address: address.clone() })?));
    header_text(&headers)
}

/// Headers as text: encoding one may fail.
pub(super) fn header_text(headers: &Headers) -> Result<String, Error> {
    let mut words = String::new();
    write!(words, "{headers}").map_err(|error| Error::Letter(error.to_string()))?;
    Ok(folded(&words))
}

/// The same headers with no line above [`FOLD_COLUMNS`] columns that has a space to be folded at, but for the one behind
/// its name. The line end is put before the space, so that unfolding gives what was there.
fn folded(headers: &str) -> String {
    let mut out = String::with_capacity(headers.len() + 16);
    for line in headers.split_inclusive("\r\n") {
        let mut rest = line;
        while rest.trim_end().len() > FOLD_COLUMNS {
            let end = rest.trim_end().len();
            let first = match rest.starts_with(' ') {
                true => rest.len() - rest.trim_start().len(),
                false => rest.find(' ').unwrap_or(end),
            };
            let spaces = rest.match_indices(' ').map(|(at, _)| at).filter(|at| *at > first && *at < end);
            // The last that fits; else the first, so that no more than one word is too long.
            let (fitting, beyond): (Vec<usize>, Vec<usize>) = spaces.partition(|at| *at <= FOLD_COLUMNS);
            let Some(at) = fitting.last().or(beyond.first()).copied() else { break };
            out.push_str(&rest[..at]);
            out.push_str("\r\n");
            rest = &rest[at..];
        }
        out.push_str(rest);
    }
    out
}

pub(super) fn mailboxes(mailbox: &model::Mailbox) -> Result<Mailboxes, Error> {
    let address = Address::new(mailbox.address.local(), mailbox.address.domain())
        .map_err(|error| Error::Letter(format!("{}: {error}", mailbox.address)))?;
    Ok(Mailbox::new(mailbox.name.clone(), address).into())
}

pub(super) fn raw_header(name: &'static str, value: String) -> Result<HeaderValue, Error> {
    let header = HeaderName::new_from_ascii(name.to_owned()).map_err(|error| Error::Letter(error.to_string()))?;
    Ok(HeaderValue::dangerous_new_pre_encoded(header, value.clone(), value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn head(name: &str, address: &str) -> String {
        to_header(&address.parse().expect("an address"), Some(name)).expect("a header")
    }

    /// Lines that hold one word alone may be too long; no others.
    fn assert_folded(head: &str) {
        assert!(head.ends_with("\r\n") && head.is_ascii(), "{head:?}");
        for line in head.trim_end().split("\r\n") {
            let words = line.split(' ').filter(|word| !word.is_empty() && !word.ends_with(':')).count();
            assert!(line.len() <= FOLD_COLUMNS || words == 1, "{line:?}");
            assert!(!line.trim().is_empty(), "{head:?}");
            // RFC 2047, section 2.
            assert!(line.split(' ').filter(|word| word.starts_with("=?")).all(|word| word.len() <= 75), "{line:?}");
        }
    }

    fn name_of(head: &str) -> String {
        let message = mail_parser::MessageParser::default().parse(head.as_bytes()).expect("a head").into_owned();
        let address = message.to().and_then(|to| to.first()).expect("an address").clone();
        address.name.unwrap_or_default().into_owned()
    }

    #[test]
    fn a_long_name_is_folded() {
        let long = "Association des amis et des anciens gardiens du phare de la pointe, section du sud";
        for name in [long.to_owned(), long.replace('e', "\u{e9}"), "\u{e9}".repeat(90), "a b ".repeat(20)] {
            let head = head(&name, "lettres.et.revues.de.la.maison@bureau-de-poste.estran.example.org");
            assert_folded(&head);
            assert_eq!(name_of(&head), name.trim(), "{head}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_name_lines_are_short_and_read_as_it(
            words in prop::collection::vec(prop_oneof!["[a-z]{1,12}", "[A-Za-z.,\"()@]{1,9}", "\\PC{1,40}"], 1..12),
            local in "[a-z]{1,40}",
        ) {
            let name = one_line(&remove_illegal(&words.join(" ")).0);
            prop_assume!(!name.is_empty());
            let head = head(&name, &format!("{local}@estran.example.org"));
            assert_folded(&head);
        }
    }
}
