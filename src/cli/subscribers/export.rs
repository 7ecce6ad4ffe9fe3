//! `gazetier subscribers export`: a table for people, or all that the store knows.

use std::{path::Path, process::ExitCode};

use super::{
    super::{exit, export_output::ExportOutput, session::Session},
    READERS_PER_PAGE, for_each_reader,
};
use crate::ingest::subscribers::{cells, whole};

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExportForm {
    /// CSV for people.
    Table,
    /// JSON Lines with all that is known of who is on the list.
    Whole,
    /// All that is known, with the key, ids and hashes.
    WithKey,
}

pub(super) async fn run(
    session: &Session,
    output: Option<&Path>,
    state: Option<&str>,
    form: ExportForm,
) -> anyhow::Result<ExitCode> {
    if let Some(state) = state.filter(|state| !matches!(*state, "active" | "unsubscribed" | "suppressed")) {
        let message = format!("--state: {state:?}: write active, unsubscribed or suppressed");
        return Err(exit::failure(exit::USAGE, message));
    }
    if state.is_some() && form == ExportForm::WithKey {
        let message = "--with-key moves a store whole: leave --state out, or who is not in the file would be lost";
        return Err(exit::failure(exit::USAGE, message));
    }
    let mut output = ExportOutput::open(output)?;
    match form {
        ExportForm::Table => table(session, &mut output, state).await?,
        ExportForm::Whole | ExportForm::WithKey => {
            lines(session, &mut output, state, form == ExportForm::WithKey).await?
        }
    }
    output.finish()
}

async fn table(session: &Session, output: &mut ExportOutput<'_>, state: Option<&str>) -> anyhow::Result<()> {
    output.write(&record(&cells::header())?)?;
    for_each_reader(session, |entry| {
        if state.is_some_and(|state| state != entry.state()) {
            return Ok(());
        }
        output.write(&record(&cells::row(&entry))?)
    })
    .await
}

/// One record of CSV.
fn record<S: AsRef<[u8]>>(cells: &[S]) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    Ok(writer.into_inner()?)
}

async fn lines(
    session: &Session,
    output: &mut ExportOutput<'_>,
    state: Option<&str>,
    with_key: bool,
) -> anyhow::Result<()> {
    let store = &session.store;
    let magazine = store.magazine().map(|magazine| magazine.id.as_str()).unwrap_or_default();
    let key = with_key.then(|| store.key());
    let head = whole::Writer::head(magazine, session.newsletter().as_str(), session.at, key);
    output.write(head.as_bytes())?;
    let mut writer = whole::Writer::default();
    for_each_reader(session, |mut entry| {
        if state.is_some_and(|state| state != entry.state()) {
            return Ok(());
        }
        if !with_key {
            entry.identity = None;
        }
        output.write(writer.reader(entry).as_bytes())
    })
    .await?;
    let mut after = Vec::new();
    loop {
        // Without the key, hashes mean nothing.
        let hashes = if with_key { store.hashes_after(&after, READERS_PER_PAGE).await? } else { Vec::new() };
        let Some(last) = hashes.last() else { break };
        after = last.hash.clone();
        for hashed in hashes {
            output.write(writer.hash(hashed).as_bytes())?;
        }
    }
    output.write(writer.end().as_bytes())
}
