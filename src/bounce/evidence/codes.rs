//! The codes of RFC 3463 and RFC 5321: what they say, and how much that is worth.

use std::fmt;

use super::Sign;

/// A status code of RFC 3463, such as 5.1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bounce) struct EnhancedStatus {
    pub(super) class: u16,
    subject: u16,
    detail: u16,
}

/// System not accepting network messages.
const NEVER_TAKES_MAIL: EnhancedStatus = EnhancedStatus { class: 5, subject: 3, detail: 2 };

impl fmt::Display for EnhancedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl EnhancedStatus {
    /// The first one in a text.
    pub(in crate::bounce) fn find(text: &str) -> Option<Self> {
        Self::all(text).next()
    }

    fn all(text: &str) -> impl Iterator<Item = Self> {
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').filter_map(Self::parse)
    }

    fn parse(word: &str) -> Option<Self> {
        let mut parts =
            word.trim_matches('.').split('.').map(|part| if part.len() > 3 { None } else { part.parse().ok() });
        let status = Self { class: parts.next()??, subject: parts.next()??, detail: parts.next()?? };
        (parts.next().is_none() && matches!(status.class, 2 | 4 | 5)).then_some(status)
    }

    /// Whether it says that a letter did not arrive, and will not.
    pub(in crate::bounce) fn is_failure(self) -> bool {
        self.class == 5
    }

    /// What it says, and whether it is particular.
    pub(super) fn sign(self) -> Option<(Sign, bool)> {
        match self.class {
            5 => permanent(self.subject, self.detail),
            4 => temporary(self.subject, self.detail),
            _ => None,
        }
    }
}

fn permanent(subject: u16, detail: u16) -> Option<(Sign, bool)> {
    Some(match (subject, detail) {
        (1, 2) => (Sign::NoDomain, false),
        // These are also given for addresses that exist.
        (1, 5 | 9) => (Sign::Later, false),
        (1, 6) => (Sign::Moved, false),
        (1, 7 | 8) => (Sign::Sender, true),
        (1, 10) => (Sign::NoMail, false),
        (1, _) => (Sign::NoMailbox, false),
        // Some providers say it of mailboxes that do not take mail from everybody.
        (2, 0) => (Sign::Later, true),
        // For good: a mailbox that is disabled for a time is 4.2.1.
        (2, 1) => (Sign::Disabled, false),
        (2, 2) => (Sign::Full, true),
        (2, 3) => (Sign::Size, true),
        (2, _) => (Sign::Later, false),
        (3, 3 | 6) => (Sign::Protocol, false),
        (3, 4) => (Sign::Size, true),
        (3, _) => (Sign::System, false),
        // No way leads there: mail servers say it of domains that do not exist.
        (4, 4) => (Sign::NoDomain, false),
        (4, 7 | 312 | 316) => (Sign::GaveUp, false),
        (4, _) => (Sign::Network, false),
        (5, _) => (Sign::Protocol, false),
        (6, _) => (Sign::Content, false),
        // The mailbox, or its domain, belongs to somebody else now (RFC 7293).
        (7, 17) => (Sign::NoMailbox, false),
        (7, 18) => (Sign::NoDomain, false),
        // The first ones of this subject are given for anything.
        (7, 0 | 1) => (Sign::Policy, false),
        // The domain of the sender, or as some servers use it, that of the recipient.
        (7, 27) => (Sign::Sender, false),
        (7, 20..=26 | 28..=30) => (Sign::Authentication, true),
        (7, _) => (Sign::Policy, true),
        _ => return None,
    })
}

fn temporary(subject: u16, detail: u16) -> Option<(Sign, bool)> {
    Some(match (subject, detail) {
        // The server has no code of its own.
        (0, _) => (Sign::Later, false),
        // Asked for days, the server said each time that it does not know the mailbox, if its words are these.
        (1, 1) => (Sign::Later, false),
        (1, 7 | 8) => (Sign::Sender, true),
        (2, 2) => (Sign::Full, true),
        (3, _) => (Sign::System, true),
        (4, 7) => (Sign::GaveUp, true),
        (4, _) => (Sign::Network, true),
        (7, _) => (Sign::Reputation, true),
        _ => (Sign::Later, true),
    })
}

/// The codes in a text: status codes, and replies of SMTP where they begin a line or follow what introduces them.
pub(super) fn in_text(text: &str) -> Vec<(String, Sign, bool)> {
    let mut found = Vec::new();
    for line in text.lines() {
        for status in EnhancedStatus::all(line) {
            found.extend(status.sign().map(|(sign, firm)| (status.to_string(), sign, firm)));
        }
        found.extend(reply(line).and_then(|code| {
            // RFC 7504: the host takes no mail at all.
            let takes_none = code == 521 && EnhancedStatus::all(line).any(|status| status == NEVER_TAKES_MAIL);
            let (sign, firm) = if takes_none { (Sign::NoMail, true) } else { reply_sign(code)? };
            Some((code.to_string(), sign, firm))
        }));
        found.extend(step(line));
    }
    found
}

/// Whether a line quotes a mail server: it has a code.
pub(in crate::bounce) fn is_quoted(line: &str) -> bool {
    reply(line).is_some() || EnhancedStatus::all(line).any(|status| status.class != 2)
}

/// The reply code that a line quotes: at its beginning, or after a word that ends with a colon, as in `said: 550 …`.
fn reply(line: &str) -> Option<u16> {
    let line = line.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let begins = |text: &str| {
        let code = text.get(..3).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()))?;
        let ends = text.as_bytes().get(3).is_none_or(|byte| matches!(byte, b' ' | b'-' | b'_' | b'.' | b'\t'));
        code.parse().ok().filter(|code| ends && (400..600).contains(code))
    };
    begins(line).or_else(|| {
        let quotes = [": ", "; ", "<<< ", "said ", "with ", "was ", "error ", "code ", ">", "("];
        quotes.iter().find_map(|quote| {
            line.match_indices(quote).find_map(|(at, _)| begins(line.get(at + quote.len()..)?.trim_start()))
        })
    })
}

fn reply_sign(code: u16) -> Option<(Sign, bool)> {
    Some(match code {
        // RFC 7504 and RFC 1846; a few servers say 521 to whom they block, so that one proves nothing.
        556 => (Sign::NoMail, true),
        450 => (Sign::Later, false),
        452 => (Sign::Full, true),
        400..500 => (Sign::Later, true),
        500..=504 | 530 | 535 | 538 => (Sign::Protocol, false),
        521 => (Sign::Reputation, false),
        523 => (Sign::Size, false),
        552 => (Sign::Full, false),
        _ => return None,
    })
}

/// The recipient was not named yet where the server refused already: then it is not about them.
fn step(line: &str) -> Option<(String, Sign, bool)> {
    let lower = line.to_ascii_lowercase();
    let quoted = [
        "in reply to mail from",
        "in reply to ehlo",
        "in reply to helo",
        "after mail from",
        "after ehlo",
        "after helo",
    ];
    let at = quoted.iter().find(|words| lower.contains(**words))?;
    Some(((*at).to_owned(), Sign::Sender, true))
}
