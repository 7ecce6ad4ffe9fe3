//! What became of a past edition's letters, by domain. Nothing here comes from a reader's screen: letters hold nothing that
//! would tell who opened them or what was clicked.

use super::{Desk, DeskError, pages::FigureRow};
use crate::{model::Edition, store::DomainFigures};

/// So many domains stand by themselves; the others together.
const MAX_DOMAINS: usize = 12;

/// The figures of an edition: all of it first, then the domains with most letters.
pub(super) async fn of(desk: &Desk, edition: &Edition) -> Result<Vec<FigureRow>, DeskError> {
    let w = desk.words();
    let domains = desk.shared().store().figures(edition).await?;
    let sum = |label: &str, figures: &[DomainFigures]| {
        let mut all = DomainFigures::default();
        figures.iter().for_each(|one| all.add(one));
        row(label, &all)
    };
    let mut rows = vec![sum(&w.all_domains, &domains)];
    let shown = if domains.len() > MAX_DOMAINS + 1 { MAX_DOMAINS } else { domains.len() };
    rows.extend(domains.iter().take(shown).map(|one| row(&one.domain, one)));
    if domains.len() > shown {
        rows.push(sum(&w.other_domains, &domains[shown..]));
    }
    Ok(rows)
}

fn row(label: &str, figures: &DomainFigures) -> FigureRow {
    let DomainFigures { letters, sent, failed, unsure, came_back, complained, gone, .. } = figures;
    let numbers = [*letters, *sent, *failed, *unsure, *came_back, *complained, *gone];
    FigureRow { label: label.to_owned(), numbers: numbers.into() }
}
