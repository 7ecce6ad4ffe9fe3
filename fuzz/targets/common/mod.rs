//! What the targets have in common: the sample configuration, and a file for the readers that want one.

use std::{io::Write, path::Path, sync::LazyLock};

use gazetier::{
    config::{Config, Source, SourceKind},
    ingest::{ImportContext, records::SpooledColumns},
};
use tempfile::NamedTempFile;

static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    Config::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../config.toml")).expect("the sample configuration")
});

pub fn context() -> ImportContext<'static> {
    ImportContext { magazine: &CONFIG.magazine, rubriques: &CONFIG.rubriques, at: chrono::DateTime::UNIX_EPOCH }
}

/// Reads a file of this kind: all its columns, or why it cannot be read.
#[allow(dead_code)]
pub fn records(kind: SourceKind, bytes: &[u8]) {
    let mut file = NamedTempFile::new().expect("a file");
    file.write_all(bytes).expect("bytes");
    let source = Source::of_file(kind, file.path().to_owned());
    let _ = SpooledColumns::read(&source, file.path(), context());
}
