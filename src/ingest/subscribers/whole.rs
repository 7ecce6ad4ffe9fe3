//! A list as JSON Lines: all that a store knows of its readers, a line for each. The first line says whose list
//! it is, the last how many there are, so that half a file is not taken for a whole one.

mod shapes;

use std::io::{BufRead, BufReader, Read};

use data_encoding::HEXLOWER;

use super::{Part, Refused, Settings, TOLD, cells::ConsentLine, choice};
use crate::{
    ingest::{Error, SourceLocation, Warning, wrong},
    model::{
        Allowance, FormerAddress, HashedAddress, Identity, Instant, Key, ListConsent, ListEntry, Membership,
        Subscriber, Suppression, text,
    },
};
use shapes::{AllowanceLine, End, FormerLine, HashLine, Head, Line, ReaderLine, SuppressionLine};

/// The version of the format.
const VERSION: u32 = 1;

/// The longest line: nobody has so many consents.
const LONGEST: u64 = 1 << 20;

/// Writes a list, a line at a time.
#[derive(Debug, Default)]
pub struct Writer {
    readers: u64,
    hashes: u64,
}

impl Writer {
    /// The first line. With the key, the list is all that a store needs to take this one's place.
    pub fn head(magazine: &str, newsletter: &str, at: Instant, key: Option<&Key>) -> String {
        line(&Line::List(Head {
            version: VERSION,
            magazine: magazine.to_owned(),
            newsletter: newsletter.to_owned(),
            exported: at,
            key: key.map(|key| HEXLOWER.encode(key.expose())),
        }))
    }

    /// A reader's.
    pub fn reader(&mut self, entry: ListEntry) -> String {
        self.readers += 1;
        let (id, old_number, moves, former) = match entry.identity {
            None => (None, None, None, Vec::new()),
            Some(own) => (Some(own.reader.to_string()), own.old_number, Some(own.moves), own.former),
        };
        let hashed = |former: FormerAddress| FormerLine { hash: HEXLOWER.encode(&former.hash), moved: former.moved };
        line(&Line::Reader(Box::new(ReaderLine {
            email: entry.subscriber.address.to_string(),
            name: entry.subscriber.name,
            rubriques: entry.subscriber.choice.key().split(',').filter(|s| !s.is_empty()).map(str::to_owned).collect(),
            language: entry.language,
            rhythm: entry.rhythm.to_string(),
            paused: entry.paused,
            letter_hour: entry.delivery.to_string(),
            one_a_day: entry.together,
            state: entry.membership.as_str().to_owned(),
            since: entry.since,
            joined: entry.joined,
            returned: entry.returned,
            suppressed: entry.suppression.map(SuppressionLine::from),
            consents: entry.consents.iter().map(ConsentLine::from).collect(),
            allowed: entry.allowances.into_iter().map(AllowanceLine::from).collect(),
            id,
            old_number,
            moves,
            former: former.into_iter().map(hashed).collect(),
        })))
    }

    /// That of an address that is known by its hash alone.
    pub fn hash(&mut self, hashed: HashedAddress) -> String {
        self.hashes += 1;
        line(&Line::Hash(HashLine {
            hash: HEXLOWER.encode(&hashed.hash),
            suppressed: hashed.suppression.map(SuppressionLine::from),
            allowed: hashed.allowances.into_iter().map(AllowanceLine::from).collect(),
        }))
    }

    /// The last.
    pub fn end(self) -> String {
        line(&Line::End(End { readers: self.readers, hashes: self.hashes }))
    }
}

/// Text with a line end. Of what these lines hold, all can be said in JSON.
fn line(line: &Line) -> String {
    let mut text = serde_json::to_string(line).unwrap_or_default();
    text.push('\n');
    text
}

impl From<Suppression> for SuppressionLine {
    fn from(suppression: Suppression) -> Self {
        Self { reason: suppression.reason.to_string(), since: suppression.since }
    }
}

impl TryFrom<SuppressionLine> for Suppression {
    type Error = String;

    fn try_from(line: SuppressionLine) -> Result<Self, String> {
        Ok(Self { reason: line.reason.parse()?, since: line.since })
    }
}

impl From<Allowance> for AllowanceLine {
    fn from(allowance: Allowance) -> Self {
        Self {
            words: allowance.words,
            reason: allowance.reason.to_string(),
            suppressed: allowance.suppressed,
            at: allowance.at,
        }
    }
}

fn allowances(lines: Vec<AllowanceLine>) -> Result<Vec<Allowance>, String> {
    let allowance = |line: AllowanceLine| {
        Ok(Allowance { words: line.words, reason: line.reason.parse()?, suppressed: line.suppressed, at: line.at })
    };
    lines.into_iter().map(allowance).collect()
}

/// A hash as hexadecimal digits: 128 bits.
fn hash(text: &str) -> Result<Vec<u8>, String> {
    let bytes = HEXLOWER.decode(text.to_ascii_lowercase().as_bytes()).ok().filter(|bytes| bytes.len() == 16);
    bytes.ok_or_else(|| format!("{text:?} is no hash: write 32 hexadecimal digits"))
}

/// A list that is being read.
pub struct Whole<'s, R: Read> {
    source: BufReader<R>,
    place: SourceLocation,
    settings: &'s Settings<'s>,
    key: Option<Key>,
    read: u64,
    line: usize,
    counted: End,
    ended: bool,
    refused: Refused,
}

impl<'s, R: Read> Whole<'s, R> {
    /// Begins to read: the first line says whose list it is.
    pub(super) fn open(source: R, file: &str, settings: &'s Settings<'s>) -> Result<Self, Error> {
        let mut own = Self {
            source: BufReader::new(source),
            place: SourceLocation { file: file.to_owned(), line: None },
            settings,
            key: None,
            read: 0,
            line: 0,
            counted: End { readers: 0, hashes: 0 },
            ended: false,
            refused: Refused::default(),
        };
        match own.next()? {
            Some(Line::List(head)) if head.version == VERSION => {
                let key = head.key.map(|digits| {
                    let bytes =
                        HEXLOWER.decode(digits.as_bytes()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
                    bytes.map(Key::new).ok_or_else(|| wrong(&own.here(), "its key is not 64 hexadecimal digits"))
                });
                own.key = key.transpose()?;
                Ok(own)
            }
            Some(Line::List(head)) => {
                let message = format!("it is of version {}, and this gazetier reads version {VERSION}", head.version);
                Err(wrong(&own.here(), message))
            }
            _ => Err(wrong(
                &own.here(),
                "it does not begin with {\"list\":…}, as `subscribers export --whole` writes it",
            )),
        }
    }

    fn here(&self) -> SourceLocation {
        SourceLocation { line: Some(self.line), ..self.place.clone() }
    }

    pub(super) fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    pub(super) fn position(&self) -> u64 {
        self.read
    }

    /// The next line; none at the end of the file.
    fn next(&mut self) -> Result<Option<Line>, Error> {
        let mut bytes = Vec::new();
        self.line += 1;
        let count =
            self.source.by_ref().take(LONGEST).read_until(b'\n', &mut bytes).map_err(|e| wrong(&self.place, e))?;
        self.read += count as u64;
        if count == 0 {
            return Ok(None);
        }
        if !bytes.ends_with(b"\n") && count as u64 == LONGEST {
            return Err(wrong(&self.here(), format!("the line is longer than {LONGEST} bytes")));
        }
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| wrong(&self.here(), format!("it cannot be read: {error}")))
    }

    pub(super) fn take(&mut self, most: usize) -> Result<Part, Error> {
        let mut part = Part::default();
        while part.entries.len() + part.hashes.len() < most && !self.ended {
            let outcome = match self.next()? {
                None => {
                    return Err(wrong(&self.here(), "the last line is missing, {\"end\":…}: the file is not whole"));
                }
                Some(Line::List(_)) => {
                    return Err(wrong(&self.here(), "a second list begins here: import one at a time"));
                }
                Some(Line::End(end)) if end == self.counted => {
                    self.ended = true;
                    continue;
                }
                Some(Line::End(_)) => {
                    return Err(wrong(
                        &self.here(),
                        "it tells of another number of lines than there are: the file is not whole",
                    ));
                }
                Some(Line::Reader(line)) => {
                    self.counted.readers += 1;
                    self.entry(*line).map(|entry| part.entries.push(entry))
                }
                Some(Line::Hash(line)) => {
                    self.counted.hashes += 1;
                    self.hashed(line).map(|hashed| part.hashes.push(hashed))
                }
            };
            if let Err(message) = outcome {
                self.refused.count += 1;
                if self.refused.told.len() < TOLD {
                    self.refused.told.push(Warning { place: self.here(), message, of_many: false });
                }
            }
        }
        Ok(part)
    }

    fn entry(&self, line: ReaderLine) -> Result<ListEntry, String> {
        let address = line.email.parse().map_err(|error: crate::model::address::NotAnAddress| error.to_string())?;
        let membership: Membership = line.state.parse()?;
        let former = |line: FormerLine| Ok(FormerAddress { hash: hash(&line.hash)?, moved: line.moved });
        // Without the key, ids and hashes are of no use, and might mean somebody else.
        let identity = match (&self.key, &line.id) {
            (Some(_), Some(id)) => Some(Identity {
                reader: id.parse()?,
                old_number: line.old_number,
                moves: line.moves.unwrap_or_default().max(0),
                former: line.former.into_iter().map(former).collect::<Result<_, String>>()?,
            }),
            _ => None,
        };
        let entry = ListEntry {
            subscriber: Subscriber {
                address,
                name: line
                    .name
                    .map(|name| text::one_line(&text::remove_illegal(&name).0))
                    .filter(|name| !name.is_empty()),
                choice: choice(&line.rubriques.join(";"), self.settings.rubriques)?,
            },
            language: line.language,
            rhythm: line.rhythm.parse()?,
            paused: line.paused,
            delivery: line.letter_hour.parse()?,
            together: line.one_a_day,
            membership,
            since: line.since,
            joined: line.joined,
            returned: line.returned,
            suppression: line.suppressed.map(Suppression::try_from).transpose()?,
            consents: line.consents.into_iter().map(ListConsent::from).collect(),
            allowances: allowances(line.allowed)?,
            identity,
        };
        self.settings.judge(&entry)?;
        Ok(entry)
    }

    fn hashed(&self, line: HashLine) -> Result<HashedAddress, String> {
        if self.key.is_none() {
            return Err("a hash means nothing without the key that it was made with".into());
        }
        let suppression = line.suppressed.map(Suppression::try_from).transpose()?;
        Ok(HashedAddress { hash: hash(&line.hash)?, suppression, allowances: allowances(line.allowed)? })
    }

    pub(super) fn refused(self) -> Refused {
        self.refused
    }
}
