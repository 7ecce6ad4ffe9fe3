//! XML as exports write it: an element at a time, whatever the size of the file.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};

use quick_xml::{
    Reader,
    escape::resolve_xml_entity,
    events::{BytesStart, Event},
};

/// In bytes: more is no text of a column.
const MAX_TEXT_BYTES: usize = 32 << 20;

/// A part of an XML document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum XmlPart {
    /// An element begins: its name as it is written, and its attributes.
    Start(String, Vec<(String, String)>),
    /// It ends.
    End(String),
    Text(String),
}

/// Why a document cannot be read.
#[derive(Debug)]
pub(super) enum XmlError {
    Io(io::Error),
    /// What is wrong, and at which byte.
    Wrong(String),
}

/// An XML document, read from its beginning.
pub(super) struct XmlFile<R: BufRead = BufReader<File>> {
    reader: Reader<R>,
    buffer: Vec<u8>,
    /// The end of an element without content.
    pending_end: Option<String>,
}

impl XmlFile {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self::of(BufReader::new(File::open(path)?)))
    }
}

impl<R: BufRead> XmlFile<R> {
    pub(super) fn of(source: R) -> Self {
        let mut reader = Reader::from_reader(source);
        reader.config_mut().allow_dangling_amp = true;
        Self { reader, buffer: Vec::new(), pending_end: None }
    }

    /// The next part; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<XmlPart>, XmlError> {
        if let Some(name) = self.pending_end.take() {
            return Ok(Some(XmlPart::End(name)));
        }
        loop {
            self.buffer.clear();
            let event = match self.reader.read_event_into(&mut self.buffer) {
                Ok(event) => event,
                Err(quick_xml::Error::Io(error)) => return Err(XmlError::Io(io::Error::new(error.kind(), error))),
                Err(error) => {
                    return Err(XmlError::Wrong(format!("{error}, at byte {}", self.reader.error_position())));
                }
            };
            let part = match event {
                Event::Start(start) => start_of(&start),
                Event::Empty(start) => {
                    self.pending_end = Some(name_of(start.name().as_ref()));
                    start_of(&start)
                }
                Event::End(end) => XmlPart::End(name_of(end.name().as_ref())),
                Event::Text(text) => XmlPart::Text(String::from_utf8_lossy(&text).into_owned()),
                Event::CData(text) => XmlPart::Text(String::from_utf8_lossy(&text).into_owned()),
                Event::GeneralRef(name) => {
                    let character = name.resolve_char_ref().ok().flatten().map(String::from);
                    let name = name_of(&name);
                    let known = || resolve_xml_entity(&name).map(str::to_owned);
                    XmlPart::Text(character.or_else(known).unwrap_or_else(|| format!("&{name};")))
                }
                Event::Eof => return Ok(None),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => continue,
            };
            return Ok(Some(part));
        }
    }

    /// The text of an element that has just begun, up to its end; what is in it stands without its markup.
    pub(super) fn text(&mut self, element: &str) -> Result<String, XmlError> {
        let (mut text, mut depth) = (String::new(), 0);
        while let Some(part) = self.next()? {
            match part {
                XmlPart::Start(name, _) if name == element => depth += 1,
                XmlPart::End(name) if name == element && depth == 0 => return Ok(text),
                XmlPart::End(name) if name == element => depth -= 1,
                XmlPart::Text(more) if text.len() + more.len() <= MAX_TEXT_BYTES => text += &more,
                XmlPart::Text(_) => {
                    return Err(XmlError::Wrong(format!("{element}: longer than {MAX_TEXT_BYTES} bytes")));
                }
                _ => {}
            }
        }
        Err(XmlError::Wrong(format!("{element}: the file ends in the middle of it")))
    }
}

fn name_of(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

fn start_of(start: &BytesStart<'_>) -> XmlPart {
    let mut attributes = start.attributes();
    attributes.with_checks(false);
    let attributes = attributes.flatten().map(|attribute| {
        let value = String::from_utf8_lossy(&attribute.value).into_owned();
        let value = match quick_xml::escape::unescape(&value) {
            Ok(unescaped) => unescaped.into_owned(),
            Err(_) => value,
        };
        (name_of(attribute.key.as_ref()), value)
    });
    XmlPart::Start(name_of(start.name().as_ref()), attributes.collect())
}
