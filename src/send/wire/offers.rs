//! What a relay says it can do, in its answer to EHLO.

use std::fmt::{self, Write};

use crate::{config::Relay, edition::render::letter::RenderedLetter, model::EmailAddress};

/// The extensions that matter to us.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Offers {
    /// RFC 2920: several commands in one write.
    pub(crate) pipelining: bool,
    /// RFC 3030: BDAT.
    pub(crate) chunking: bool,
    /// RFC 1870, with the largest letter it takes, if it says so.
    size: Option<u64>,
    /// RFC 3461: notifications to our wish.
    dsn: bool,
    /// RFC 6531: addresses beyond ASCII.
    utf8: bool,
    /// RFC 6152.
    eight_bit: bool,
    /// RFC 3207.
    pub(crate) starttls: bool,
    /// RFC 4954: the ways to log in.
    pub(crate) logins: Vec<String>,
}

impl Offers {
    /// Reads the lines of an answer to EHLO, but for the first.
    pub(crate) fn read<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut offers = Self::default();
        for line in lines {
            let mut words = line.split_ascii_whitespace();
            match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "PIPELINING" => offers.pipelining = true,
                "CHUNKING" => offers.chunking = true,
                "SIZE" => offers.size = Some(words.next().and_then(|size| size.parse().ok()).unwrap_or(0)),
                "DSN" => offers.dsn = true,
                "SMTPUTF8" => offers.utf8 = true,
                "8BITMIME" => offers.eight_bit = true,
                "STARTTLS" => offers.starttls = true,
                "AUTH" => offers.logins.extend(words.map(str::to_owned)),
                _ => {}
            }
        }
        offers
    }

    /// What the configuration lets us use of it. Chunks are sent ahead of the answers, or not at all.
    pub(crate) fn allowed(mut self, relay: &Relay) -> Self {
        self.pipelining &= relay.pipelining;
        self.chunking &= relay.chunking && self.pipelining;
        self
    }

    /// Whether the relay takes a letter of this size to this address; else why not.
    pub(crate) fn takes(&self, size: u64, to: &EmailAddress) -> Result<(), Unfit> {
        match self.size {
            Some(most) if most > 0 && size > most => Err(Unfit::TooLarge { size, most }),
            _ if !self.utf8 && !to.local().is_ascii() => Err(Unfit::BeyondAscii),
            _ => Ok(()),
        }
    }

    /// The commands that announce a letter that the relay takes, each with its line end: MAIL and
    /// RCPT. What is put into them is parsed: it holds no line end and no space.
    pub(crate) fn envelope(&self, letter: &RenderedLetter, id: &str) -> (String, String) {
        let size = letter.text.len() as u64;
        let to = &letter.recipient;
        let mut mail = format!("MAIL FROM:<{}>", letter.sender);
        let mut rcpt = format!("RCPT TO:<{to}>");
        if self.size.is_some() {
            let _ = write!(mail, " SIZE={size}");
        }
        if !to.local().is_ascii() {
            // RFC 6531 wants who offers the one to offer the other.
            mail.push_str(if self.eight_bit { " BODY=8BITMIME SMTPUTF8" } else { " SMTPUTF8" });
        }
        if self.dsn {
            let _ = write!(mail, " RET=HDRS ENVID={}", xtext(id));
            rcpt.push_str(" NOTIFY=FAILURE");
            if to.local().is_ascii() {
                let _ = write!(rcpt, " ORCPT=rfc822;{}", xtext(&to.to_string()));
            }
        }
        mail.push_str("\r\n");
        rcpt.push_str("\r\n");
        (mail, rcpt)
    }
}

/// Why a relay cannot take a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is larger than the relay's SIZE.
    TooLarge {
        /// The letter's bytes.
        size: u64,
        /// What the relay takes.
        most: u64,
    },
    /// Its address is beyond ASCII, and the relay has no SMTPUTF8.
    BeyondAscii,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { size, most } => {
                write!(f, "the letter has {size} bytes, and the relay takes no more than {most} (SIZE)")
            }
            Self::BeyondAscii => f.write_str("the relay takes no address beyond ASCII (SMTPUTF8)"),
        }
    }
}

/// Text as RFC 3461 wants it in a parameter: printable ASCII, `+` and `=` as hexadecimal.
fn xtext(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'!'..=b'~' if byte != b'+' && byte != b'=' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "+{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(to: &str) -> RenderedLetter {
        RenderedLetter {
            sender: "back+1.2.x@estran.example".into(),
            recipient: to.parse().expect("an address"),
            text: "Subject: x\r\n\r\nx\r\n".into(),
        }
    }

    #[test]
    fn an_envelope_uses_what_is_offered_and_nothing_else() {
        let plain = Offers::read([].into_iter());
        let bare = ("MAIL FROM:<back+1.2.x@estran.example>\r\n".to_owned(), "RCPT TO:<a+b@c.example>\r\n".to_owned());
        assert_eq!(plain.envelope(&letter("a+b@c.example"), "id"), bare);

        let all = Offers::read("pipelining/CHUNKING/SIZE 1000/DSN/SMTPUTF8/8BITMIME/X-OTHER 1".split('/'));
        assert!(all.pipelining && all.chunking);
        let (mail, rcpt) = all.envelope(&letter("a+b@c.example"), "2026-W47=1");
        assert_eq!(mail, "MAIL FROM:<back+1.2.x@estran.example> SIZE=17 RET=HDRS ENVID=2026-W47+3D1\r\n");
        assert_eq!(rcpt, "RCPT TO:<a+b@c.example> NOTIFY=FAILURE ORCPT=rfc822;a+2Bb@c.example\r\n");
        let (mail, rcpt) = all.envelope(&letter("zoé@c.example"), "1");
        assert_eq!(mail, "MAIL FROM:<back+1.2.x@estran.example> SIZE=17 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=1\r\n");
        assert_eq!(rcpt, "RCPT TO:<zoé@c.example> NOTIFY=FAILURE\r\n");
    }

    #[test]
    fn what_a_relay_cannot_take_is_known_before() {
        let takes = |offers: &str, size, to: &str| {
            let to: EmailAddress = to.parse().expect("an address");
            Offers::read(offers.split('/')).takes(size, &to).map_err(|unfit| unfit.to_string())
        };
        assert_eq!(takes("SIZE 10", 10, "a@c.example"), Ok(()));
        let large = "the letter has 11 bytes, and the relay takes no more than 10 (SIZE)";
        assert_eq!(takes("SIZE 10", 11, "a@c.example"), Err(large.to_owned()));
        for offers in ["", "SIZE", "SIZE 0"] {
            assert_eq!(takes(offers, u64::MAX, "a@c.example"), Ok(()), "{offers}");
        }
        let beyond = "the relay takes no address beyond ASCII (SMTPUTF8)";
        assert_eq!(takes("", 1, "zoé@c.example"), Err(beyond.to_owned()));
        assert_eq!(takes("SMTPUTF8", 1, "zoé@c.example"), Ok(()));
        assert_eq!(takes("", 1, "a@müller.example"), Ok(()));
    }
}
