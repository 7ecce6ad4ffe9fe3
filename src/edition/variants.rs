//! An edition as each choice of rubriques gets it, and a letter of it as it would go out.

use super::{
    Error,
    audiences::AudienceDraft,
    layout::EditionDraft,
    next::NextEdition,
    preflight::{self, PreflightFinding},
    render::{self, Rendered, letter::LetterTemplate, render},
};
use crate::{
    config::Config,
    model::{Choice, ColumnId, Edition, EditionState, Instant, ReaderId},
    store::Store,
};

/// An edition as each audience sees it, that of all first; without what has nothing to read.
pub fn render_all<'e>(config: &Config, coming: &'e NextEdition) -> Result<Vec<(&'e AudienceDraft, Rendered)>, Error> {
    let mut variants = Vec::new();
    for audience in &coming.audiences.drafts {
        if let Some(rendered) = render(config, &audience.draft, &audience.audience.choice)? {
            variants.push((audience, rendered));
        }
    }
    Ok(variants)
}

/// Looks for what would break.
pub fn inspect(
    config: &Config,
    store: &Store,
    draft: &EditionDraft,
    variants: &[&Rendered],
    at: Instant,
) -> Result<Vec<PreflightFinding>, Error> {
    let letter = match variants.first().map(|rendered| sample_letter(config, store, draft, rendered, at)) {
        None => Ok(Vec::new()),
        Some(Ok(letter)) => Ok(letter),
        // What no letter can be written of is mended at the desk, and must be seen there.
        Some(Err(Error::Render(render::Error::Letter(words)))) => Err(words),
        Some(Err(error)) => return Err(error),
    };
    Ok(preflight::check(config, draft, variants, &letter))
}

/// A whole letter as it would go out, to the magazine itself.
pub fn sample_letter(
    config: &Config,
    store: &Store,
    draft: &EditionDraft,
    rendered: &Rendered,
    at: Instant,
) -> Result<Vec<u8>, Error> {
    let edition = Edition {
        id: 0,
        newsletter: draft.slot.newsletter.clone(),
        mark: draft.slot.key().mark(),
        number: draft.slot.number,
        period: draft.slot.period.clone(),
        since: draft.slot.since,
        cutoff: draft.slot.cutoff,
        state: EditionState::Frozen,
        subject: rendered.subject.clone(),
        dated: at,
        is_frozen: false,
    };
    frozen_sample_letter(config, store, &edition, &rendered.subject, &rendered.entity)
}

/// The same of an edition that is frozen, from a variant's entity.
pub fn frozen_sample_letter(
    config: &Config,
    store: &Store,
    edition: &Edition,
    subject: &str,
    entity: &[u8],
) -> Result<Vec<u8>, Error> {
    let template = LetterTemplate::new(config, edition, subject, store.key(), entity)?;
    Ok(template.write(ReaderId::NOBODY, &config.letters.from.address, None)?.text.into_bytes())
}

/// The columns that readers with a choice get of a draft.
pub(super) fn columns_for(draft: &EditionDraft, choice: &Choice) -> Vec<ColumnId> {
    draft.columns.iter().filter(|column| choice.wants(column.rubrique.as_ref())).map(|column| column.id).collect()
}
