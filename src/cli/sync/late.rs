//! Columns that come in too late for any letter: who wrote one should learn it now.

use super::{Synced, scan::ReadFile};
use crate::{cli::session::Session, delivery::plan, digest::choose, model::Instant};

/// Of more than so many, one stands for all.
const TOLD_ONE_BY_ONE: usize = 5;

/// Tells of columns that were added now and are older than what the next letter reaches back to.
/// `added` has the file of each, and its date.
pub(super) async fn tell(
    session: &Session,
    added: &[(&ReadFile<'_>, Instant)],
    synced: &mut Synced,
) -> anyhow::Result<()> {
    if added.is_empty() {
        return Ok(());
    }
    let past = plan::past(&session.config, &session.store, session.now()).await?;
    // Before the first edition, what is old was never meant for a letter.
    if past.first.is_none() {
        return Ok(());
    }
    let next = choose::due(&session.config, session.at, &past)
        .unwrap_or_else(|| choose::next(&session.config, session.at, &past));
    let late: Vec<_> = added.iter().filter(|(_, published)| *published < next.reach).collect();
    let zone = &session.config.magazine.zone;
    let [reach, cutoff] = [next.reach, next.cutoff].map(|at| zone.local(at).format("%Y-%m-%d %H:%M").to_string());
    let what =
        format!("the letter of {cutoff} reaches back to {reach}; to have it in that letter, write a later `published`");
    if let [(read, published), others @ ..] = &late[..]
        && others.len() >= TOLD_ONE_BY_ONE
    {
        let date = zone.local(*published).format("%Y-%m-%d %H:%M");
        let (n, shown) = (late.len(), read.shown());
        synced.warn(format!("{n} new columns will be in no letter, {shown} of {date} the first: {what}"));
        return Ok(());
    }
    for (read, published) in late {
        let shown = read.shown();
        let date = zone.local(*published).format("%Y-%m-%d %H:%M");
        synced.warn(format!("{shown}: new, and dated {date}: it will be in no letter; {what}"));
    }
    Ok(())
}
