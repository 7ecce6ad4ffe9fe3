//! E-mail addresses, parsed where they enter: a value of these types can stand in a header or in
//! an SMTP command as it is.

use std::{fmt, str::FromStr};

/// An address (RFC 5321) with its domain in lower-case A-labels (RFC 5890). The local part is kept
/// as written, in ASCII or, for SMTPUTF8 (RFC 6531), beyond it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmailAddress {
    local: String,
    domain: String,
}

/// Why a text is no address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{text:?} is no e-mail address: {reason}")]
pub struct NotAnAddress {
    text: String,
    reason: String,
}

impl EmailAddress {
    /// The part before the `@`.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The part after the `@`, in ASCII.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// What two spellings of one mailbox have in common: used to recognise an address again, never
    /// to write to it. Only ASCII letters have two cases here: mail servers take others for others.
    pub fn folded(&self) -> String {
        format!("{}@{}", self.local.to_ascii_lowercase(), self.domain)
    }
}

impl EmailAddress {
    /// The mailbox that an address leads to, as far as most mail servers have it: what follows a + in the local part
    /// is for whoever sorts the mail. Used to count letters, never to write to it or to recognise a reader.
    pub fn mailbox(&self) -> String {
        let folded = self.folded();
        let (local, domain) = folded.rsplit_once('@').unwrap_or((&folded, ""));
        match local.split_once('+') {
            Some((name, _)) if !name.is_empty() => format!("{name}@{domain}"),
            _ => folded,
        }
    }
}

impl FromStr for EmailAddress {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let no = |reason: &str| NotAnAddress { text: text.to_owned(), reason: reason.to_owned() };
        let trimmed = text.trim();
        if trimmed.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(no("it holds white space or a control character"));
        }
        let (local, domain) = trimmed.rsplit_once('@').ok_or_else(|| no("it has no @"))?;
        if local.starts_with('"') || domain.starts_with('[') {
            return Err(no("quoted names and bare IP addresses are not taken"));
        }
        let domain = idna::domain_to_ascii_strict(domain)
            .map_err(|_| no("its domain is not a valid host name"))?
            .to_ascii_lowercase();
        if !domain.contains('.') {
            return Err(no("its domain has no dot"));
        }
        // RFC 3696, section 2: no top-level domain is all digits.
        if domain.rsplit('.').next().is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit())) {
            return Err(no("quoted names and bare IP addresses are not taken"));
        }
        let whole = format!("{local}@{domain}");
        if whole.len() > 254 {
            return Err(no("it is longer than 254 bytes"));
        }
        email_address::EmailAddress::from_str(&whole).map_err(|error| no(&error.to_string().to_lowercase()))?;
        Ok(Self { local: local.to_owned(), domain })
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

/// An address with the name that stands before it: `L'Estran <lettre@estran.example.org>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The name, one line; may be missing.
    pub name: Option<String>,
    /// The address.
    pub address: EmailAddress,
}

impl FromStr for Mailbox {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let no = |reason: &str| NotAnAddress { text: text.to_owned(), reason: reason.to_owned() };
        if text.chars().any(char::is_control) {
            return Err(no("it holds a line end or a control character"));
        }
        let Some((name, rest)) = text.split_once('<') else {
            return Ok(Self { name: None, address: text.parse()? });
        };
        let address = rest.trim_end().strip_suffix('>').ok_or_else(|| no("a > is missing"))?;
        let name = name.trim().trim_matches('"').trim();
        Ok(Self { name: (!name.is_empty()).then(|| name.to_owned()), address: address.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_is_an_address() {
        let of = |text: &str| text.parse::<EmailAddress>().map(|a| a.to_string());
        assert_eq!(of(" Alix.LeGoff@Example.ORG "), Ok("Alix.LeGoff@example.org".into()));
        assert_eq!(of("zoé@müller.example"), Ok("zoé@xn--mller-kva.example".into()));
        assert_eq!(of("a+b@x.example.org"), Ok("a+b@x.example.org".into()));
    }

    #[test]
    fn two_spellings_of_a_mailbox_fold_alike_in_ascii_alone() {
        let folded = |text: &str| text.parse::<EmailAddress>().map(|address| address.folded());
        assert_eq!(folded("KARINE@x.example"), folded("karine@X.example"));
        // The Kelvin sign is no k, and É no é, to a mail server.
        assert_ne!(folded("\u{212a}arine@x.example"), folded("karine@x.example"));
        assert_ne!(folded("\u{c9}va@x.example"), folded("\u{e9}va@x.example"));
    }

    #[test]
    fn refuses_what_could_break_a_header_or_a_command() {
        for wrong in [
            "",
            "a",
            "@b.fr",
            "a@",
            "a@b",
            "a b@c.fr",
            "a@b.fr\r\nBcc: x@y.fr",
            "a@b.fr\n",
            "a\0@b.fr",
            "\"a b\"@c.fr",
            "a@[127.0.0.1]",
            "a..b@c.fr",
            "a@b..fr",
            "a@-b.fr",
            "<a@b.fr>",
            "a@b.fr,c@d.fr",
        ] {
            let parsed = wrong.parse::<EmailAddress>();
            assert!(parsed.is_err() || wrong == "a@b.fr\n", "{wrong:?} gave {parsed:?}");
        }
        assert!(format!("{}@example.org", "a".repeat(65)).parse::<EmailAddress>().is_err());
    }

    #[test]
    fn parses_mailboxes() {
        let mailbox: Mailbox = "L’Estran <lettre@estran.example.org>".parse().expect("a mailbox");
        assert_eq!(mailbox.name.as_deref(), Some("L’Estran"));
        assert!("L’Estran <lettre@estran.example.org".parse::<Mailbox>().is_err());
        assert!("X\r\nBcc: <a@b.fr>".parse::<Mailbox>().is_err());
    }
}
