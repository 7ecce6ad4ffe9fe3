//! Finds the lines on which records of a file begin, when some were refused.

use std::io::{self, BufRead, BufReader, Read};

/// Counts the lines of a source.
pub(super) struct Lines<R: Read> {
    source: BufReader<R>,
    at: u64,
    ends: usize,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source: BufReader::new(source), at: 0, ends: 0 }
    }

    /// The line on which a record begins. What the reader knows is where the record before ended:
    /// empty lines, and the second half of a CRLF, lie between.
    pub(super) fn of_record(&mut self, byte: u64) -> io::Result<usize> {
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
