//! What columns are read from. One more kind of source is one more type with [`ColumnSource`], and one more line in
//! [`open`].

use std::path::Path;

use super::{
    Error, ImportContext, ImportResult,
    folder::FolderContents,
    markdown::{GivenFields, MarkdownFolder},
};
use crate::config::{Source, SourceKind};

/// A document of a source: a file of its folder, or a page.
#[derive(Debug, Clone, Copy)]
pub struct SourceDocument<'a> {
    pub path: &'a Path,
    /// Its name in the source.
    pub key: &'a str,
    pub text: &'a str,
}

/// Something that columns are read from.
pub trait ColumnSource {
    /// What a document says beside its columns.
    type Details;

    /// The documents that there are, and what is passed over.
    fn documents(&self) -> Result<FolderContents, Error>;

    /// Reads the columns of a document.
    fn read(
        &self,
        document: SourceDocument<'_>,
        context: ImportContext<'_>,
        result: &mut ImportResult,
    ) -> Result<Self::Details, Error>;
}

/// The reader for a source of the configuration.
pub fn open(source: &Source) -> Box<dyn ColumnSource<Details = GivenFields> + '_> {
    match source.kind {
        SourceKind::Markdown => Box::new(MarkdownFolder(source)),
    }
}
