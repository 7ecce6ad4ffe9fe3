//! A list as CSV: a header line with `email`, and whatever else it likes.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use super::{
    Field, Refused, Settings, TOLD,
    cells::{self, ConsentLine},
    choice,
    headings::{FIELDS, Signal, normalise, signal},
    lines::Lines,
    states::State,
};
use crate::{
    ingest::{Error, SourceLocation, Warning, utf8::Utf8Reader, wrong},
    model::{EmailAddress, Instant, Lang, ListConsent, ListEntry, Reason, Subscriber, Suppression, text},
};

/// What is wrong with a line.
enum Wrong {
    /// It cannot be taken.
    Line(String),
    /// Nor can the others: what it says is not understood.
    List(String),
}

impl From<String> for Wrong {
    fn from(message: String) -> Self {
        Self::Line(message)
    }
}

/// A list that is being read.
pub struct Table<'s, R: Read + Seek> {
    reader: csv::Reader<Utf8Reader<R>>,
    place: SourceLocation,
    settings: &'s Settings<'s>,
    columns: [Option<usize>; FIELDS],
    /// Columns that say whether somebody gets letters, each with its heading.
    signals: Vec<(usize, String, Signal)>,
    record: csv::StringRecord,
    /// Where refused lines end the one before, and why they are refused.
    refused: Vec<(u64, String)>,
    refusals: usize,
    /// The same of the line for which the list is refused.
    stopped: Option<(u64, String)>,
}

impl<'s, R: Read + Seek> Table<'s, R> {
    /// Begins to read a list: its header says what its columns are.
    pub(super) fn open(mut source: R, file: &str, settings: &'s Settings<'s>) -> Result<Self, Error> {
        let place = SourceLocation { file: file.to_owned(), line: None };
        let first = SourceLocation { line: Some(1), ..place.clone() };
        let delimiter = match settings.layout.delimiter {
            Some(delimiter) => delimiter,
            None => guess(&mut source).map_err(|error| wrong(&place, error))?,
        };
        let mut reader =
            csv::ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(Utf8Reader::new(source));
        let header = reader.headers().map_err(|error| unreadable(&place, &first, error))?.clone();
        let headings: Vec<String> = header.iter().map(normalise).collect();
        let mut columns = [None; FIELDS];
        for (column, (_, field)) in columns.iter_mut().zip(Field::ALL) {
            *column = match settings.layout.map.get(&field) {
                // Our own heading goes before those of others.
                None => headings
                    .iter()
                    .position(|heading| *heading == normalise(field.name()))
                    .or_else(|| headings.iter().position(|heading| field.is_headed(heading))),
                Some(None) => None,
                Some(Some(heading)) => {
                    let found = headings.iter().position(|cell| *cell == normalise(heading));
                    let there = || header.iter().map(str::trim).collect::<Vec<_>>().join(", ");
                    Some(found.ok_or_else(|| {
                        wrong(&first, format!("no column is headed {heading:?}: there are {}", there()))
                    })?)
                }
            };
        }
        if columns[0].is_none() {
            let message = "no column is headed \"email\": write a header such as email,name,rubriques";
            return Err(wrong(&first, message));
        }
        let signals = signals(settings, &header, &headings, &columns);
        let record = csv::StringRecord::new();
        let (refused, refusals, stopped) = (Vec::new(), 0, None);
        Ok(Self { reader, place, settings, columns, signals, record, refused, refusals, stopped })
    }

    /// The next readers, so many at the most; none when the list is at its end or refused.
    pub(super) fn take(&mut self, most: usize) -> Result<Vec<ListEntry>, Error> {
        let mut entries = Vec::new();
        while entries.len() < most && self.stopped.is_none() {
            let more = self
                .reader
                .read_record(&mut self.record)
                .map_err(|error| unreadable(&self.place, &self.place, error))?;
            if !more {
                break;
            }
            let begins = self.record.position().map_or(0, csv::Position::byte);
            match self.entry() {
                Ok(entry) => entries.push(entry),
                Err(Wrong::List(message)) => {
                    self.stopped = Some((begins, message));
                    entries.clear();
                }
                Err(Wrong::Line(message)) => {
                    self.refusals += 1;
                    if self.refused.len() < TOLD {
                        self.refused.push((begins, message));
                    }
                }
            }
        }
        Ok(entries)
    }

    pub(super) fn position(&self) -> u64 {
        self.reader.position().byte()
    }

    /// A cell of the line; none if it is empty.
    fn cell(&self, field: Field) -> Option<&str> {
        let at = Field::ALL.iter().position(|(_, other)| *other == field)?;
        let cell = self.record.get(self.columns[at]?)?.trim();
        Some(cells::unguard(cell)).filter(|cell| !cell.is_empty())
    }

    /// A date of the line.
    fn date(&self, field: Field) -> Result<Option<Instant>, String> {
        let Some(cell) = self.cell(field) else { return Ok(None) };
        let name = field.name();
        let refuse = || {
            format!(
                "{name}: {cell:?} is no date: write one such as 2026-11-23 or 2026-11-23T08:00:00Z, or leave the column \
                 out with --map {name}=-"
            )
        };
        cells::instant(cell).map(Some).ok_or_else(refuse)
    }

    fn entry(&self) -> Result<ListEntry, Wrong> {
        // First of all: of a list that is not understood, nothing is taken.
        let mut state = State::ACTIVE;
        for (at, heading, signal) in &self.signals {
            let cell = self.record.get(*at).unwrap_or_default().trim();
            state.add(*signal, heading, cell, &self.settings.layout.words).map_err(Wrong::List)?;
        }
        let address = self.cell(Field::Email).ok_or_else(|| "it has no address".to_owned())?;
        let address = address.parse::<EmailAddress>().map_err(|error| error.to_string())?;
        let choice = choice(self.cell(Field::Rubriques).unwrap_or_default(), self.settings.rubriques)?;
        let entry = ListEntry {
            language: self.cell(Field::Language).and_then(language),
            rhythm: self.cell(Field::Rhythm).unwrap_or_default().parse()?,
            paused: self.date(Field::Paused)?,
            membership: state.membership,
            since: self.date(Field::Since)?.or(state.since),
            joined: self.date(Field::Joined)?,
            returned: self.date(Field::Returned)?,
            suppression: self.suppression(&state)?,
            consents: self.consents()?,
            ..ListEntry::from(Subscriber { address, name: self.name(), choice })
        };
        self.settings.judge(&entry)?;
        Ok(entry)
    }

    fn name(&self) -> Option<String> {
        let parts = [self.cell(Field::Given), self.cell(Field::Family)];
        let name = match (self.cell(Field::Name), parts) {
            // `Prénom,Nom`: the second is no whole name beside the first.
            (Some(name), [Some(given), None]) if !name.contains(given) => format!("{given} {name}"),
            (Some(name), _) => name.to_owned(),
            (None, parts) => parts.into_iter().flatten().collect::<Vec<_>>().join(" "),
        };
        let name = text::one_line(&text::remove_illegal(&text::one_line(&name)).0);
        Some(name).filter(|name| !name.is_empty())
    }

    /// Why the address is suppressed. Another program's words for why somebody left are none of ours.
    fn suppression(&self, state: &State) -> Result<Option<Suppression>, String> {
        let dated = self.date(Field::Suppressed)?;
        let told = self.cell(Field::Reason).map(str::parse::<Reason>);
        let reason = match (told, state.reason) {
            (Some(Ok(reason)), own) => own.max(Some(reason)),
            (Some(Err(message)), _) if dated.is_some() => return Err(format!("reason: {message}")),
            (_, own) => own,
        };
        let since = dated.or(state.since).or(self.date(Field::Since)?);
        Ok(reason.map(|reason| Suppression { reason, since }))
    }

    fn consents(&self) -> Result<Vec<ListConsent>, String> {
        let mut consents: Vec<ListConsent> = Vec::new();
        if let Some(cell) = self.cell(Field::EarlierConsents) {
            let earlier: Vec<ConsentLine> =
                serde_json::from_str(cell).map_err(|error| format!("earlier_consents: {error}"))?;
            consents.extend(earlier.into_iter().map(ListConsent::from));
        }
        if let Some(words) = self.cell(Field::Consent) {
            let confirmed = self.date(Field::ConsentConfirmed)?;
            let confirmed = confirmed.ok_or("consent_confirmed: a consent needs the date on which it was given")?;
            let owned = |field| self.cell(field).map(str::to_owned);
            consents.push(ListConsent {
                way: owned(Field::ConsentWay).unwrap_or_else(|| "list".into()),
                words: words.to_owned(),
                asked: self.date(Field::ConsentAsked)?.unwrap_or(confirmed),
                asked_from: owned(Field::ConsentAskedFrom),
                confirmed,
                confirmed_from: owned(Field::ConsentConfirmedFrom),
            });
        }
        Ok(consents)
    }

    /// The lines that were refused so far, with their numbers: the source is read once more for them.
    pub(super) fn refused(self) -> Result<Refused, Error> {
        let mut told = Vec::with_capacity(self.refused.len());
        if !self.refused.is_empty() || self.stopped.is_some() {
            let failed = |error: io::Error| wrong(&self.place, error);
            let source = self.reader.into_inner();
            let begin = source.begin();
            let mut source = source.into_inner();
            source.seek(SeekFrom::Start(begin)).map_err(failed)?;
            let mut lines = Lines::new(source);
            let mut place = |byte| {
                let line = lines.of_record(byte).map_err(failed)?;
                Ok(SourceLocation { line: Some(line), ..self.place.clone() })
            };
            if let Some((byte, message)) = self.stopped {
                return Err(wrong(&place(byte)?, message));
            }
            for (byte, message) in self.refused {
                told.push(Warning { place: place(byte)?, message, of_many: false });
            }
        }
        Ok(Refused { told, count: self.refusals })
    }
}

/// The columns that say whether somebody gets letters. Where one is named by hand for the states, or none is to be
/// read, no other word counts.
fn signals(
    settings: &Settings<'_>,
    header: &csv::StringRecord,
    headings: &[String],
    columns: &[Option<usize>; FIELDS],
) -> Vec<(usize, String, Signal)> {
    let at = |field| Field::ALL.iter().position(|(_, other)| *other == field).and_then(|at| columns[at]);
    let by_hand = settings.layout.map.contains_key(&Field::State);
    let taken: Vec<usize> =
        columns.iter().flatten().copied().filter(|column| Some(*column) != at(Field::State)).collect();
    let buttondown = headings.iter().any(|heading| heading == "creation date");
    let mut signals = Vec::new();
    for (column, heading) in headings.iter().enumerate() {
        let own = match signal(heading) {
            Some(Signal::Word) if by_hand => None,
            // Buttondown calls it so, and many others something else.
            None if heading == "type" && buttondown && !by_hand => Some(Signal::Word),
            found => found,
        };
        let own = if by_hand && at(Field::State) == Some(column) { Some(Signal::Word) } else { own };
        if let Some(signal) = own.filter(|_| !taken.contains(&column)) {
            signals.push((column, header.get(column).unwrap_or_default().trim().to_owned(), signal));
        }
    }
    signals
}

/// The languages that we write in; any other is the magazine's.
fn language(cell: &str) -> Option<String> {
    Lang::known(&normalise(cell).replace(' ', "-")).map(|lang| lang.tag().to_owned())
}

/// What stands between the cells of a list's first line: whatever of these is there most often,
/// quoted cells aside. The source is where it was afterwards.
fn guess(source: &mut (impl Read + Seek)) -> io::Result<u8> {
    let begin = source.stream_position()?;
    let mut head = Vec::new();
    BufReader::new(source.by_ref().take(65_536)).read_until(b'\n', &mut head)?;
    source.seek(SeekFrom::Start(begin))?;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0), (b'|', 0)];
    let mut quoted = false;
    for byte in head {
        match byte {
            b'"' => quoted = !quoted,
            byte if !quoted => {
                counts.iter_mut().filter(|(delimiter, _)| *delimiter == byte).for_each(|(_, count)| *count += 1);
            }
            _ => {}
        }
    }
    // Of equals, the first.
    let most = counts.iter().rev().max_by_key(|(_, count)| *count);
    Ok(most.map_or(b',', |(delimiter, _)| *delimiter))
}

/// A list that cannot be read: what is not UTF-8 is told as such.
fn unreadable(place: &SourceLocation, line: &SourceLocation, error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => wrong(place, error),
        kind => wrong(line, format!("{kind:?}")),
    }
}
