//! A list as CSV: a header line with `email`, and whatever else it likes; or one address on each line.

use std::io::{self, Read, Seek, SeekFrom};

use super::{
    About, Field, Part, Refused, Settings, TOLD, Word,
    cells::{self, ConsentLine},
    choice,
    headings::{ACTIVE, FIELDS, Fact, Signal, normalise},
    labels::{Labels, labels, newsletters},
    layout::{Form, columns, signals},
    lines::Lines,
    mailbox::mailbox,
    programs::{Program, fact_of_name},
    states::State,
};
use crate::{
    ingest::{Error, SourceLocation, Warning, utf8::Utf8Reader, wrong},
    model::{Choice, EmailAddress, Instant, Lang, ListConsent, ListEntry, Reason, Slug, Subscriber, Suppression, text},
};

/// Where the field of lists stands among all.
const LISTS: usize = FIELDS - 1;

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
    /// What stands before the table: bytes and lines of it.
    before: (u64, usize),
    program: Option<Program>,
    /// How everybody in it stands by the name of its file.
    by_name: Option<(Fact, &'static str)>,
    columns: [Option<usize>; FIELDS],
    /// Columns that say whether somebody gets letters, each with its heading.
    signals: Vec<(usize, String, Signal)>,
    labels: Labels,
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
        let form = Form::of(&mut source, settings.layout.delimiter).map_err(|error| wrong(&place, error))?;
        let mut builder = csv::ReaderBuilder::new();
        builder.flexible(true).delimiter(form.delimiter);
        if form.is_bare {
            builder.has_headers(false).quoting(false);
        }
        let mut reader = builder.from_reader(Utf8Reader::new(source));
        let header = match form.is_bare {
            true => csv::StringRecord::from(vec!["email"]),
            false => reader.headers().map_err(|error| unreadable(&place, &first, error))?.clone(),
        };
        let headings: Vec<String> = header.iter().map(normalise).collect();
        let columns = columns(settings, &first, &header, &headings)?;
        let program = Program::of(&headings);
        let signals = signals(settings, &header, &headings, &columns, program);
        // Whoever says by hand which column tells the state has looked.
        let by_name = fact_of_name(file).filter(|_| !settings.layout.map.contains_key(&Field::State));
        Ok(Self {
            reader,
            place,
            settings,
            before: form.before,
            program,
            by_name,
            columns,
            signals,
            labels: Labels::default(),
            record: csv::StringRecord::new(),
            refused: Vec::new(),
            refusals: 0,
            stopped: None,
        })
    }

    /// The next readers, so many at the most; none when the list is at its end or refused.
    pub(super) fn take(&mut self, most: usize) -> Result<Part, Error> {
        let mut part = Part::default();
        while part.lines() < most && self.stopped.is_none() {
            let more = self
                .reader
                .read_record(&mut self.record)
                .map_err(|error| unreadable(&self.place, &self.place, error))?;
            if !more {
                break;
            }
            let begins = self.record.position().map_or(0, csv::Position::byte);
            match self.line(&mut part) {
                Ok(()) => {}
                Err(Wrong::List(message)) => {
                    self.stopped = Some((begins, message));
                    part = Part::default();
                }
                Err(Wrong::Line(message)) => {
                    self.refusals += 1;
                    if self.refused.len() < TOLD {
                        self.refused.push((begins, message));
                    }
                }
            }
        }
        Ok(part)
    }

    /// Takes in the line that was read.
    fn line(&mut self, part: &mut Part) -> Result<(), Wrong> {
        let (mut entry, layout) = (self.entry()?, &self.settings.layout);
        if let Some(tags) = self.cell(Field::Tags).map(labels) {
            let chosen = self.labels.tags(&tags, &layout.tags);
            if !chosen.is_empty() {
                let own = entry.subscriber.choice.key();
                let own = own.split(',').filter_map(|slug| Slug::parse(slug).ok());
                entry.subscriber.choice = Choice::of(own.chain(chosen));
            }
        }
        if self.columns[LISTS].is_none() {
            part.entries.push(entry);
            return Ok(());
        }
        let lists = self.cell(Field::Lists).map(labels).unwrap_or_default();
        if layout.lists.is_empty() {
            self.labels.lists(&lists);
            part.entries.push(entry);
            return Ok(());
        }
        let newsletters = newsletters(&lists, &layout.lists)?;
        match newsletters.is_empty() {
            true => part.passed += 1,
            false => part.elsewhere.extend(newsletters.into_iter().map(|slug| (slug, entry.clone()))),
        }
        Ok(())
    }

    pub(super) fn position(&self) -> u64 {
        self.before.0 + self.reader.position().byte()
    }

    pub(super) fn about(&self) -> About {
        let [tags, lists] = self.labels.counted();
        About {
            program: self.program.map(Program::name),
            by_name: self.by_name.filter(|(fact, _)| *fact != ACTIVE).map(|(fact, word)| (word, Word::of(fact))),
            tags,
            lists,
        }
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
                 out with --map {name}=-{}",
                if cell.contains('/') {
                    "; --map dates=day-first or month-first says how 03/11/2026 is meant"
                } else {
                    ""
                }
            )
        };
        // What databases write for "never".
        if cell.starts_with("0000-00-00") {
            return Ok(None);
        }
        cells::instant(cell, self.settings.layout.dates).map(Some).ok_or_else(refuse)
    }

    fn entry(&self) -> Result<ListEntry, Wrong> {
        // First of all: of a list that is not understood, nothing is taken.
        let mut state = self.by_name.map_or(State::ACTIVE, |(fact, _)| State::of(fact));
        let layout = &self.settings.layout;
        for (at, heading, signal) in &self.signals {
            let cell = self.record.get(*at).unwrap_or_default().trim();
            state.add(*signal, heading, cell, &layout.words, self.program, layout.dates).map_err(Wrong::List)?;
        }
        let cell = self.cell(Field::Email).ok_or_else(|| "it has no address".to_owned())?;
        let (address, beside) = match cell.parse::<EmailAddress>() {
            Ok(address) => (address, None),
            Err(error) => mailbox(cell).ok_or_else(|| error.to_string())?,
        };
        let choice = choice(self.cell(Field::Rubriques).unwrap_or_default(), self.settings.rubriques)?;
        let entry = ListEntry {
            language: self.cell(Field::Language).and_then(language),
            rhythm: self.cell(Field::Rhythm).unwrap_or_default().parse()?,
            paused: self.date(Field::Paused)?,
            delivery: self.cell(Field::LetterHour).unwrap_or_default().parse()?,
            together: one_a_day(self.cell(Field::OneADay).unwrap_or_default())?,
            membership: state.membership,
            since: self.date(Field::Since)?.or(state.since),
            joined: self.date(Field::Joined)?,
            returned: self.date(Field::Returned)?,
            suppression: self.suppression(&state)?,
            consents: self.consents()?,
            ..ListEntry::from(Subscriber { address, name: self.name(beside), choice })
        };
        self.settings.judge(&entry)?;
        Ok(entry)
    }

    /// How the reader is called; as the address has it, where no column tells.
    fn name(&self, beside: Option<String>) -> Option<String> {
        let parts = [self.cell(Field::Given), self.cell(Field::Family)];
        let name = match (self.cell(Field::Name), parts) {
            // `Prénom,Nom`: the second is no whole name beside the first.
            (Some(name), [Some(given), None]) if !name.contains(given) => format!("{given} {name}"),
            // `Name, surname`.
            (Some(name), [None, Some(family)]) if !name.contains(family) => format!("{name} {family}"),
            (Some(name), _) => name.to_owned(),
            (None, parts) => parts.into_iter().flatten().collect::<Vec<_>>().join(" "),
        };
        let name = if name.is_empty() { beside.unwrap_or_default() } else { name };
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
        let words = self.cell(Field::Consent);
        let confirmed = self.date(Field::ConsentConfirmed)?;
        if words.is_some() || confirmed.is_some() {
            let confirmed = confirmed.ok_or("consent_confirmed: a consent needs the date on which it was given")?;
            let owned = |field| self.cell(field).map(str::to_owned);
            // Other programs keep when and from where, but not the words.
            let asked =
                self.date(Field::ConsentAsked)?.or(words.is_none().then_some(self.date(Field::Joined)?).flatten());
            let of_whom = self.program.filter(|program| *program != Program::Gazetier).map_or("list", Program::name);
            consents.push(ListConsent {
                way: owned(Field::ConsentWay).unwrap_or_else(|| of_whom.into()),
                words: words.unwrap_or_default().to_owned(),
                asked: asked.filter(|asked| *asked <= confirmed).unwrap_or(confirmed),
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
            let (bytes, lines_before) = self.before;
            let begin = bytes + source.begin();
            let mut source = source.into_inner();
            source.seek(SeekFrom::Start(begin)).map_err(failed)?;
            let mut lines = Lines::new(source);
            let mut place = |byte| {
                let line = lines_before + lines.of_record(byte).map_err(failed)?;
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

/// The languages that we write in; any other is the magazine's.
fn language(cell: &str) -> Option<String> {
    // Most cells are tags as they should be.
    let lang = Lang::known(cell).or_else(|| Lang::known(&normalise(cell).replace(' ', "-")));
    lang.map(|lang| lang.tag().to_owned())
}

/// A list that cannot be read: what is not UTF-8 is told as such.
fn unreadable(place: &SourceLocation, line: &SourceLocation, error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => wrong(place, error),
        kind => wrong(line, format!("{kind:?}")),
    }
}

/// Whether somebody wants one letter a day.
fn one_a_day(cell: &str) -> Result<bool, String> {
    match cell {
        "yes" => Ok(true),
        "" | "no" => Ok(false),
        _ => Err(format!("one_a_day: {cell:?} is neither: write yes or no")),
    }
}
