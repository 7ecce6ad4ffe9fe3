//! What the targets have in common: the sample configuration, and a file for the readers that want one.

use std::{io::Write, path::Path, sync::LazyLock};

use chrono::{DateTime, Utc};
use gazetier::{
    config::{Config, Source, SourceKind, Typography},
    ingest::{ImportContext, records::SpooledColumns},
};
use tempfile::NamedTempFile;

pub static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    Config::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../config.toml")).expect("the sample configuration")
});

/// Later than any date that the targets' own texts have.
#[allow(dead_code)]
pub const NEWEST: DateTime<Utc> = match DateTime::from_timestamp(1_800_000_000, 0) {
    Some(newest) => newest,
    None => DateTime::UNIX_EPOCH,
};

#[allow(dead_code)]
pub fn context() -> ImportContext<'static> {
    ImportContext { magazine: &CONFIG.magazine, rubriques: &CONFIG.rubriques, at: NEWEST }
}

/// Reads a file of this kind: all its columns, or why it cannot be read.
#[allow(dead_code)]
pub fn records(kind: SourceKind, bytes: &[u8]) {
    let mut file = NamedTempFile::new().expect("a file");
    file.write_all(bytes).expect("bytes");
    let typography = Some(Typography::French);
    let source = Source { typography, ..Source::of_file(kind, file.path().to_owned()) };
    let _ = SpooledColumns::read(&source, file.path(), context());
}
