//! The extensions that a relay offers in its reply to EHLO, and what follows from them for a letter.

use std::fmt::{self, Write};

use crate::{config::Relay, edition::render::letter::RenderedLetter, model::EmailAddress};

/// The extensions that matter to us.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::send) struct Extensions {
    /// RFC 2920: several commands in one write.
    pub(in crate::send) pipelining: bool,
    /// RFC 3030: BDAT.
    pub(in crate::send) chunking: bool,
    /// RFC 1870: the largest letter it accepts; 0 if it names no limit.
    size: Option<u64>,
    /// RFC 3461: which delivery notifications are sent.
    dsn: bool,
    /// RFC 6531: addresses beyond ASCII.
    smtp_utf8: bool,
    /// RFC 6152.
    eight_bit_mime: bool,
    /// RFC 3207.
    pub(in crate::send) starttls: bool,
    /// RFC 4954: mechanisms to log in.
    pub(in crate::send) logins: Vec<String>,
}

impl Extensions {
    /// Reads the lines of a reply to EHLO after the first one.
    pub(in crate::send) fn parse<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut extensions = Self::default();
        for line in lines {
            let mut words = line.split_ascii_whitespace();
            match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "PIPELINING" => extensions.pipelining = true,
                "CHUNKING" => extensions.chunking = true,
                "SIZE" => extensions.size = Some(words.next().and_then(|size| size.parse().ok()).unwrap_or(0)),
                "DSN" => extensions.dsn = true,
                "SMTPUTF8" => extensions.smtp_utf8 = true,
                "8BITMIME" => extensions.eight_bit_mime = true,
                "STARTTLS" => extensions.starttls = true,
                "AUTH" => extensions.logins.extend(words.map(str::to_owned)),
                _ => {}
            }
        }
        extensions
    }

    /// Drops what the configuration forbids. BDAT is only sent with pipelining.
    pub(in crate::send) fn allowed_by(mut self, relay: &Relay) -> Self {
        self.pipelining &= relay.pipelining;
        self.chunking &= relay.chunking && self.pipelining;
        self
    }

    /// The largest letter that the relay accepts, if it names one.
    pub(in crate::send) fn max_size(&self) -> Option<u64> {
        self.size.filter(|size| *size > 0)
    }

    /// Whether the relay accepts a letter of this size to this address.
    pub(in crate::send) fn accepts(&self, size: u64, to: &EmailAddress) -> Result<(), RelayLimit> {
        match self.size {
            Some(max) if max > 0 && size > max => Err(RelayLimit::TooLarge { size, max }),
            _ if !self.smtp_utf8 && !to.local().is_ascii() => Err(RelayLimit::NoSmtpUtf8),
            _ => Ok(()),
        }
    }

    /// MAIL and RCPT for a letter, each with its line end, and with a wish for a report of its arrival or without. Nobody can inject a command: the addresses were parsed, and
    /// hold no line end and no space.
    pub(in crate::send) fn envelope(&self, letter: &RenderedLetter, id: &str, receipt: bool) -> (String, String) {
        let size = letter.text.len() as u64;
        let to = &letter.recipient;
        let mut mail = format!("MAIL FROM:<{}>", letter.sender);
        let mut rcpt = format!("RCPT TO:<{to}>");
        if self.size.is_some() {
            let _ = write!(mail, " SIZE={size}");
        }
        if !to.local().is_ascii() {
            // RFC 6531 asks servers with SMTPUTF8 for 8BITMIME, too, but not all have it.
            mail.push_str(if self.eight_bit_mime { " BODY=8BITMIME SMTPUTF8" } else { " SMTPUTF8" });
        }
        if self.dsn {
            let _ = write!(mail, " RET=HDRS ENVID={}", xtext(id));
            rcpt.push_str(if receipt { " NOTIFY=SUCCESS,FAILURE" } else { " NOTIFY=FAILURE" });
            if to.local().is_ascii() {
                let _ = write!(rcpt, " ORCPT=rfc822;{}", xtext(&to.to_string()));
            }
        }
        mail.push_str("\r\n");
        rcpt.push_str("\r\n");
        (mail, rcpt)
    }
}

/// Why a relay cannot accept a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::send) enum RelayLimit {
    /// It is larger than the relay's SIZE.
    TooLarge { size: u64, max: u64 },
    /// Its address is beyond ASCII, and the relay has no SMTPUTF8.
    NoSmtpUtf8,
}

impl fmt::Display for RelayLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { size, max } => {
                write!(f, "the letter has {size} bytes, and the relay takes no more than {max} (SIZE)")
            }
            Self::NoSmtpUtf8 => f.write_str("the relay takes no address beyond ASCII (SMTPUTF8)"),
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
        let plain = Extensions::parse([].into_iter());
        let bare = ("MAIL FROM:<back+1.2.x@estran.example>\r\n".to_owned(), "RCPT TO:<a+b@c.example>\r\n".to_owned());
        assert_eq!(plain.envelope(&letter("a+b@c.example"), "id", true), bare);

        let all = Extensions::parse("pipelining/CHUNKING/SIZE 1000/DSN/SMTPUTF8/8BITMIME/X-OTHER 1".split('/'));
        assert!(all.pipelining && all.chunking);
        let (mail, rcpt) = all.envelope(&letter("a+b@c.example"), "2026-W47=1", false);
        assert_eq!(mail, "MAIL FROM:<back+1.2.x@estran.example> SIZE=17 RET=HDRS ENVID=2026-W47+3D1\r\n");
        assert_eq!(rcpt, "RCPT TO:<a+b@c.example> NOTIFY=FAILURE ORCPT=rfc822;a+2Bb@c.example\r\n");
        let (mail, rcpt) = all.envelope(&letter("zoé@c.example"), "1", false);
        assert_eq!(mail, "MAIL FROM:<back+1.2.x@estran.example> SIZE=17 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=1\r\n");
        assert_eq!(rcpt, "RCPT TO:<zoé@c.example> NOTIFY=FAILURE\r\n");
        let (_, rcpt) = all.envelope(&letter("zoé@c.example"), "1", true);
        assert_eq!(rcpt, "RCPT TO:<zoé@c.example> NOTIFY=SUCCESS,FAILURE\r\n");
    }

    #[test]
    fn what_a_relay_cannot_take_is_known_before() {
        let takes = |extensions: &str, size, to: &str| {
            let to: EmailAddress = to.parse().expect("an address");
            Extensions::parse(extensions.split('/')).accepts(size, &to).map_err(|unfit| unfit.to_string())
        };
        assert_eq!(takes("SIZE 10", 10, "a@c.example"), Ok(()));
        let large = "the letter has 11 bytes, and the relay takes no more than 10 (SIZE)";
        assert_eq!(takes("SIZE 10", 11, "a@c.example"), Err(large.to_owned()));
        for extensions in ["", "SIZE", "SIZE 0"] {
            assert_eq!(takes(extensions, u64::MAX, "a@c.example"), Ok(()), "{extensions}");
        }
        let beyond = "the relay takes no address beyond ASCII (SMTPUTF8)";
        assert_eq!(takes("", 1, "zoé@c.example"), Err(beyond.to_owned()));
        assert_eq!(takes("SMTPUTF8", 1, "zoé@c.example"), Ok(()));
        assert_eq!(takes("", 1, "a@müller.example"), Ok(()));
    }
}
