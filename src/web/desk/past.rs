//! The pages of editions that are frozen or keep their columns: all of them, and one with its letters, its refusals and
//! what is decided about it.

use axum::{
    Extension,
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};

use super::{
    Desk, DeskError, answer,
    edition::head_of,
    headers::head,
    history::{before, history},
    moments::hour,
    pages::{self, DeskNotice, EditionBadge, PreviewContent},
    preview::{self, frame, preview_of},
    query::{DeskQuery, FIELD_LIMITS},
    reasons,
    session::Editor,
};
use crate::{
    edition::{next, render::archive::without_token, variants as edition_variants},
    locales::fill,
    model::{Audience, Edition, EditionState, Period, ReaderGroup},
    store::NewVariant,
};

pub(super) async fn past(
    State(desk): State<Desk>,
    Extension(editor): Extension<Editor>,
) -> Result<Response, DeskError> {
    let editions = desk.shared().store().editions(desk.shared().newsletter()).await?;
    let editions = editions
        .into_iter()
        .rev()
        .map(|edition| (standing(&desk, &edition, None), edition.period.to_string(), edition.subject))
        .collect();
    answer(&desk, StatusCode::OK, &pages::PastPage { f: head_of(&desk, &editor, true), editions })
}

fn standing(desk: &Desk, edition: &Edition, reason: Option<&str>) -> EditionBadge {
    let w = desk.words();
    let words = match edition.state {
        EditionState::Frozen => &w.frozen,
        EditionState::Sending => &w.sending,
        EditionState::Sent => &w.sent,
        EditionState::Held => &w.held,
    };
    EditionBadge {
        state: edition.state.as_str(),
        words: reason.map_or_else(|| words.clone(), |reason| format!("{words} · {reason}")),
        period: desk.called(&edition.period),
        number: fill(&w.edition_number, &[("number", &edition.number)]),
        due: hour(desk.shared().config(), edition.cutoff),
    }
}

pub(super) async fn one(
    State(desk): State<Desk>,
    Extension(editor): Extension<Editor>,
    Path(period): Path<String>,
    Query(ask): Query<DeskQuery>,
) -> Result<Response, DeskError> {
    let w = desk.words();
    let notice = match ask.said.as_str() {
        "retried" => Some(DeskNotice::Done(w.retried.clone())),
        "none" => Some(DeskNotice::Done(w.none_refused.clone())),
        _ => None,
    };
    show_one(&desk, &editor, &Period::from_key(&period), &ask, notice, StatusCode::OK).await
}

/// The variants of an edition as they were frozen; of one that is held without letters, as they would be now.
pub(super) async fn variants_of(desk: &Desk, edition: &Edition) -> Result<Vec<NewVariant>, DeskError> {
    let (config, store) = (desk.shared().config(), desk.shared().store());
    if edition.is_frozen {
        return Ok(store.frozen_variants(edition.id).await?);
    }
    let coming = next::held_edition(config, store, edition).await?;
    let variants = edition_variants::render_all(config, &coming)?.into_iter();
    Ok(variants
        .map(|(audience, rendered)| NewVariant {
            audience: audience.audience.clone(),
            groups: audience.groups.clone(),
            subject: rendered.subject,
            html: rendered.html,
            plain: rendered.plain,
            entity: rendered.entity,
            content_hash: rendered.hash,
            columns: Vec::new(),
            earlier: Vec::new(),
            others: Vec::new(),
        })
        .collect())
}

/// The page of an edition that is frozen, or keeps its columns.
pub(super) async fn show_one(
    desk: &Desk,
    editor: &Editor,
    period: &Period,
    ask: &DeskQuery,
    notice: Option<DeskNotice>,
    status: StatusCode,
) -> Result<Response, DeskError> {
    let store = desk.shared().store();
    let edition = store.edition_of(desk.shared().newsletter(), period).await?.ok_or(DeskError::NotThere)?;
    let variants = variants_of(desk, &edition).await?;
    let chosen: Option<&NewVariant> =
        variants.iter().find(|variant| variant.audience.key() == ask.variant).or(variants.first());
    let key = chosen.map(|variant| variant.audience.key()).unwrap_or_default();
    let shown = match (chosen, ask.view.as_str()) {
        (None, _) => PreviewContent::Nothing,
        (Some(variant), "text") => PreviewContent::Text(without_token(&variant.plain, "…")),
        (Some(variant), "source") => PreviewContent::Text(without_token(&variant.html, "…")),
        (Some(variant), "headers") => PreviewContent::Text(head(&edition_variants::frozen_sample_letter(
            desk.shared().config(),
            store,
            &edition,
            &variant.subject,
            &variant.entity,
        )?)),
        (Some(variant), view) => {
            let address = frame(desk, period.as_str(), &key, view, &variant.content_hash);
            preview::content(desk, view, &variant.subject, &variant.html, address)
        }
    };
    let tally = store.tally(edition.id).await?;
    let letters =
        desk.lang().counted(&desk.words().sent_letters, tally.frozen().unsigned_abs(), &[("sent", &tally.sent)]);
    let reason = store.held_reason(edition.id).await?;
    let audiences: Vec<Audience> = variants.iter().map(|variant| variant.audience.clone()).collect();
    let groups: Vec<ReaderGroup> = variants.iter().flat_map(|variant| variant.groups.iter().cloned()).collect();
    let noted = store.desk(&edition.key()).await?;
    let config = desk.shared().config();
    let (hash, readers) = match edition.is_frozen {
        true => (store.frozen_hash(edition.id).await?, tally.to_do()),
        false => (
            next::held_edition(config, store, &edition).await?.hash(config)?,
            store.readers_of(desk.shared().newsletter(), &groups).await?,
        ),
    };
    let before = before(desk, noted.last_decision, hash, readers);
    let page = pages::EditionPage {
        f: head_of(desk, editor, true),
        notice,
        status: standing(desk, &edition, reason.as_deref()),
        period: period.to_string(),
        letters: vec![letters],
        figures: match edition.is_frozen && !ask.figures.is_empty() {
            true => super::figures::of(desk, &edition).await?,
            false => Vec::new(),
        },
        refusals: reasons::of(&store.refused_letters(edition.id).await?),
        can_hold: matches!(edition.state, EditionState::Frozen | EditionState::Sending),
        can_go: edition.state == EditionState::Held,
        history: history(desk, &noted.notes, false),
        before,
        most: FIELD_LIMITS,
        why: ask.typed.why.clone(),
        preview: preview_of(desk, ask, &audiences, &key, shown, format!("{}past/{period}", desk.root())),
        subject: edition.subject,
    };
    answer(desk, status, &page)
}
