//! A table with a column in each row, as spreadsheets and databases write it. Its first row names the fields.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use super::{ListedRecord, RecordSink};
use crate::{
    config::Source,
    ingest::{Error, SourceLocation, wrong},
    model::{ColumnRecord, RECORD_FIELDS, RecordAudio, RecordImage, text::fold},
};

/// In one field, what separates several texts.
const SEPARATORS: [char; 2] = ['|', ';'];

/// Other words for our fields, as they are compared.
const SYNONYMS: [(&str, &str); 24] = [
    ("titre", "title"),
    ("headline", "title"),
    ("chapo", "standfirst"),
    ("summary", "standfirst"),
    ("excerpt", "standfirst"),
    ("description", "standfirst"),
    ("corps", "body"),
    ("texte", "body"),
    ("text", "body"),
    ("content", "body"),
    ("contenu", "body"),
    ("byline", "bylines"),
    ("author", "bylines"),
    ("authors", "bylines"),
    ("auteur", "bylines"),
    ("auteurs", "bylines"),
    ("rubrique", "rubriques"),
    ("category", "rubriques"),
    ("categories", "rubriques"),
    ("section", "rubriques"),
    ("date", "published"),
    ("link", "url"),
    ("identifiant", "id"),
    ("statut", "status"),
];

/// Gives the record of each row.
pub fn read(source: &Source, path: &Path, sink: &mut RecordSink<'_>) -> Result<(), Error> {
    let source_path = &source.path;
    let read_error = |source| Error::Read { path: source_path.clone(), source };
    let place = |line| SourceLocation { file: source_path.display().to_string(), line: Some(line) };
    let mut file = BufReader::new(File::open(path).map_err(read_error)?);
    let start = file.fill_buf().map_err(read_error)?;
    let delimiter = delimiter(start);
    if start.starts_with(b"\xef\xbb\xbf") {
        file.consume(3);
    }
    let mut table = ::csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(file);
    let headings = table.byte_headers().map_err(|error| wrong(&place(1), error))?.clone();
    let headings: Vec<String> =
        headings.iter().map(|heading| String::from_utf8_lossy(heading).trim().to_owned()).collect();
    let meanings: Vec<Option<&'static str>> = headings.iter().map(|heading| meaning(heading, source)).collect();
    let lost = ["id", "title", "published"].into_iter().filter(|field| !meanings.contains(&Some(field)));
    let lost: Vec<&str> = lost.collect();
    if !lost.is_empty() {
        let message = format!(
            "no heading means {}: the table has {}; name them in the source's `fields`, such as fields.title = \"…\"",
            lost.join(", "),
            headings.join(", ")
        );
        return Err(wrong(&place(1), message));
    }
    let mut row = ::csv::ByteRecord::new();
    loop {
        let before = usize::try_from(table.position().line()).unwrap_or_default();
        let more = table.read_byte_record(&mut row);
        let line = row.position().and_then(|at| usize::try_from(at.line()).ok()).unwrap_or(before);
        let record = match more {
            Ok(false) => return Ok(()),
            Ok(true) => record(&row, &meanings),
            Err(error) => match error.into_kind() {
                ::csv::ErrorKind::Io(source) => return Err(read_error(source)),
                kind => Err(format!("{kind:?}")),
            },
        };
        let name = record.as_ref().ok().map(|record| record.id.clone()).filter(|id| !id.is_empty());
        sink(ListedRecord {
            name: name.unwrap_or_else(|| format!("line {line}")),
            line: Some(line),
            record,
            warnings: Vec::new(),
        })?;
    }
}

/// The headings of a table.
pub fn headings(path: &Path) -> std::io::Result<Vec<String>> {
    let mut file = BufReader::new(File::open(path)?);
    let delimiter = delimiter(file.fill_buf()?);
    let mut table = ::csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(file);
    let headings = table.byte_headers().map_err(std::io::Error::other)?;
    let name = |heading: &[u8]| String::from_utf8_lossy(heading).trim_start_matches('\u{feff}').trim().to_owned();
    Ok(headings.iter().map(name).collect())
}

/// The fields that no heading means by its name.
pub fn missing_fields(headings: &[String], fields: &[&'static str]) -> Vec<&'static str> {
    let source = Source::of_file(crate::config::SourceKind::Csv, Default::default());
    let meanings: Vec<_> = headings.iter().filter_map(|heading| meaning(heading, &source)).collect();
    fields.iter().copied().filter(|field| !meanings.contains(field)).collect()
}

/// What separates the fields: of comma, semicolon and tab, what the first row has most of.
fn delimiter(start: &[u8]) -> u8 {
    let first = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |separator: u8| first.iter().filter(|byte| **byte == separator).count();
    [b';', b'\t']
        .into_iter()
        .max_by_key(|separator| count(*separator))
        .filter(|s| count(*s) > count(b','))
        .unwrap_or(b',')
}

/// The field that a heading means: by the configuration, or by its name.
fn meaning(heading: &str, source: &Source) -> Option<&'static str> {
    let field = |name: &str| RECORD_FIELDS.into_iter().find(|field| *field == name);
    if let Some((name, _)) = source.fields.iter().find(|(_, called)| called.trim() == heading) {
        return field(name);
    }
    let folded = fold(heading);
    let synonym = || SYNONYMS.iter().find(|(word, _)| *word == folded).map(|(_, name)| *name);
    let name = field(&folded).or_else(synonym)?;
    // Named otherwise in the configuration, it is not this one.
    (!source.fields.contains_key(name)).then_some(name)
}

/// A row's record.
fn record(row: &::csv::ByteRecord, meanings: &[Option<&'static str>]) -> Result<ColumnRecord, String> {
    let mut record = ColumnRecord::default();
    for (index, value) in row.iter().enumerate() {
        let Some(Some(field)) = meanings.get(index) else { continue };
        let value = std::str::from_utf8(value).map_err(|_| format!("{field}: not UTF-8: save the table as UTF-8"))?;
        if value.trim().is_empty() {
            continue;
        }
        let text = || value.to_owned();
        let list =
            || value.split(SEPARATORS).map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
        match *field {
            "id" => value.trim().clone_into(&mut record.id),
            "guid" => record.guid = Some(text()),
            "title" => record.title = text(),
            "standfirst" => record.standfirst = text(),
            "body" => record.body = text(),
            "format" => record.format = word(field, value)?,
            "bylines" => record.bylines = list(),
            "rubriques" => record.rubriques = list(),
            "tags" => record.tags = list(),
            "published" => record.published = text(),
            "updated" => record.updated = Some(text()),
            "status" => record.status = word(field, value)?,
            "url" => record.url = Some(text()),
            "slug" => record.slug = Some(text()),
            "image" => value.trim().clone_into(&mut record.image.get_or_insert_default().url),
            "image_alt" => record.image.get_or_insert_default().alt = text(),
            "image_credit" => record.image.get_or_insert_default().credit = Some(text()),
            field if field.starts_with("audio") => record.take_audio(field, value),
            _ => {}
        }
    }
    record.audio = record.audio.filter(|audio: &RecordAudio| !audio.url.is_empty());
    record.image = record.image.filter(|image: &RecordImage| !image.url.is_empty());
    Ok(record)
}

/// A field that is one of a few words.
fn word<T: serde::de::DeserializeOwned>(field: &str, value: &str) -> Result<T, String> {
    let word = serde_json::Value::String(value.trim().to_ascii_lowercase());
    serde_json::from_value(word).map_err(|error| format!("{field}: {error}"))
}
