//! The audiences of an edition on the desk: what each is called, what it gets, and what its inbox shows.

use super::{Desk, DeskError, pages::InboxLine};
use crate::{
    config::Config,
    edition::{
        audiences::AudienceDraft,
        next::NextEdition,
        render::{Rendered, render},
    },
    locales::fill,
    model::{Audience, Choice, EmailAddress},
};

/// The coming edition as each audience sees it, that of all first: also as whoever chose one rubrique alone would.
pub(super) fn variants_of(
    config: &Config,
    coming: &NextEdition,
) -> Result<Vec<(Audience, Option<Rendered>)>, DeskError> {
    let mut all: Vec<(Audience, Option<Rendered>)> = Vec::new();
    for AudienceDraft { audience, draft, .. } in &coming.audiences.drafts {
        all.push((audience.clone(), render(config, draft, &audience.choice)?));
    }
    for rubrique in &config.rubriques {
        let audience = Audience::of(Choice::of([rubrique.slug.clone()]));
        if !all.iter().any(|(known, _)| *known == audience) {
            let rendered = render(config, &coming.draft, &audience.choice)?;
            all.push((audience, rendered));
        }
    }
    Ok(all)
}

/// What an audience is called.
pub(super) fn label(desk: &Desk, audience: &Audience) -> String {
    let (w, config) = (desk.words(), desk.shared().config());
    let key = audience.choice.key();
    let wanted = config.rubriques.iter().filter(|rubrique| key.split(',').any(|slug| slug == rubrique.slug.as_str()));
    let labels: Vec<&str> = wanted.map(|rubrique| rubrique.label.as_str()).collect();
    let choice = if labels.is_empty() { w.everyone.clone() } else { labels.join(" + ") };
    match audience.oldest() {
        None => choice,
        Some(oldest) => {
            let day = desk.lang().short_day(config.magazine.zone.local(oldest).date_naive());
            format!("{choice} · {}", fill(&w.with_editions_since, &[("day", &day)]))
        }
    }
}

/// Whose letter a reader gets of an edition, by an address: the audience, or why there is none.
pub(super) async fn of_reader(
    desk: &Desk,
    coming: &NextEdition,
    address: &str,
) -> Result<Result<Audience, String>, DeskError> {
    let w = desk.words();
    let about = |words: &str| fill(words, &[("address", &address)]);
    let newsletter = desk.shared().newsletter();
    let group = match address.parse::<EmailAddress>() {
        Ok(address) => desk.shared().store().group_at(newsletter, &address).await?,
        Err(_) => return Ok(Err(about(&w.no_address))),
    };
    let Some(group) = group else { return Ok(Err(about(&w.no_such_reader))) };
    let theirs = coming.audiences.drafts.iter().find(|draft| draft.has_columns() && draft.groups.contains(&group));
    Ok(theirs.map(|draft| draft.audience.clone()).ok_or_else(|| about(&w.nothing_for_reader)))
}

/// What the inboxes of each audience show, if there are several with readers.
pub(super) async fn inboxes(
    desk: &Desk,
    coming: &NextEdition,
    all: &[(Audience, Option<Rendered>)],
) -> Result<Vec<InboxLine>, DeskError> {
    let counted = desk.shared().store().counted_groups(desk.shared().newsletter()).await?;
    let lines = coming.audiences.drafts.iter().filter_map(|draft| {
        let (_, rendered) = all.iter().find(|(audience, _)| *audience == draft.audience)?;
        let rendered = rendered.as_ref()?;
        let theirs = counted.iter().filter(|(group, _)| draft.groups.contains(group));
        let readers: i64 = theirs.map(|(_, readers)| readers).sum();
        (readers > 0).then(|| InboxLine {
            audience: label(desk, &draft.audience),
            readers: desk.lang().counted(&desk.words().readers, readers.unsigned_abs(), &[]),
            subject: rendered.subject.clone(),
            preheader: rendered.preheader.clone(),
        })
    });
    let lines: Vec<InboxLine> = lines.collect();
    Ok(if lines.len() > 1 { lines } else { Vec::new() })
}
