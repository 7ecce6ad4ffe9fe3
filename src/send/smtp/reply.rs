//! A relay's reply, as it is judged, kept in the ledger and shown.

use std::fmt;

use super::reply_parser::RawReply;

/// How many characters of a reply are kept.
const MAX_REPLY_CHARS: usize = 400;

/// A relay's reply to one command (RFC 5321, section 4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::send) struct Reply {
    pub(in crate::send) code: u16,
    text: String,
}

impl Reply {
    /// Keeps a reply of one or more lines on one line, without control characters, which no text column can hold.
    pub(in crate::send) fn new(code: u16, text: &str) -> Self {
        let text = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_REPLY_CHARS).collect::<String>();
        Self { code, text: text.split_whitespace().collect::<Vec<_>>().join(" ") }
    }

    /// Its text, without the code.
    pub(in crate::send) fn text(&self) -> &str {
        &self.text
    }

    /// The enhanced status code (RFC 3463), if it is of the same class as the code.
    pub(in crate::send) fn enhanced(&self) -> Option<(u16, u16)> {
        let mut numbers = self.text.split(' ').next()?.split('.');
        let mut number = || numbers.next().filter(|n| !n.is_empty() && n.len() <= 3)?.parse::<u16>().ok();
        let (class, subject, detail) = (number()?, number()?, number()?);
        (class == self.code / 100 && numbers.next().is_none()).then_some((subject, detail))
    }

    /// X.7.x: security, policy or reputation, which is about us and not about the address.
    pub(in crate::send) fn is_policy(&self) -> bool {
        self.code >= 400 && self.enhanced().is_some_and(|(subject, _)| subject == 7)
    }

    /// 5.1.x: there is no such address, now or ever. 5.1.7 to 5.1.9 are about the sender.
    pub(in crate::send) fn is_no_address(&self) -> bool {
        self.code >= 500 && matches!(self.enhanced(), Some((1, 0..=4 | 6 | 10)))
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            0 => write!(f, "{:?}", self.text),
            code if self.text.is_empty() => write!(f, "{code}"),
            code => write!(f, "{code} {}", self.text),
        }
    }
}

impl From<&RawReply> for Reply {
    fn from(reply: &RawReply) -> Self {
        Self::new(reply.code, &reply.text)
    }
}

/// A relay's words without the recipient's address: they are kept longer than the reader may be.
pub(in crate::send) fn without_address(words: &str, address: &str) -> String {
    let (lower, needle) = (words.to_ascii_lowercase(), address.to_ascii_lowercase());
    if needle.is_empty() || !lower.contains(&needle) {
        return words.to_owned();
    }
    let mut out = String::with_capacity(words.len());
    let mut rest = 0;
    while let Some(found) = lower[rest..].find(&needle) {
        out.push_str(&words[rest..rest + found]);
        out.push_str("(address)");
        rest += found + needle.len();
    }
    out.push_str(&words[rest..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_s_words_lose_the_address() {
        let words = "550 5.1.1 <Zoe@Example.org>: no mailbox zoe@example.org é";
        assert_eq!(without_address(words, "zoe@example.org"), "550 5.1.1 <(address)>: no mailbox (address) é");
        assert_eq!(without_address("451 later", "zoe@example.org"), "451 later");
    }

    #[test]
    fn a_reply_is_kept_on_one_line() {
        assert_eq!(Reply::new(250, "").to_string(), "250");
        assert_eq!(Reply::new(0, "what?").to_string(), "\"what?\"");
        assert_eq!(Reply::new(550, "5.1.1 a\r\nb\0 \u{1b}[31m").to_string(), "550 5.1.1 a b [31m");
    }
}
