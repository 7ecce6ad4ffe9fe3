//! Writes lines to the end of the configuration: all of it or nothing, and not over what somebody has changed meanwhile.

use std::io::Write as _;

use super::super::exit;
use crate::{config::Config, model::column::fingerprint};

/// A configuration with lines at its end.
pub(super) fn with_blocks(text: &str, blocks: &str) -> String {
    format!("{}\n\n{}", text.trim_end(), blocks)
}

/// Puts lines to the end of the configuration, which must be as it was read.
pub(super) fn append(config: &Config, text: &str, blocks: &str) -> anyhow::Result<()> {
    let cannot = |error: std::io::Error| {
        exit::failure(exit::CANNOT_WRITE, format!("cannot write {}: {error}", config.path.display()))
    };
    if fingerprint([text]) != config.fingerprint {
        let message = format!("{} was changed meanwhile: nothing is written; say it again", config.path.display());
        return Err(exit::failure(exit::RUN_AGAIN, message));
    }
    // Where a link leads to it, the file itself.
    let path = config.path.canonicalize().map_err(cannot)?;
    let folder = path.parent().unwrap_or(&path);
    let permissions = path.metadata().map_err(cannot)?.permissions();
    let mut file = tempfile::Builder::new().prefix(".").permissions(permissions).tempfile_in(folder).map_err(cannot)?;
    file.write_all(with_blocks(text, blocks).as_bytes()).map_err(cannot)?;
    file.as_file().sync_all().map_err(cannot)?;
    file.persist(&path).map_err(|error| cannot(error.error))?;
    Ok(())
}
