//! The files of a list, as they come out of other programs: in a zip or not, in UTF-8, UTF-16 or Windows-1252. What is
//! given out is UTF-8 and can be read twice.

use std::{
    fs::File,
    io::{self, Read, Seek, Write},
};

use encoding_rs::{CoderResult, Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};
use zip::ZipArchive;

use super::{Error, SourceLocation, programs, wrong};

/// How much is read at once.
const CHUNK: usize = 1 << 20;

/// What the lists of a zip may come to, unpacked: a small file can hold a great deal.
const LARGEST: u64 = 4 << 30;

/// A file that holds a list, as UTF-8.
#[derive(Debug)]
pub struct ListFile {
    /// As it is called where something is told of it.
    pub name: String,
    /// What it holds.
    pub file: File,
    /// How it was read, if that is not as a matter of course, with the file's name.
    pub notes: Vec<String>,
}

/// The lists of a file: itself, or those of a zip. Who gets no letters comes first, so that nobody is on the list for a
/// moment who is not to be.
pub fn open(mut file: File, name: &str) -> Result<Vec<ListFile>, Error> {
    let place = SourceLocation { file: name.to_owned(), line: None };
    let mut first = Vec::new();
    file.rewind().map_err(|error| wrong(&place, error))?;
    Read::by_ref(&mut file).take(4).read_to_end(&mut first).map_err(|error| wrong(&place, error))?;
    file.rewind().map_err(|error| wrong(&place, error))?;
    if first == b"PK\x03\x04" {
        return unpack(file, &place);
    }
    Ok(vec![readable(file, name)?])
}

/// The lists of a zip.
fn unpack(file: File, place: &SourceLocation) -> Result<Vec<ListFile>, Error> {
    let failed = |error: zip::result::ZipError| wrong(place, format!("it is a zip that cannot be read: {error}"));
    let mut archive = ZipArchive::new(file).map_err(failed)?;
    let names: Vec<String> = archive.file_names().map(str::to_owned).collect();
    if names.iter().any(|name| name == "xl/workbook.xml" || name == "content.xml") {
        return Err(wrong(place, "it is a spreadsheet: save it as CSV (UTF-8) and import that"));
    }
    let mut chosen = programs::lists_among(&names).map_err(|message| wrong(place, message))?;
    chosen.sort_by_key(|name| std::cmp::Reverse(programs::fact_of_name(name).map(|(fact, _)| fact)));
    let mut files = Vec::with_capacity(chosen.len());
    let mut left = LARGEST;
    for name in chosen {
        let entry = archive.by_name(name).map_err(failed)?;
        let mut unpacked = tempfile::tempfile().map_err(|error| wrong(place, error))?;
        let read = io::copy(&mut entry.take(left + 1), &mut unpacked);
        let read = read.map_err(|error| wrong(place, format!("{name}: {error}")))?;
        left = left.checked_sub(read).ok_or_else(|| {
            wrong(
                place,
                format!("its lists come to more than {} bytes: unpack it, and import them one by one", LARGEST),
            )
        })?;
        files.push(readable(unpacked, &format!("{}/{name}", place.file))?);
    }
    let passed: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| {
            programs::may_be_list(name) && !files.iter().any(|file| file.name.ends_with(&format!("/{name}")))
        })
        .collect();
    if let (Some(first), false) = (files.first_mut(), passed.is_empty()) {
        first.notes.push(format!("{place}: not read, since they are no lists of readers: {}", some(&passed)));
    }
    Ok(files)
}

/// The first few of some names.
fn some(names: &[&str]) -> String {
    let more = if names.len() > 5 { format!(" and {} more", names.len() - 5) } else { String::new() };
    names.iter().take(5).copied().collect::<Vec<_>>().join(", ") + &more
}

/// A file as UTF-8. One that is neither that nor anything known is left as it is: whoever reads it will say where.
fn readable(mut file: File, name: &str) -> Result<ListFile, Error> {
    let place = SourceLocation { file: name.to_owned(), line: None };
    let failed = |error: io::Error| wrong(&place, error);
    let found = encoding(&mut file).map_err(failed)?;
    file.rewind().map_err(failed)?;
    let mut notes = Vec::new();
    let file = match found {
        None => file,
        Some(encoding) => {
            if encoding == WINDOWS_1252 {
                notes.push(format!(
                    "{name}: it is not UTF-8, and was read as Windows-1252: look at its names with accents"
                ));
            }
            converted(&mut file, encoding).map_err(failed)?
        }
    };
    Ok(ListFile { name: name.to_owned(), file, notes })
}

/// In what a file is written, if not in UTF-8.
fn encoding(file: &mut File) -> io::Result<Option<&'static Encoding>> {
    let mut buffer = vec![0; CHUNK];
    let mut rest = 0;
    let mut begun = false;
    loop {
        let count = file.read(&mut buffer[rest..])?;
        let text = &buffer[..rest + count];
        if !begun {
            begun = true;
            match text {
                [0xff, 0xfe, ..] => return Ok(Some(UTF_16LE)),
                [0xfe, 0xff, ..] => return Ok(Some(UTF_16BE)),
                _ => {}
            }
        }
        if count == 0 {
            return Ok(if rest > 0 { latin(file)? } else { None });
        }
        rest = match simdutf8::compat::from_utf8(text) {
            Ok(_) => 0,
            // A character may be cut in two.
            Err(error) if error.error_len().is_none() => {
                let whole = rest + count;
                buffer.copy_within(error.valid_up_to()..whole, 0);
                whole - error.valid_up_to()
            }
            Err(_) => return latin(file),
        };
    }
}

/// Windows-1252, if all of a file that is not UTF-8 can be that: a text with whole characters of UTF-8 in it is a damaged
/// one, and what Windows has no character for is another system's.
fn latin(file: &mut File) -> io::Result<Option<&'static Encoding>> {
    file.rewind()?;
    let mut buffer = vec![0; CHUNK];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok(Some(WINDOWS_1252));
        }
        let bytes = &buffer[..count];
        let undefined = bytes.iter().any(|byte| matches!(byte, 0 | 0x81 | 0x8d | 0x8f | 0x90 | 0x9d));
        if undefined || bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii()) {
            return Ok(None);
        }
    }
}

/// The same text as UTF-8, in a file of its own.
fn converted(file: &mut File, encoding: &'static Encoding) -> io::Result<File> {
    let mut decoder = encoding.new_decoder_with_bom_removal();
    let mut own = tempfile::tempfile()?;
    let mut read = vec![0; CHUNK];
    let mut text = vec![0; 4 * CHUNK];
    loop {
        let count = file.read(&mut read)?;
        let mut at = 0;
        loop {
            let (result, used, written, wrong) = decoder.decode_to_utf8(&read[at..count], &mut text, count == 0);
            if wrong {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("it is not whole as {}: save it as UTF-8", encoding.name()),
                ));
            }
            own.write_all(&text[..written])?;
            at += used;
            if result == CoderResult::InputEmpty {
                break;
            }
        }
        if count == 0 {
            own.rewind()?;
            return Ok(own);
        }
    }
}
