//! Figures in Prometheus' text format: of the store and of what is missed. `gazetier serve` adds what it has answered, and a
//! run writes them into a file, for node_exporter's textfile collector.

use std::{fmt::Write, io, path::Path};

use super::{
    alarms::{Alarm, Asker, find},
    edition::LAST_RUN,
};
use crate::{
    config::Config,
    edition,
    model::{EditionState, FeedKey, Now},
    publish::forms,
    store::{self, Store},
};

/// The kinds of alarms, so that each has a figure also where there is none.
const ALARM_KINDS: [&str; 5] = ["edition", "future", "letters", "run", "source"];

/// Letters and subscribers by state.
pub type Counts = (Vec<(String, i64)>, Vec<(String, i64)>);

/// Counts what is in the store.
pub async fn counts(store: &Store) -> store::Result<Counts> {
    Ok((store.letter_counts().await?, store.subscriber_counts().await?))
}

/// Writes one figure with its rows.
pub fn figure(text: &mut String, name: &str, kind: &str, help: &str, rows: Vec<(String, f64)>) {
    let _ = writeln!(text, "# HELP gazetier_{name} {help}\n# TYPE gazetier_{name} {kind}");
    for (labels, value) in rows {
        let _ = writeln!(text, "gazetier_{name}{labels} {value}");
    }
}

/// The figures of the store.
pub async fn text(config: &Config, store: &Store, now: Now, counts: Counts) -> Result<String, edition::Error> {
    let mut text = String::new();
    let (letters, subscribers) = counts;
    let by_state = |rows: Vec<(String, i64)>| {
        rows.into_iter().map(|(state, count)| (format!("{{state=\"{state}\"}}"), count as f64)).collect()
    };
    figure(&mut text, "letters", "gauge", "Letters in the ledger by state.", by_state(letters));
    let editions = store.all_editions().await?;
    let states = [EditionState::Frozen, EditionState::Sending, EditionState::Sent, EditionState::Held];
    let states = states.map(|state| {
        let count = editions.iter().filter(|edition| edition.state == state).count();
        (format!("{{state=\"{}\"}}", state.as_str()), count as f64)
    });
    figure(&mut text, "editions", "gauge", "Editions by state.", states.into());
    figure(&mut text, "subscribers", "gauge", "Subscribers by state.", by_state(subscribers));
    let keys = config.rubriques.iter().map(|rubrique| FeedKey::Rubrique(rubrique.slug.clone()));
    let ages = keys.chain([FeedKey::All]).filter_map(|key| {
        let [rss, ..] = forms::paths(&key, None);
        let changed = std::fs::metadata(config.feeds.path.join(rss)).and_then(|file| file.modified()).ok()?;
        let age = now.at - chrono::DateTime::<chrono::Utc>::from(changed);
        let name = if key == FeedKey::All { "*".to_owned() } else { key.key() };
        Some((format!("{{feed=\"{name}\"}}"), age.num_seconds() as f64))
    });
    figure(&mut text, "feed_age_seconds", "gauge", "Time since a feed last changed.", ages.collect());
    let last = store.last_done(LAST_RUN).await?;
    let last = last.map(|at| (String::new(), at.timestamp() as f64)).into_iter().collect();
    figure(&mut text, "last_run_timestamp_seconds", "gauge", "When the last run began.", last);
    let alarms = find(config, store, now, Asker::Watcher).await?;
    let count = |kind: &str| alarms.iter().filter(|alarm: &&Alarm| alarm.kind == kind).count() as f64;
    let rows = ALARM_KINDS.iter().map(|kind| (format!("{{kind=\"{kind}\"}}"), count(kind))).collect();
    figure(&mut text, "alarms", "gauge", "What should have happened and did not.", rows);
    Ok(text)
}

/// Writes figures into a file, which appears whole.
pub fn write(file: &Path, text: &str) -> io::Result<()> {
    use std::{io::Write as _, os::unix::fs::PermissionsExt};
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Its name ends otherwise until it is whole: the collector reads each *.prom that it finds.
    let mut draft = tempfile::Builder::new().prefix(".gazetier").suffix(".tmp").tempfile_in(folder)?;
    draft.write_all(text.as_bytes())?;
    draft.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    draft.persist(file).map_err(|error| error.error)?;
    Ok(())
}
