//! What a relay says it can do, in its answer to EHLO.

use std::fmt::Write;

use crate::{config::Relay, digest::letter::Written};

/// The extensions that matter to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::delivery) struct Offers {
    /// RFC 2920: several commands in one write.
    pub(in crate::delivery) pipelining: bool,
    /// RFC 3030: BDAT.
    pub(in crate::delivery) chunking: bool,
    /// RFC 1870, with the largest letter it takes, if it says so.
    size: Option<u64>,
    /// RFC 3461: notifications to our wish.
    dsn: bool,
    /// RFC 6531: addresses beyond ASCII.
    utf8: bool,
    /// RFC 6152.
    eight_bit: bool,
}

impl Offers {
    /// Reads the lines of an answer to EHLO, but for the first.
    pub(super) fn read<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
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
                _ => {}
            }
        }
        offers
    }

    /// What the configuration lets us use of it. Chunks are sent ahead of the answers, or not at all.
    pub(super) fn allowed(mut self, relay: &Relay) -> Self {
        self.pipelining &= relay.pipelining;
        self.chunking &= relay.chunking && self.pipelining;
        self
    }

    /// The commands that announce a letter, each with its line end: MAIL and RCPT. An error says
    /// why this relay cannot take it. What is put into them is parsed: it holds no line end and no
    /// space.
    pub(in crate::delivery) fn envelope(&self, letter: &Written, id: &str) -> Result<(String, String), String> {
        let size = letter.text.len() as u64;
        if self.size.is_some_and(|most| most > 0 && size > most) {
            return Err(format!(
                "not sent: the letter has {size} bytes, and the relay takes no more than its SIZE says"
            ));
        }
        let to = &letter.recipient;
        let mut mail = format!("MAIL FROM:<{}>", letter.sender);
        let mut rcpt = format!("RCPT TO:<{to}>");
        if self.size.is_some() {
            let _ = write!(mail, " SIZE={size}");
        }
        if !to.local().is_ascii() {
            if !self.utf8 {
                return Err("not sent: the relay takes no address beyond ASCII (SMTPUTF8)".into());
            }
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
        Ok((mail, rcpt))
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

    fn letter(to: &str) -> Written {
        Written {
            sender: "back+1.2.x@estran.example".into(),
            recipient: to.parse().expect("an address"),
            text: "Subject: x\r\n\r\nx\r\n".into(),
        }
    }

    #[test]
    fn an_envelope_uses_what_is_offered_and_nothing_else() {
        let plain = Offers::read([].into_iter());
        let bare = ("MAIL FROM:<back+1.2.x@estran.example>\r\n".to_owned(), "RCPT TO:<a+b@c.example>\r\n".to_owned());
        assert_eq!(plain.envelope(&letter("a+b@c.example"), "id"), Ok(bare));
        assert!(plain.envelope(&letter("zoé@c.example"), "id").is_err());

        let all = Offers::read("pipelining/CHUNKING/SIZE 1000/DSN/SMTPUTF8/8BITMIME/X-OTHER 1".split('/'));
        assert!(all.pipelining && all.chunking);
        let (mail, rcpt) = all.envelope(&letter("a+b@c.example"), "2026-W47=1").expect("an envelope");
        assert_eq!(mail, "MAIL FROM:<back+1.2.x@estran.example> SIZE=17 RET=HDRS ENVID=2026-W47+3D1\r\n");
        assert_eq!(rcpt, "RCPT TO:<a+b@c.example> NOTIFY=FAILURE ORCPT=rfc822;a+2Bb@c.example\r\n");
        let (mail, rcpt) = all.envelope(&letter("zoé@c.example"), "1").expect("an envelope");
        assert_eq!(mail, "MAIL FROM:<back+1.2.x@estran.example> SIZE=17 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=1\r\n");
        assert_eq!(rcpt, "RCPT TO:<zoé@c.example> NOTIFY=FAILURE\r\n");

        assert!(Offers::read("SIZE 10".split('/')).envelope(&letter("a@c.example"), "1").is_err());
        assert!(Offers::read("SIZE".split('/')).envelope(&letter("a@c.example"), "1").is_ok());
        assert!(Offers::read("SIZE 0".split('/')).envelope(&letter("a@c.example"), "1").is_ok());
    }
}
