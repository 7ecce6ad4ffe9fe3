//! All columns of a file, read at once and kept on the disk until they are taken.

use std::{io, path::Path};

use super::{ListedRecord, RecordFile, read_record};
use crate::{
    config::Source,
    ingest::{
        Error, ImportContext, ImportResult, SourceLocation, Warning,
        markdown::GivenFields,
        spool::SpoolPosition,
        sync::spool::{self, Spool},
    },
    model::Draft,
};

/// The columns of a file.
#[derive(Default)]
pub struct SpooledColumns {
    spool: Spool,
    places: Vec<(SpoolPosition, GivenFields, String)>,
    /// Name and title of each, in the order of the file.
    pub names: Vec<(String, String)>,
    pub warnings: Vec<Warning>,
    /// What could not be taken, and why.
    pub refused: Vec<String>,
}

impl SpooledColumns {
    /// Reads a file.
    pub fn read(source: &Source, path: &Path, context: ImportContext<'_>) -> Result<Self, Error> {
        let mut columns = Self::default();
        let file = RecordFile::new(source, path);
        let mut take = |listed: ListedRecord| {
            let ListedRecord { name, line, record, warnings } = listed;
            let file = source.path.display().to_string();
            let place = SourceLocation { file: if line.is_some() { file } else { source.shown(&name) }, line };
            let mut result = ImportResult::default();
            warnings.into_iter().for_each(|warning| result.warn(&place, warning));
            let read = record.map_err(|why| super::wrong(&place, why)).and_then(|record| {
                let own = record.source.clone();
                let given = read_record(record, source, &place, context, &mut result)?;
                Ok((own, given))
            });
            match read {
                Ok((own, given)) => {
                    for mut draft in result.drafts {
                        draft.source = own.clone().unwrap_or(draft.source);
                        let bytes = spool::encode(&draft).map_err(super::spool_error)?;
                        let position = columns.spool.put(&bytes).map_err(super::spool_error)?;
                        columns.names.push((draft.key, draft.title));
                        columns.places.push((position, given, draft.source));
                    }
                    columns.warnings.extend(result.warnings);
                }
                Err(error) => columns.refused.push(error.to_string()),
            }
            Ok(())
        };
        if let Some(file) = file {
            file.read_records(&mut take)?;
        }
        Ok(columns)
    }

    /// The columns, so many at a time.
    pub fn pieces(&self, size: usize) -> impl Iterator<Item = io::Result<Vec<(Draft, GivenFields)>>> {
        let column = |(position, given, source): &(SpoolPosition, GivenFields, String)| {
            Ok((self.spool.get(*position, source)?.draft, *given))
        };
        self.places.chunks(size).map(move |piece| piece.iter().map(column).collect())
    }
}
