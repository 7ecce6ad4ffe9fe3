//! The pages of editions that are frozen or keep their columns: all of them, and one with its letters, its refusals and
//! what is decided about it.

use axum::{
    Extension,
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};

use super::{
    Desk, Trouble, answer,
    door::Editor,
    edition::{Ask, MOST, frame, head, head_of, hour, preview_of},
    history::{before, history},
    reasons,
    view::{self, Notice, Shown, Status},
};
use crate::{
    edition::{plan, render::archive::without_token},
    locales::fill,
    model::{self, Edition, EditionState, Period},
    store::NewVariant,
};

pub(super) async fn past(State(desk): State<Desk>, Extension(editor): Extension<Editor>) -> Result<Response, Trouble> {
    let editions = desk.shared().store().editions(desk.shared().newsletter()).await?;
    let editions =
        editions.into_iter().rev().map(|edition| (standing(&desk, &edition, None), edition.subject)).collect();
    answer(&desk, StatusCode::OK, &view::Past { f: head_of(&desk, &editor, true), editions })
}

fn standing(desk: &Desk, edition: &Edition, reason: Option<&str>) -> Status {
    let w = desk.words();
    let words = match edition.state {
        EditionState::Frozen => &w.frozen,
        EditionState::Sending => &w.sending,
        EditionState::Sent => &w.sent,
        EditionState::Held => &w.held,
    };
    Status {
        state: edition.state.as_str(),
        words: reason.map_or_else(|| words.clone(), |reason| format!("{words} · {reason}")),
        period: edition.period.to_string(),
        number: fill(&w.edition_number, &[("number", &edition.number)]),
        due: hour(desk.shared().config(), edition.cutoff),
    }
}

pub(super) async fn one(
    State(desk): State<Desk>,
    Extension(editor): Extension<Editor>,
    Path(period): Path<String>,
    Query(ask): Query<Ask>,
) -> Result<Response, Trouble> {
    let w = desk.words();
    let notice = match ask.said.as_str() {
        "retried" => Some(Notice::Done(w.retried.clone())),
        "none" => Some(Notice::Done(w.none_refused.clone())),
        _ => None,
    };
    show_one(&desk, &editor, &Period::from_key(&period), &ask, notice, StatusCode::OK).await
}

/// The variants of an edition as they were frozen; of one that is held without letters, as they would be now.
pub(super) async fn variants_of(desk: &Desk, edition: &Edition) -> Result<Vec<NewVariant>, Trouble> {
    let (config, store) = (desk.shared().config(), desk.shared().store());
    if edition.is_frozen {
        return Ok(store.frozen_variants(edition.id).await?);
    }
    let coming = plan::held(config, store, edition).await?;
    let variants = plan::variants(config, store, &coming.draft).await?.into_iter();
    let variants = variants.filter_map(|(choice, rendered)| Some((choice, rendered?)));
    Ok(variants
        .map(|(choice, rendered)| NewVariant {
            choice,
            html: rendered.html,
            plain: rendered.plain,
            entity: rendered.entity,
            content_hash: rendered.hash,
            columns: Vec::new(),
        })
        .collect())
}

/// The page of an edition that is frozen, or keeps its columns.
pub(super) async fn show_one(
    desk: &Desk,
    editor: &Editor,
    period: &Period,
    ask: &Ask,
    notice: Option<Notice>,
    status: StatusCode,
) -> Result<Response, Trouble> {
    let store = desk.shared().store();
    let edition = store.edition_of(desk.shared().newsletter(), period).await?.ok_or(Trouble::NotThere)?;
    let variants = variants_of(desk, &edition).await?;
    let chosen: Option<&NewVariant> =
        variants.iter().find(|variant| variant.choice.key() == ask.variant).or(variants.first());
    let key = chosen.map(|variant| variant.choice.key()).unwrap_or_default();
    let shown = match (chosen, ask.view.as_str()) {
        (None, _) => Shown::Nothing,
        (Some(variant), "text") => Shown::Text(without_token(&variant.plain, "…")),
        (Some(variant), "source") => Shown::Text(without_token(&variant.html, "…")),
        (Some(variant), "headers") => {
            Shown::Text(head(&plan::frozen_specimen(desk.shared().config(), store, &edition, &variant.entity)?))
        }
        (Some(variant), view) => Shown::Frames(frame(desk, period.as_str(), &key, view, &variant.content_hash)),
    };
    let tally = store.tally(edition.id).await?;
    let letters =
        desk.lang().counted(&desk.words().sent_letters, tally.frozen().unsigned_abs(), &[("sent", &tally.sent)]);
    let reason = store.held_reason(edition.id).await?;
    let choices: Vec<model::Choice> = variants.iter().map(|variant| variant.choice.clone()).collect();
    let noted = store.desk(&edition.key()).await?;
    let config = desk.shared().config();
    let (hash, readers) = match edition.is_frozen {
        true => (store.frozen_hash(edition.id).await?, tally.to_do()),
        false => (
            plan::held(config, store, &edition).await?.hash(config)?,
            store.readers_of(desk.shared().newsletter(), &choices).await?,
        ),
    };
    let before = before(desk, noted.last_decision, hash, readers);
    let page = view::One {
        f: head_of(desk, editor, true),
        notice,
        status: standing(desk, &edition, reason.as_deref()),
        letters: vec![letters],
        refusals: reasons::of(&store.refused_letters(edition.id).await?),
        can_hold: matches!(edition.state, EditionState::Frozen | EditionState::Sending),
        can_go: edition.state == EditionState::Held,
        history: history(desk, &noted.notes, false),
        before,
        most: MOST,
        why: ask.typed.why.clone(),
        preview: preview_of(desk, ask, &choices, &key, shown, format!("{}past/{period}", desk.root())),
        subject: edition.subject,
    };
    answer(desk, status, &page)
}
