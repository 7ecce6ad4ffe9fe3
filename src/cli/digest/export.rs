//! `gazetier digest export`: an edition as a book to read, or as a page to print.

use std::{fs::Permissions, io::Write, os::unix::fs::PermissionsExt, path::Path, process::ExitCode};

use super::{
    super::{exit, session::Session},
    edition_named,
};
use crate::{
    edition::{epub, layout::EditionDraft, next, render::book},
    model::Choice,
};

/// What a file that anybody may read has, before the user's own mask.
const FILE_MODE: u32 = 0o666;

/// Writes an edition, the coming one if none is named.
pub(super) async fn export(
    session: &Session,
    period: Option<&str>,
    epub_file: Option<&Path>,
    page_file: Option<&Path>,
) -> anyhow::Result<ExitCode> {
    let (config, store) = (&session.config, &session.store);
    let draft: EditionDraft = match period {
        None => next::next_edition(config, store, session.now()).await?.draft,
        Some(period) => {
            let coming = next::next_edition(config, store, session.now()).await?.draft;
            match coming.slot.period.as_str() == period {
                true => coming,
                false => next::held_edition(config, store, &edition_named(session, period).await?).await?.draft,
            }
        }
    };
    let (period, choice) = (&draft.slot.period, Choice::all());
    let nothing = || exit::failure(exit::BAD_INPUT, format!("{period} holds no column: there is nothing to write"));
    if let Some(file) = epub_file {
        let files = book::epub_files(config, &draft, &choice)?.ok_or_else(nothing)?;
        let packed = epub::pack(&files)
            .map_err(|error| exit::failure(exit::CANNOT_WRITE, format!("cannot pack {}: {error}", file.display())))?;
        write(file, &packed)?;
    }
    if let Some(file) = page_file {
        let page = book::page(config, &draft, &choice)?.ok_or_else(nothing)?;
        write(file, page.as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a file whole or not at all, and says so.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let permissions = Permissions::from_mode(FILE_MODE);
    let file = tempfile::Builder::new().prefix(".").permissions(permissions).tempfile_in(folder);
    let written = file.and_then(|mut file| {
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    });
    written.map_err(|error| exit::failure(exit::CANNOT_WRITE, format!("cannot write {}: {error}", path.display())))?;
    println!("wrote {}", path.display());
    Ok(())
}
