//! An edition as EPUB 3: its files in one, in the order that the format wants.

use std::io::{Cursor, Write};

use zip::{CompressionMethod, ZipWriter, result::ZipError, write::SimpleFileOptions};

use super::render::book::BookFile;

/// What the first file of an EPUB says, as it is.
const MIMETYPE: &[u8] = b"application/epub+zip";

/// Packs the files of a book. No file has a time, so that equal books have equal bytes.
pub fn pack(files: &[BookFile]) -> Result<Vec<u8>, ZipError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let plain = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    zip.start_file("mimetype", plain)?;
    zip.write_all(MIMETYPE)?;
    for (name, bytes) in files {
        zip.start_file(name.as_str(), packed)?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}
