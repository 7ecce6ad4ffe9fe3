//! Subscribers from CSV: a header line with `email`, and `name` and `rubriques` if they like. A list
//! is read as a stream: a million lines take no more memory than a hundred.

use std::{
    collections::HashMap,
    io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom},
};

use super::{Error, Place, utf8::Utf8, wrong};
use crate::model::{Choice, EmailAddress, Rubrique, Slug, Subscriber, text};

/// How many refused lines are told one by one; of the others, how many.
const TOLD: usize = 1_000;

/// A column that a list may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// The address.
    Email,
    /// How the subscriber is called.
    Name,
    /// Labels or slugs of the rubriques.
    Rubriques,
}

impl Field {
    /// What it is called where a list's header is told.
    pub const ALL: [(&str, Self); 3] = [("email", Self::Email), ("name", Self::Name), ("rubriques", Self::Rubriques)];

    /// What its column is headed, as far as we can guess, with case and accents folded.
    fn headings(self) -> &'static [&'static str] {
        match self {
            Self::Email => &["email", "e-mail", "mail", "email address", "address", "adresse", "courriel"],
            Self::Name => &["name", "nom"],
            Self::Rubriques => &["rubriques", "rubrique"],
        }
    }
}

/// How a list is laid out, where it does not say so itself.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    /// The headings of columns.
    pub map: HashMap<Field, String>,
    /// What stands between cells; guessed from the header if missing.
    pub delimiter: Option<u8>,
}

/// What a file of subscribers gave.
#[derive(Debug, Default)]
pub struct Roll {
    /// For the store.
    pub subscribers: Vec<Subscriber>,
    /// Lines that were refused, each with its reason.
    pub refused: Vec<super::Warning>,
}

/// Reads subscribers. A line that is wrong is refused by itself; a file that is no such list is
/// refused whole.
pub fn read(text: &str, file: &str, rubriques: &[Rubrique]) -> Result<Roll, Error> {
    let mut list = List::open(Cursor::new(text), file, rubriques, &Layout::default())?;
    let mut subscribers = Vec::new();
    loop {
        let mut part = list.take(usize::MAX)?;
        if part.is_empty() {
            break;
        }
        subscribers.append(&mut part);
    }
    Ok(Roll { subscribers, refused: list.refused()?.told })
}

/// Lines that were refused.
#[derive(Debug, Default)]
pub struct Refused {
    /// The first of them, each with its reason.
    pub told: Vec<super::Warning>,
    /// How many there are in all.
    pub count: usize,
}

/// A list that is being read.
pub struct List<'r, R: Read + Seek> {
    reader: csv::Reader<Utf8<R>>,
    place: Place,
    rubriques: &'r [Rubrique],
    columns: [Option<usize>; 3],
    record: csv::StringRecord,
    /// Where refused lines end the one before, and why they are refused.
    refused: Vec<(u64, String)>,
    refusals: usize,
}

impl<'r, R: Read + Seek> List<'r, R> {
    /// Begins to read a list: its header says what its columns are.
    pub fn open(mut source: R, file: &str, rubriques: &'r [Rubrique], layout: &Layout) -> Result<Self, Error> {
        let place = Place { file: file.to_owned(), line: None };
        let first = Place { line: Some(1), ..place.clone() };
        let delimiter = match layout.delimiter {
            Some(delimiter) => delimiter,
            None => guess(&mut source).map_err(|error| wrong(&place, error))?,
        };
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .trim(csv::Trim::All)
            .delimiter(delimiter)
            .from_reader(Utf8::new(source));
        let header = reader.headers().map_err(|error| unreadable(&place, &first, error))?.clone();
        let mut columns = [None; 3];
        for (column, (_, field)) in columns.iter_mut().zip(Field::ALL) {
            *column = match layout.map.get(&field) {
                None => header.iter().position(|cell| field.headings().contains(&text::fold(cell).as_str())),
                Some(heading) => {
                    let found = header.iter().position(|cell| text::fold(cell) == text::fold(heading));
                    let there = || header.iter().collect::<Vec<_>>().join(", ");
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
        let record = csv::StringRecord::new();
        Ok(Self { reader, place, rubriques, columns, record, refused: Vec::new(), refusals: 0 })
    }

    /// The next subscribers, so many at the most; none when the list is at its end.
    pub fn take(&mut self, most: usize) -> Result<Vec<Subscriber>, Error> {
        let mut subscribers = Vec::new();
        while subscribers.len() < most {
            let more = self
                .reader
                .read_record(&mut self.record)
                .map_err(|error| unreadable(&self.place, &self.place, error))?;
            if !more {
                break;
            }
            match self.subscriber() {
                Ok(subscriber) => subscribers.push(subscriber),
                Err(message) => {
                    self.refusals += 1;
                    if self.refused.len() < TOLD {
                        self.refused.push((self.record.position().map_or(0, csv::Position::byte), message));
                    }
                }
            }
        }
        Ok(subscribers)
    }

    /// How many bytes have been read.
    pub fn position(&self) -> u64 {
        self.reader.position().byte()
    }

    fn subscriber(&self) -> Result<Subscriber, String> {
        let [email, name, rubriques] = self.columns;
        let cell = |at: Option<usize>| at.and_then(|at| self.record.get(at)).filter(|cell| !cell.is_empty());
        let address = cell(email).ok_or("it has no address")?;
        let address = address.parse::<EmailAddress>().map_err(|error| error.to_string())?;
        let name = cell(name).map(|name| text::one_line(&text::legalise(&text::one_line(name)).0));
        Ok(Subscriber { address, name, choice: choice(cell(rubriques).unwrap_or_default(), self.rubriques)? })
    }

    /// The lines that were refused so far, with their numbers: the source is read once more for
    /// them.
    pub fn refused(self) -> Result<Refused, Error> {
        let mut told = Vec::with_capacity(self.refused.len());
        if !self.refused.is_empty() {
            let failed = |error: io::Error| wrong(&self.place, error);
            let source = self.reader.into_inner();
            let begin = source.begin();
            let mut source = source.into_inner();
            source.seek(SeekFrom::Start(begin)).map_err(failed)?;
            let mut lines = Lines { source: BufReader::new(source), at: 0, ends: 0 };
            for (byte, message) in self.refused {
                let line = lines.of_record(byte).map_err(failed)?;
                told.push(super::Warning { place: Place { line: Some(line), ..self.place.clone() }, message });
            }
        }
        Ok(Refused { told, count: self.refusals })
    }
}

/// Counts the lines of a source.
struct Lines<R: Read> {
    source: BufReader<R>,
    at: u64,
    ends: usize,
}

impl<R: Read> Lines<R> {
    /// The line on which a record begins. What the reader knows is where the record before ended:
    /// empty lines, and the second half of a CRLF, lie between.
    fn of_record(&mut self, byte: u64) -> io::Result<usize> {
        loop {
            let buffer = self.source.fill_buf()?;
            let Some(next) = buffer.first().copied() else { break };
            if self.at >= byte && !matches!(next, b'\r' | b'\n') {
                break;
            }
            // In strides as far as the place that is asked for, and byte by byte behind it.
            let stride = usize::try_from(byte.saturating_sub(self.at)).unwrap_or(1).clamp(1, buffer.len());
            self.ends += buffer[..stride].iter().filter(|byte| **byte == b'\n').count();
            self.source.consume(stride);
            self.at += stride as u64;
        }
        Ok(self.ends + 1)
    }
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
fn unreadable(place: &Place, line: &Place, error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => wrong(place, error),
        kind => wrong(line, format!("{kind:?}")),
    }
}

/// Labels or slugs with semicolons, commas or bars between; none means all.
fn choice(cell: &str, rubriques: &[Rubrique]) -> Result<Choice, String> {
    let labels = cell.split([';', ',', '|']).map(str::trim).filter(|label| !label.is_empty());
    let slugs: Result<Vec<Slug>, String> = labels
        .map(|label| {
            let found = Rubrique::find(rubriques, label).map(|rubrique| rubrique.slug.clone());
            found.ok_or_else(|| format!("{label:?} is no rubrique of the configuration"))
        })
        .collect();
    Ok(Choice::of(slugs?))
}
