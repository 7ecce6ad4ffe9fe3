//! What editors change in the coming edition: its texts, field by field, and its columns. What two have changed at once
//! is put together; what cannot be is refused, and nobody types anything twice.

use std::collections::BTreeSet;

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode},
    response::Response,
};

use super::super::readers::form::Fields;
use super::{
    Desk, DeskError,
    audiences::of_reader,
    change::{ask, query_of, refused, too_long},
    edition,
    form::DeskForm,
    pages::DeskNotice,
    query::DeskQuery,
    redirect,
    session::Editor,
    texts::{self, TextField, Texts, line},
};
use crate::{
    edition::next::{self, NextEdition},
    locales::fill,
    model::{Changes, ColumnId, Part, Period, Version},
};

/// How often a change is put together again because somebody else's came in between.
const MAX_ATTEMPTS: usize = 5;

/// What became of what an editor sent.
pub(super) enum SaveResult {
    /// The store has it.
    Saved {
        /// As the edition was before it.
        before: Box<NextEdition>,
        /// What others have changed since the editor's page was made, in words.
        others: Vec<String>,
        /// Whether it changed anything.
        changed: bool,
    },
    /// Something of it could not be taken: the page that says so.
    Refused(Response),
}

/// Keeps what an editor changed.
pub(super) async fn mend(headers: HeaderMap, form: DeskForm) -> Result<Response, DeskError> {
    let DeskForm { desk, editor, fields } = form;
    let is_live = headers.contains_key("x-desk");
    let mut ask = ask(&fields);
    if fields.has("show") {
        fields.get("show").clone_into(&mut ask.view);
    }
    let (before, others, changed) = match save(&desk, &editor, &fields, &ask, is_live).await? {
        SaveResult::Refused(page) => return Ok(page),
        SaveResult::Saved { before, others, changed } => (before, others, changed),
    };
    let mut why_not = None;
    if fields.get("act") == "reader" {
        match of_reader(&desk, &before, &line(&fields, "reader")).await? {
            Ok(audience) => ask.variant = audience.key(),
            Err(why) => why_not = Some(refused(&desk, vec![why])),
        }
    }
    // The script takes what it needs from the page; others come back to it.
    if let Some(notice) = why_not {
        return edition::show(&desk, &editor, &ask, Some(notice), StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    if is_live {
        let notice = (!others.is_empty()).then_some(DeskNotice::Merged { lines: others });
        let mut response = edition::show(&desk, &editor, &ask, notice, StatusCode::OK).await?;
        // What stood there before this change alone: whoever looked at it may decide about what it is now.
        if let Ok(was) = HeaderValue::try_from(before.hash(desk.shared().config())?) {
            response.headers_mut().insert("x-desk-was", was);
        }
        return Ok(response);
    }
    if !others.is_empty() {
        let notice = Some(DeskNotice::Merged { lines: others });
        return edition::show(&desk, &editor, &ask, notice, StatusCode::OK).await;
    }
    let only_looks = fields.has("show") || fields.get("act") == "reader";
    let said = if changed || !only_looks { "saved" } else { "" };
    Ok(redirect(&desk, &query_of(&ask, said)))
}

/// Takes what an editor sent into the changes of the edition that it was sent for.
pub(super) async fn save(
    desk: &Desk,
    editor: &Editor,
    fields: &Fields,
    ask: &DeskQuery,
    is_live: bool,
) -> Result<SaveResult, DeskError> {
    let (config, store, now) = desk.context();
    let mut ask = ask.clone();
    let sent = Texts::sent(fields);
    let too_long = too_long(desk, fields, &sent);
    if !too_long.is_empty() {
        ask.typed.words = Some(sent);
        let notice = Some(refused(desk, too_long));
        let page = edition::show(desk, editor, &ask, notice, StatusCode::UNPROCESSABLE_ENTITY).await?;
        return Ok(SaveResult::Refused(page));
    }
    let wanted = Period::from_key(fields.get("period"));
    let number: i64 = fields.get("version").parse().unwrap_or(-1);
    for _ in 0..MAX_ATTEMPTS {
        let before = next::coming(config, store, now, Some(&wanted)).await?;
        let (period, key) = (&before.draft.slot.period, before.draft.slot.key());
        if *period != wanted {
            let notice = Some(gone(desk, fields, period));
            let page = edition::show(desk, editor, &ask, notice, StatusCode::CONFLICT).await?;
            return Ok(SaveResult::Refused(page));
        }
        let current = &before.desk.version;
        let base = match number {
            0 => Some(Changes::default()),
            number if number == current.number => Some(current.changes.clone()),
            number => store.version(&key, number).await?.map(|version| version.changes),
        };
        let mut changes = current.changes.clone();
        let clashes = texts::merge(config, &before.draft, base.as_ref(), fields, &mut changes);
        let moved = act(&mut changes, &before, fields.get("act"), base.as_ref());
        // One click back: as the edition was then, with all its parts.
        if let Some(number) = fields.get("act").strip_prefix("back ").and_then(|number| number.parse::<i64>().ok()) {
            match number {
                0 => changes = Changes::default(),
                number => {
                    if let Some(version) = store.version(&key, number).await? {
                        changes = version.changes;
                    }
                }
            }
        }
        let changed = changes != current.changes;
        if changed && !store.change(&key, current.number, &changes, &editor.name, now.at).await? {
            continue;
        }
        let others = base.as_ref().filter(|base| **base != current.changes).map(|base| told(desk, current, base));
        let others = others.unwrap_or_default();
        if clashes.is_empty() && moved {
            return Ok(SaveResult::Saved { before: Box::new(before), others, changed });
        }
        let theirs = Texts::shown(config, &before.draft, &current.changes);
        let mut typed = Texts::shown(config, &before.draft, &changes);
        for field in &clashes {
            typed.set(*field, sent.get(*field));
        }
        let notice = clash(desk, &clashes, &theirs, others);
        // The script has its editor's words in its fields, and takes the others' from the page.
        ask.typed.words = (!is_live).then_some(typed);
        ask.typed.clashes = clashes;
        let page = edition::show(desk, editor, &ask, Some(notice), StatusCode::CONFLICT).await?;
        return Ok(SaveResult::Refused(page));
    }
    Err(crate::edition::Error::TooManyChanges(wanted).into())
}

/// What has changed since a page was made, and who touched the edition last.
fn told(desk: &Desk, theirs: &Version, base: &Changes) -> Vec<String> {
    let words = &desk.words().changed_meanwhile;
    let parts = theirs.changes.differences(base).into_iter();
    parts.map(|part| fill(words, &[("who", &theirs.who), ("part", &part_of(desk, part))])).collect()
}

/// What a part of an edition is called.
pub(super) fn part_of(desk: &Desk, part: Part) -> &'static str {
    let parts = &desk.words().parts;
    match part {
        Part::Subject => &parts.subject,
        Part::Preheader => &parts.preheader,
        Part::Opening => &parts.opening,
        Part::Signature => &parts.signature,
        Part::Closing => &parts.closing,
        Part::Pinned => &parts.pinned,
        Part::LeftOut => &parts.left_out,
        Part::Again => &parts.again,
        Part::Order => &parts.order,
    }
}

/// What a field is called.
fn label(desk: &Desk, field: TextField) -> &'static str {
    let w = desk.words();
    match field {
        TextField::Subject => &w.subject,
        TextField::Preheader => &w.preheader,
        TextField::Opening => &w.opening,
        TextField::Signed => &w.signed,
        TextField::Portrait => &w.portrait,
        TextField::Closing => &w.closing,
    }
}

/// What an editor is told who changed what somebody else has changed meanwhile. Without a field it is about columns.
fn clash(desk: &Desk, clashes: &[TextField], theirs: &Texts, lines: Vec<String>) -> DeskNotice {
    let w = desk.words();
    let texts = clashes.iter().map(|field| (label(desk, *field), theirs.get(*field).to_owned()));
    DeskNotice::Refused {
        title: if clashes.is_empty() { &w.moved_meanwhile } else { &w.script.conflict },
        lines,
        before_texts: &w.script.theirs,
        texts: texts.collect(),
    }
}

/// What an editor is told whose edition is no longer the one to come: what they had written stands there.
fn gone(desk: &Desk, fields: &Fields, period: &Period) -> DeskNotice {
    let w = desk.words();
    let sent = Texts::sent(fields);
    let texts = TextField::ALL.map(|field| (label(desk, field), sent.get(field).to_owned()));
    DeskNotice::Refused {
        title: &w.stale,
        lines: vec![period.to_string()],
        before_texts: &w.stale_yours,
        texts: texts.into_iter().filter(|(_, text)| !text.trim().is_empty()).collect(),
    }
}

/// Does what a button of the list says, such as `pin 12` or `order 3,1,2`. False if it was made for an order that
/// somebody else has changed meanwhile: then nothing is done.
fn act(changes: &mut Changes, coming: &NextEdition, act: &str, base: Option<&Changes>) -> bool {
    let (verb, rest) = act.split_once(' ').unwrap_or((act, ""));
    let known = |id: &ColumnId| {
        let repeated = coming.repeats.iter().map(|repeat| &repeat.column);
        coming.all.iter().chain(repeated).any(|column| column.id == *id)
    };
    let ids: Vec<ColumnId> = rest.split(',').filter_map(|id| id.parse().ok().map(ColumnId)).filter(known).collect();
    let Some(id) = ids.first().copied() else { return true };
    match verb {
        "pin" if !changes.pinned.contains(&id) => changes.pinned.push(id),
        "unpin" => changes.pinned.retain(|other| *other != id),
        "out" if !changes.left_out.contains(&id) => {
            changes.left_out.push(id);
            changes.pinned.retain(|other| *other != id);
        }
        "in" => changes.left_out.retain(|other| *other != id),
        "again" if !changes.again.contains(&id) => changes.again.push(id),
        "order" => {
            let order = |changes: &Changes| (changes.pinned.clone(), changes.order.clone());
            if base.is_none_or(|base| order(base) != order(&coming.desk.version.changes)) {
                return false;
            }
            // What the page did not know stays: before what it ordered, or, if it is pinned, behind that. A column
            // that was withdrawn meanwhile may come back.
            let mut seen = BTreeSet::new();
            let mut pinned: Vec<ColumnId> = ids.iter().chain(&changes.pinned).copied().collect();
            pinned.retain(|id| changes.pinned.contains(id) && seen.insert(*id));
            changes.pinned = pinned;
            changes.order = ids;
        }
        "up" | "down" => step(changes, coming, id, verb == "up"),
        _ => {}
    }
    true
}

/// Moves a column one place up or down among those of its rubrique that are pinned like itself.
fn step(changes: &mut Changes, coming: &NextEdition, id: ColumnId, up: bool) {
    let columns = &coming.draft.columns;
    let Some(own) = columns.iter().find(|column| column.id == id) else { return };
    let is_pinned = |id: &ColumnId| changes.pinned.contains(id);
    let near: Vec<ColumnId> = columns
        .iter()
        .filter(|column| column.rubrique == own.rubrique && is_pinned(&column.id) == is_pinned(&id))
        .map(|column| column.id)
        .collect();
    let Some(at) = near.iter().position(|other| *other == id) else { return };
    let other = if up { at.checked_sub(1) } else { Some(at + 1) };
    let Some(other) = other.and_then(|other| near.get(other)).copied() else { return };
    let mut order: Vec<ColumnId> = columns.iter().map(|column| column.id).collect();
    let pinned = is_pinned(&id);
    let list = if pinned { &mut changes.pinned } else { &mut order };
    let place = |which: ColumnId| list.iter().position(|id| *id == which);
    if let (Some(a), Some(b)) = (place(id), place(other)) {
        list.swap(a, b);
    }
    if !pinned {
        changes.order = order;
    }
}
