//! The versions of what editors changed, each with a way back to it.

use super::{Desk, DeskError, mend::part_of, moments::short_hour, pages::VersionLine};
use crate::model::{Changes, EditionKey};

/// The newest versions of an edition's changes, newest first, each with what it changed in the one before; the first of
/// all is the edition as nobody had touched it. Without the one that is there now there is nothing to go back to.
pub(super) async fn of(desk: &Desk, key: &EditionKey) -> Result<Vec<VersionLine>, DeskError> {
    let versions = desk.shared().store().versions(key).await?;
    let config = desk.shared().config();
    let mut lines: Vec<VersionLine> = Vec::new();
    for (place, version) in versions.iter().enumerate() {
        let untouched = Changes::default();
        let before = match versions.get(place + 1) {
            Some(before) => &before.changes,
            None if version.number == 1 => &untouched,
            // What it changed stands in a version that is not shown.
            None => break,
        };
        let parts: Vec<&str> =
            version.changes.differences(before).into_iter().map(|part| part_of(desk, part)).collect();
        let at = version.at.map(|at| short_hour(config, at)).unwrap_or_default();
        lines.push(VersionLine {
            number: version.number,
            words: format!("{at}, {} · {}", version.who, parts.join(", ")),
            is_current: place == 0,
        });
    }
    if versions.last().is_some_and(|version| version.number == 1) {
        lines.push(VersionLine { number: 0, words: desk.words().untouched.clone(), is_current: false });
    }
    Ok(lines)
}
