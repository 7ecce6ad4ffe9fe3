//! How a table is laid out: what stands before it and between its cells, and what its columns mean.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use super::{
    Error, Field, Settings, SourceLocation,
    headings::{FIELDS, Signal, normalise, signal},
    mailbox::mailbox,
    programs::Program,
    wrong,
};

/// What the first lines of a table tell.
pub(super) struct Form {
    /// What stands between cells.
    pub(super) delimiter: u8,
    /// Whether it has no header: each line is an address, perhaps with a name.
    pub(super) is_bare: bool,
    /// What stands before the table: bytes and lines of it.
    pub(super) before: (u64, usize),
}

impl Form {
    /// Looks at the beginning of a source, which stands at the table afterwards.
    pub(super) fn of(source: &mut (impl Read + Seek), delimiter: Option<u8>) -> io::Result<Self> {
        let begin = source.stream_position()?;
        let mut line = first_line(source)?;
        let mut before = (0, 0);
        // Excel's own word for the delimiter.
        let own = spreadsheet_delimiter(&line);
        if own.is_some() {
            before = (line.len() as u64, 1);
            source.seek(SeekFrom::Start(begin + before.0))?;
            line = first_line(source)?;
        }
        let text = String::from_utf8_lossy(&line);
        let is_bare = text.contains('@') && mailbox(text.trim_start_matches('\u{feff}')).is_some();
        // A line that is one address has no cells: a comma in it belongs to a name.
        let delimiter = if is_bare { 0 } else { delimiter.or(own).unwrap_or_else(|| guess(&line)) };
        Ok(Self { delimiter, is_bare, before: (begin + before.0, before.1) })
    }
}

/// The first line of what comes, which is read again afterwards.
fn first_line(source: &mut (impl Read + Seek)) -> io::Result<Vec<u8>> {
    let begin = source.stream_position()?;
    let mut line = Vec::new();
    BufReader::new(source.by_ref().take(65_536)).read_until(b'\n', &mut line)?;
    source.seek(SeekFrom::Start(begin))?;
    Ok(line)
}

/// `sep=;`
fn spreadsheet_delimiter(line: &[u8]) -> Option<u8> {
    let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line).trim_ascii_end();
    match line.split_at_checked(4) {
        Some((word, [delimiter])) if word.eq_ignore_ascii_case(b"sep=") => Some(*delimiter),
        // A tab at the end of the line is white space as well.
        Some((word, [])) if word.eq_ignore_ascii_case(b"sep=") => Some(b'\t'),
        _ => None,
    }
}

/// What stands between the cells of a line: whatever of these is there most often, quoted cells aside.
fn guess(line: &[u8]) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0), (b'|', 0)];
    let mut quoted = false;
    for byte in line {
        match byte {
            b'"' => quoted = !quoted,
            byte if !quoted => {
                counts.iter_mut().filter(|(delimiter, _)| delimiter == byte).for_each(|(_, count)| *count += 1);
            }
            _ => {}
        }
    }
    // Of equals, the first.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(delimiter, _)| *delimiter)
}

/// Where each field stands.
pub(super) fn columns(
    settings: &Settings<'_>,
    first: &SourceLocation,
    header: &csv::StringRecord,
    headings: &[String],
) -> Result<[Option<usize>; FIELDS], Error> {
    let mut columns = [None; FIELDS];
    for (column, (_, field)) in columns.iter_mut().zip(Field::ALL) {
        *column =
            match settings.layout.map.get(&field) {
                None => field.among(headings),
                Some(None) => None,
                Some(Some(heading)) => {
                    let found = headings.iter().position(|cell| *cell == normalise(heading));
                    let there = || header.iter().map(str::trim).collect::<Vec<_>>().join(", ");
                    Some(found.ok_or_else(|| {
                        wrong(first, format!("no column is headed {heading:?}: there are {}", there()))
                    })?)
                }
            };
    }
    if columns[0].is_none() {
        let message = "no column is headed \"email\": write a header such as email,name,rubriques";
        return Err(wrong(first, message));
    }
    Ok(columns)
}

/// The columns that say whether somebody gets letters. Where one is named by hand for the states, or none is to be
/// read, no other word counts.
pub(super) fn signals(
    settings: &Settings<'_>,
    header: &csv::StringRecord,
    headings: &[String],
    columns: &[Option<usize>; FIELDS],
    program: Option<Program>,
) -> Vec<(usize, String, Signal)> {
    let at = |field| Field::ALL.iter().position(|(_, other)| *other == field).and_then(|at| columns[at]);
    let by_hand = settings.layout.map.contains_key(&Field::State);
    let taken: Vec<usize> =
        columns.iter().flatten().copied().filter(|column| Some(*column) != at(Field::State)).collect();
    let mut signals = Vec::new();
    for (column, heading) in headings.iter().enumerate() {
        let own = match signal(heading) {
            Some(Signal::Word) if by_hand => None,
            // Buttondown calls it so, and many others something else.
            None if heading == "type" && program == Some(Program::Buttondown) && !by_hand => Some(Signal::Word),
            found => found,
        };
        let own = if by_hand && at(Field::State) == Some(column) { Some(Signal::Word) } else { own };
        if let Some(signal) = own.filter(|_| !taken.contains(&column)) {
            signals.push((column, header.get(column).unwrap_or_default().trim().to_owned(), signal));
        }
    }
    signals
}
