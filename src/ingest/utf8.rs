//! A stream that is UTF-8, or ends with an error that says where it is not.

use std::io::{self, Read};

/// The mark that some programs put before a text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Checks what is read from a source, and takes the mark off its beginning.
#[derive(Debug)]
pub(super) struct Utf8Reader<R> {
    source: R,
    /// How many bytes of the source have been checked.
    checked: u64,
    /// The beginning of a character whose end has not come.
    rest: Vec<u8>,
    begun: bool,
    begin: u64,
}

impl<R: Read> Utf8Reader<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, checked: 0, rest: Vec::new(), begun: false, begin: 0 }
    }

    /// Where the text begins in the source: after the mark, if there is one.
    pub(super) fn begin(&self) -> u64 {
        self.begin
    }

    pub(super) fn into_inner(self) -> R {
        self.source
    }

    /// Checks what has come; keeps a character that is cut in two for the next time.
    fn check(&mut self, bytes: &[u8]) -> io::Result<()> {
        let joined;
        let text = match self.rest.as_slice() {
            [] => bytes,
            rest => {
                joined = [rest, bytes].concat();
                &joined
            }
        };
        let (good, rest) = match std::str::from_utf8(text) {
            Ok(_) => (text.len(), Vec::new()),
            Err(error) if error.error_len().is_none() && !bytes.is_empty() => {
                (error.valid_up_to(), text[error.valid_up_to()..].to_vec())
            }
            Err(error) => {
                let at = self.checked + error.valid_up_to() as u64;
                let message = format!("not UTF-8 at byte {at}: save it as UTF-8");
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
        };
        self.checked += good as u64;
        self.rest = rest;
        Ok(())
    }
}

impl<R: Read> Read for Utf8Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let mut count = self.source.read(buffer)?;
        if !self.begun {
            self.begun = true;
            // A source that gives its first bytes one by one is read until they are all there.
            while count > 0
                && count < BYTE_ORDER_MARK.len()
                && BYTE_ORDER_MARK.starts_with(&buffer[..count])
                && count < buffer.len()
            {
                match self.source.read(&mut buffer[count..])? {
                    0 => break,
                    more => count += more,
                }
            }
            if buffer[..count].starts_with(BYTE_ORDER_MARK) {
                buffer.copy_within(BYTE_ORDER_MARK.len()..count, 0);
                count -= BYTE_ORDER_MARK.len();
                self.begin = BYTE_ORDER_MARK.len() as u64;
                self.checked = self.begin;
                if count == 0 {
                    return self.read(buffer);
                }
            }
        }
        self.check(&buffer[..count])?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn read(bytes: &[u8], drip: usize) -> Result<String, String> {
        let mut text = String::new();
        Utf8Reader::new(Drip(bytes, drip)).read_to_string(&mut text).map(|_| text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_stream_is_the_same_however_it_is_cut() {
        for drip in 1..9 {
            assert_eq!(read("\u{feff}é—😀a".as_bytes(), drip).as_deref(), Ok("é—😀a"), "{drip}");
            assert_eq!(read("".as_bytes(), drip).as_deref(), Ok(""));
            assert_eq!(read(b"ab\xe9cd", drip), Err("not UTF-8 at byte 2: save it as UTF-8".into()), "{drip}");
            assert_eq!(
                read(b"\xef\xbb\xbfab\xe9", drip),
                Err("not UTF-8 at byte 5: save it as UTF-8".into()),
                "{drip}"
            );
        }
    }
}
