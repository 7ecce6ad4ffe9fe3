//! `gazetier digest export`: an edition as a book to read, or as a page to print.

use std::{path::Path, process::ExitCode};

use super::{
    super::{exit, export_output::ExportOutput, session::Session},
    edition_named,
};
use crate::{
    edition::{epub, layout::EditionDraft, next, pictures, render::book},
    model::Choice,
};

/// Writes an edition, the coming one if none is named.
pub(super) async fn export(
    session: &Session,
    period: Option<&str>,
    epub_file: Option<&Path>,
    page_file: Option<&Path>,
) -> anyhow::Result<ExitCode> {
    let (config, store) = (&session.config, &session.store);
    let coming = next::next_edition(config, store, session.now()).await?.draft;
    let draft: EditionDraft = match period {
        Some(period) if coming.slot.period.as_str() != period => {
            next::held_edition(config, store, &edition_named(session, period).await?).await?.draft
        }
        _ => coming,
    };
    let (period, choice) = (&draft.slot.period, Choice::all());
    let nothing = || exit::failure(exit::BAD_INPUT, format!("{period} holds no column: there is nothing to write"));
    if let Some(file) = epub_file {
        let (held, missing) = pictures::for_book(config, store, &draft.columns).await?;
        let files = book::epub_files(config, &draft, &choice, &held)?.ok_or_else(nothing)?;
        let packed = epub::pack(&files)
            .map_err(|error| exit::failure(exit::CANNOT_WRITE, format!("cannot pack {}: {error}", file.display())))?;
        write(file, &packed)?;
        if missing > 0 {
            let words = if missing == 1 { "picture is" } else { "pictures are" };
            println!(
                "{missing} {words} not in it: a book holds JPEG, PNG and GIF up to 5 MB that lie beside the columns' files, \
                 and says of others what they show"
            );
        }
    }
    if let Some(file) = page_file {
        let page = book::page(config, &draft, &choice)?.ok_or_else(nothing)?;
        write(file, page.as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a file whole or not at all, and says so.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut output = ExportOutput::open_public(path)?;
    output.write(bytes)?;
    output.finish()?;
    println!("wrote {}", path.display());
    Ok(())
}
