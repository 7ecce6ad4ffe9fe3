//! An edition as each choice of rubriques gets it, and a letter of it as it would go out.

use super::{
    Error,
    layout::EditionDraft,
    preflight::{self, PreflightFinding},
    render::{self, Rendered, letter::LetterTemplate, render},
};
use crate::{
    config::Config,
    model::{Choice, Edition, EditionState, Instant, ReaderId},
    store::Store,
};

/// A draft as each choice of rubriques sees it, that of all first; `None` where there is nothing
/// to read.
pub async fn render_all(
    config: &Config,
    store: &Store,
    draft: &EditionDraft,
) -> Result<Vec<(Choice, Option<Rendered>)>, Error> {
    let mut choices = store.choices(&draft.slot.newsletter).await?;
    // The edition as a whole, for the archive, also when nobody wants all of it.
    choices.retain(|choice| *choice != Choice::all());
    choices.insert(0, Choice::all());
    let mut variants = Vec::new();
    for choice in choices {
        let rendered = render(config, draft, &choice)?;
        variants.push((choice, rendered));
    }
    Ok(variants)
}

/// Looks for what would break.
pub fn inspect(
    config: &Config,
    store: &Store,
    draft: &EditionDraft,
    variants: &[(Choice, Rendered)],
    at: Instant,
) -> Result<Vec<PreflightFinding>, Error> {
    let letter = match variants.first().map(|(_, rendered)| sample_letter(config, store, draft, rendered, at)) {
        None => Ok(Vec::new()),
        Some(Ok(letter)) => Ok(letter),
        // What no letter can be written of is mended at the desk, and must be seen there.
        Some(Err(Error::Render(render::Error::Letter(words)))) => Err(words),
        Some(Err(error)) => return Err(error),
    };
    let rendered: Vec<&Rendered> = variants.iter().map(|(_, rendered)| rendered).collect();
    Ok(preflight::check(config, draft, &rendered, &letter))
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
    frozen_sample_letter(config, store, &edition, &rendered.entity)
}

/// The same of an edition that is frozen, from a variant's entity.
pub fn frozen_sample_letter(
    config: &Config,
    store: &Store,
    edition: &Edition,
    entity: &[u8],
) -> Result<Vec<u8>, Error> {
    let template = LetterTemplate::new(config, edition, store.key(), entity)?;
    Ok(template.write(ReaderId::NOBODY, &config.letters.from.address, None)?.text.into_bytes())
}
