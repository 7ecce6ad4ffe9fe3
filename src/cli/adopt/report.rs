//! What was found, in lines for who decides.

use super::{
    super::session::Session,
    blocks::{Blocks, NewRubrique},
    find::FoundThing,
};
use crate::ingest::survey::{MessageGroups, Survey};

/// So many reasons are told; the sync tells all.
const MAX_REASONS: usize = 12;

/// All lines of the report.
pub(super) fn lines(found: &FoundThing, surveys: &[Survey], blocks: &Blocks, session: &Session) -> Vec<String> {
    let mut lines = vec![match &found.address {
        Some(address) => format!("{} ({address})", found.words),
        None => found.words.clone(),
    }];
    for (source, survey) in found.sources.iter().zip(surveys) {
        lines.push(String::new());
        lines.push(format!("{}: {}", source.name, source.path.display()));
        lines.extend(counts(survey, session));
        lines.extend(reasons("refused", &survey.refused));
        lines.extend(reasons("would be told", &survey.told));
    }
    if !blocks.rubriques.is_empty() || !blocks.others.is_empty() {
        lines.push(String::new());
        let new = blocks.rubriques.iter().map(|NewRubrique { label, columns, .. }| format!("{label} ({columns})"));
        let new: Vec<String> = new.collect();
        if !new.is_empty() {
            lines.push(format!("categories, which become rubriques: {}", new.join(", ")));
        }
        let others: Vec<String> = blocks.others.iter().map(|(label, count)| format!("{label} ({count})")).collect();
        if !others.is_empty() {
            lines.push(format!("categories that do not: {}", others.join(", ")));
        }
    }
    if let Some(left) = found.left {
        lines.extend([String::new(), format!("stays where it is: {left}")]);
    }
    if let Some(host) = &blocks.elsewhere {
        lines.push(format!(
            "old feeds are at {host}: its server must lead their readers to {}",
            session.config.feeds.url
        ));
    }
    lines.push(String::new());
    lines
}

/// How much is what, as a table.
fn counts(survey: &Survey, session: &Session) -> Vec<String> {
    let row =
        |what: &str, count: usize, words: &str| format!("  {what:<10} {count:>6}   {words}").trim_end().to_owned();
    let waiting = match survey.waiting {
        0 => String::new(),
        count => format!("{count} of them later than {}", session.local_hour(session.at)),
    };
    let mut rows = vec![row("taken", survey.taken(), &waiting)];
    if survey.drafts > 0 {
        rows.push(row("drafts", survey.drafts, "readers do not see them"));
    }
    if let Some((count, example)) = &survey.no_columns {
        rows.push(row("pages", *count, &format!("no columns, such as {example}")));
    }
    if survey.refused.count() > 0 {
        rows.push(row("refused", survey.refused.count(), "see below"));
    }
    rows
}

/// Reasons, each with how often it comes and one place.
fn reasons(title: &str, groups: &MessageGroups) -> Vec<String> {
    let groups = groups.largest_first();
    if groups.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![format!("  {title}:")];
    for group in groups.iter().take(MAX_REASONS) {
        lines.push(format!("    {} × {}: {}", group.count, group.place, group.message));
    }
    if groups.len() > MAX_REASONS {
        let more: usize = groups.iter().skip(MAX_REASONS).map(|group| group.count).sum();
        lines.push(format!("    {more} × of {} other kinds", groups.len() - MAX_REASONS));
    }
    lines
}
