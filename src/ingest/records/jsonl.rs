//! A column in JSON on each line: the form in which any other program can hand columns over, and which
//! `gazetier export columns` writes.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use super::{ListedRecord, RecordSink};
use crate::{config::Source, ingest::Error, model::ColumnRecord};

/// In bytes: a longer line holds no column that a feed could.
const MAX_LINE_BYTES: usize = 32 << 20;

/// Gives the record of each line.
pub fn read(source: &Source, path: &Path, sink: &mut RecordSink<'_>) -> Result<(), Error> {
    let source_path = &source.path;
    let read_error = |source| Error::Read { path: source_path.clone(), source };
    let mut lines = BufReader::new(File::open(path).map_err(read_error)?);
    let (mut text, mut number) = (Vec::new(), 0);
    loop {
        number += 1;
        text.clear();
        let read = std::io::Read::take(&mut lines, MAX_LINE_BYTES as u64).read_until(b'\n', &mut text);
        if read.map_err(read_error)? == 0 {
            return Ok(());
        }
        let too_long = !text.ends_with(b"\n") && text.len() == MAX_LINE_BYTES;
        if too_long {
            lines.skip_until(b'\n').map_err(read_error)?;
        }
        if number == 1 && text.starts_with(b"\xef\xbb\xbf") {
            text.drain(..3);
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let record: Result<ColumnRecord, String> = match too_long {
            true => Err(format!("the line has more than {MAX_LINE_BYTES} bytes")),
            false => serde_json::from_slice(&text).map_err(|error| message(&error)),
        };
        let name = record.as_ref().ok().map(|record| record.id.clone()).filter(|id| !id.is_empty());
        let name = name.unwrap_or_else(|| format!("line {number}"));
        sink(ListedRecord { name, line: Some(number), record, warnings: Vec::new() })?;
    }
}

/// What is wrong with a line, by its column: the line itself is told with the file.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((what, _)) => format!("{what}, at character {} of the line", error.column()),
        None => text,
    }
}
