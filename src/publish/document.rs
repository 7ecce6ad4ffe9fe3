//! Writes the documents of a feed into the folder where they wait to be put into their places: without the columns
//! that validators would refuse.

use std::borrow::Cow;

use super::forms::{
    BufferPool, Feed, FeedFile, History,
    conform::{self, FeedFinding, ValidDocument},
};
use super::{Error, Publisher, files::FeedFiles, name};
use crate::model::{Column, FeedKey};

/// Writes documents, always in the same buffers.
pub(super) struct DocumentWriter {
    pub(super) publisher: Publisher,
    buffers: BufferPool,
    /// What was built, to be put into its place a batch at a time.
    pub(super) folder: FeedFiles,
    /// Of the feed at hand, the columns that validators would refuse.
    pub(super) refused: Vec<FeedFinding>,
}

/// What became of columns that were to be archived.
pub(super) struct ArchivedColumns {
    /// How many of them are done with, the oldest.
    pub(super) kept: usize,
    pub(super) files: usize,
    /// Whether there is a document of them.
    pub(super) written: bool,
}

impl DocumentWriter {
    pub(super) fn new(publisher: Publisher) -> Self {
        let folder = FeedFiles::new(&publisher.config);
        Self { publisher, buffers: BufferPool::default(), folder, refused: Vec::new() }
    }

    /// Builds an archive document of as many columns as fit, the oldest of these. One that is open, and
    /// has room for them all, is not written.
    pub(super) fn archive(
        &mut self,
        key: &FeedKey,
        columns: &[Column],
        history: History,
        open: bool,
    ) -> Result<ArchivedColumns, Error> {
        let publisher = self.publisher.clone();
        let (valid, fit) = self.valid(key, columns, |columns, buffers| {
            let feed = Feed::document(&publisher.config, key.clone(), columns, history.clone(), &[])?;
            Ok(conform::archive(&feed, publisher.at, buffers)?)
        })?;
        // Those that no document may hold are done with as well, where they lie between the others.
        let next = fit.len().checked_sub(valid.kept + 1).map(|next| fit[next].id);
        let kept = match next.and_then(|next| columns.iter().position(|column| column.id == next)) {
            Some(next) => columns.len() - next - 1,
            None => columns.len(),
        };
        if fit.is_empty() || (open && kept == columns.len()) {
            return Ok(ArchivedColumns { kept, files: 0, written: false });
        }
        Ok(ArchivedColumns { kept, files: self.put(valid.files, false)?, written: true })
    }

    /// Writes a document without the columns that validators would refuse, which keep no other column
    /// from its readers; gives the others. What is wrong with the feed itself no column can mend.
    pub(super) fn valid<'a>(
        &mut self,
        key: &FeedKey,
        columns: &'a [Column],
        mut build_fingerprint: impl FnMut(
            &[Column],
            &mut BufferPool,
        ) -> Result<Result<ValidDocument, Vec<FeedFinding>>, Error>,
    ) -> Result<(ValidDocument, Cow<'a, [Column]>), Error> {
        let mut columns = Cow::Borrowed(columns);
        loop {
            let findings = match build_fingerprint(&columns, &mut self.buffers)? {
                Ok(valid) => return Ok((valid, columns)),
                Err(findings) => findings,
            };
            let count = columns.len();
            columns.to_mut().retain(|column| !findings.iter().any(|finding| finding.is_about(column)));
            if columns.len() == count {
                return Err(Error::Refused { feed: name(key), findings });
            }
            // A document may be written twice.
            self.refused.retain(|known| !findings.contains(known));
            self.refused.extend(findings);
        }
    }

    /// What was left out of the feed at hand, told once.
    pub(super) fn left_out(&mut self, key: &FeedKey) -> Option<Error> {
        let mut findings: Vec<FeedFinding> = Vec::new();
        for finding in self.refused.drain(..) {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
        (!findings.is_empty()).then(|| Error::LeftOut { feed: name(key), findings })
    }

    /// Writes the files of a document where they differ; says how many it wrote. One that is `last` is
    /// in its place after all others.
    pub(super) fn put(&mut self, files: Vec<FeedFile>, last: bool) -> Result<usize, Error> {
        let mut written = 0;
        for (path, bytes) in &files {
            written += usize::from(self.folder.put(path, bytes, last)?);
        }
        self.buffers.give_back(files.into_iter().map(|(_, bytes)| bytes));
        Ok(written)
    }
}
