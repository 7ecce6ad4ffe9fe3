//! A list as Sympa dumps it: a paragraph for each member, a line for each thing that is known.

use std::io::{BufRead, BufReader, Read, Seek};

use super::{
    Error, Refused, Settings, SourceLocation, TOLD, cells,
    headings::{ACTIVE, BOUNCED, Fact, LEFT},
    mailbox::mailbox,
    wrong,
};
use crate::{
    ingest::Warning,
    model::{Choice, ListEntry, Subscriber, Suppression, text},
};

/// What a line begins with; others are passed over, and so that one knows a dump.
const KEYS: [&str; 11] = [
    "date",
    "update_date",
    "email",
    "gecos",
    "reception",
    "visibility",
    "subscribed",
    "included",
    "bounce",
    "custom_attribute",
    "suspend",
];

/// Whether a text begins as a dump does.
pub(super) fn is_dump(head: &str) -> bool {
    let mut lines = head.trim_start_matches('\u{feff}').lines().skip_while(|line| line.trim().is_empty());
    let paragraph: Vec<&str> = lines.by_ref().take_while(|line| !line.trim().is_empty()).collect();
    let keyed = |line: &&str| line.split_once(' ').is_some_and(|(key, _)| KEYS.contains(&key));
    paragraph.len() > 1
        && paragraph.first().is_some_and(keyed)
        && paragraph.iter().any(|line| line.strip_prefix("email ").is_some_and(|rest| rest.contains('@')))
}

/// A dump that is being read.
pub struct Dump<'s, R: Read> {
    source: BufReader<R>,
    place: SourceLocation,
    settings: &'s Settings<'s>,
    read: u64,
    line: usize,
    refused: Refused,
}

impl<'s, R: Read + Seek> Dump<'s, R> {
    pub(super) fn open(source: R, file: &str, settings: &'s Settings<'s>) -> Self {
        let place = SourceLocation { file: file.to_owned(), line: None };
        Self { source: BufReader::new(source), place, settings, read: 0, line: 0, refused: Refused::default() }
    }

    /// The next members, so many at the most; none at the end.
    pub(super) fn take(&mut self, most: usize) -> Result<Vec<ListEntry>, Error> {
        let mut entries = Vec::new();
        while entries.len() < most {
            let Some((begins, lines)) = self.paragraph()? else { break };
            match self.entry(&lines) {
                Ok(entry) => entries.push(entry),
                Err(message) => {
                    self.refused.count += 1;
                    if self.refused.told.len() < TOLD {
                        let place = SourceLocation { line: Some(begins), ..self.place.clone() };
                        self.refused.told.push(Warning { place, message, of_many: false });
                    }
                }
            }
        }
        Ok(entries)
    }

    pub(super) fn position(&self) -> u64 {
        self.read
    }

    pub(super) fn refused(self) -> Refused {
        self.refused
    }

    /// The next lines that belong together, and the number of the first.
    fn paragraph(&mut self) -> Result<Option<(usize, Vec<String>)>, Error> {
        let mut lines = Vec::new();
        let mut begins = 0;
        loop {
            let mut line = String::new();
            let count = self.source.read_line(&mut line).map_err(|error| wrong(&self.place, error))?;
            self.read += count as u64;
            self.line += 1;
            let text = line.trim().trim_start_matches('\u{feff}');
            match (text.is_empty(), lines.is_empty()) {
                (true, true) if count > 0 => {}
                (true, true) => return Ok(None),
                (true, false) => return Ok(Some((begins, lines))),
                (false, first) => {
                    if first {
                        begins = self.line;
                    }
                    lines.push(text.to_owned());
                }
            }
        }
    }

    fn entry(&self, lines: &[String]) -> Result<ListEntry, String> {
        let said = |key: &str| lines.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')).map(str::trim);
        let address = said("email").ok_or("it has no address")?;
        let (address, own) = mailbox(address).ok_or_else(|| format!("{address:?} is no e-mail address"))?;
        let name = said("gecos").map(str::to_owned).or(own);
        let name = name.map(|name| text::one_line(&text::remove_illegal(&name).0)).filter(|name| !name.is_empty());
        let (membership, reason) = self.fact(said("reception"), said("bounce"))?;
        let entry = ListEntry {
            membership,
            suppression: reason.map(|reason| Suppression { reason, since: None }),
            joined: said("date").and_then(|date| cells::instant(date, None)),
            ..ListEntry::from(Subscriber { address, name, choice: Choice::of(Vec::new()) })
        };
        self.settings.judge(&entry)?;
        Ok(entry)
    }

    /// Who receives no mail there gets none here; an address of which a server said that it does not exist is told by the
    /// code at the end of `bounce`.
    fn fact(&self, reception: Option<&str>, bounce: Option<&str>) -> Result<Fact, String> {
        if bounce.and_then(|bounce| bounce.split_whitespace().last()).is_some_and(|code| code.starts_with("5.1.")) {
            return Ok(BOUNCED);
        }
        match reception {
            Some("nomail") => Ok(LEFT),
            None
            | Some("mail" | "digest" | "digestplain" | "summary" | "notice" | "txt" | "html" | "urlize" | "not_me") => {
                Ok(ACTIVE)
            }
            Some(other) => Err(format!("reception: {other:?} is no way to receive mail that gazetier knows")),
        }
    }
}
