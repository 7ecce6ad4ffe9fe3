//! What editors do: they mend the coming edition, send its proof, and decide. A change that was made
//! to what somebody else has changed meanwhile is refused, and told.

use std::{collections::BTreeSet, fmt::Display};

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use url::form_urlencoded;

use super::super::readers::form::Fields;
use super::{
    Desk, DeskError, edition,
    form::DeskForm,
    pages::DeskNotice,
    past,
    query::{DeskQuery, MAX_LINE_UNITS, MAX_OPENING_UNITS, UnsavedInput},
    redirect, refusals,
};
use crate::{
    edition::{
        decide::{self, DecisionRefusal, DecisionRequest},
        editors::{self, ProofResult},
        next::{self, ReviewedState},
        render::default_subject,
        variants as edition_variants,
    },
    locales::fill,
    model::{Changes, ColumnId, EditionKey, Mailbox, Part, Period, text},
};

/// A field's text on one line, without what no letter can hold.
fn line(fields: &Fields, name: &str) -> String {
    text::one_line(&text::remove_illegal(fields.get(name)).0)
}

/// A field's text on several lines.
fn long_text(fields: &Fields, name: &str) -> String {
    text::remove_illegal(&fields.get(name).replace("\r\n", "\n")).0.into_owned()
}

/// Which texts are longer than their fields in the page, in words.
fn too_long(desk: &Desk, fields: &Fields, opening: &str) -> Vec<String> {
    let w = desk.words();
    let (subject, preheader, why) = (line(fields, "subject"), line(fields, "preheader"), line(fields, "why"));
    let texts = [
        (&w.subject, subject.as_str(), MAX_LINE_UNITS),
        (&w.preheader, &preheader, MAX_LINE_UNITS),
        (&w.opening, opening, MAX_OPENING_UNITS),
        (&w.why, &why, MAX_LINE_UNITS),
    ];
    let long = texts.into_iter().filter_map(|(label, text, most)| {
        // As browsers count.
        let length = text.encode_utf16().count();
        let more = length.checked_sub(most).filter(|more| *more > 0)?;
        let with: [(&str, &dyn Display); 3] = [("field", label), ("length", &length), ("most", &most)];
        Some(desk.lang().counted(&w.too_long, more as u64, &with))
    });
    long.collect()
}

/// What the page showed.
fn ask(fields: &Fields) -> DeskQuery {
    let field = |name| fields.get(name).to_owned();
    DeskQuery { view: field("view"), variant: field("variant"), edition: field("period"), ..DeskQuery::default() }
}

/// Where a page with the same view is.
fn query_of(ask: &DeskQuery, said: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    // The others have pages of their own, or come next.
    let edition = ask.named().filter(Period::is_special).map(|period| period.to_string()).unwrap_or_default();
    let parts = [("edition", edition.as_str()), ("view", &ask.view), ("variant", &ask.variant), ("said", said)];
    for (name, value) in parts {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() { query } else { format!("?{query}") }
}

/// Keeps what an editor changed.
pub(super) async fn mend(headers: HeaderMap, form: DeskForm) -> Result<Response, DeskError> {
    let DeskForm { desk, editor, fields } = form;
    let (config, store, now) = desk.context();
    let coming = next::coming(config, store, now, ask(&fields).named().as_ref()).await?;
    let (period, key) = (&coming.draft.slot.period, coming.draft.slot.key());
    let current = &coming.desk.version;
    let base: i64 = fields.get("version").parse().unwrap_or(-1);
    let mut ask = ask(&fields);
    let opening = long_text(&fields, "opening");
    let too_long = too_long(&desk, &fields, &opening);
    if !too_long.is_empty() {
        ask.typed.words = Some([line(&fields, "subject"), line(&fields, "preheader"), opening]);
        let notice = Some(refused(&desk, too_long));
        return edition::show(&desk, &editor, &ask, notice, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let written = |name: &str, own: &str| Some(line(&fields, name)).filter(|text| !text::is_blank(text) && text != own);
    let mut changes = Changes {
        subject: written("subject", &default_subject(config, &coming.draft)),
        preheader: written("preheader", ""),
        opening: (opening.trim() != config.digest.opening.trim()).then(|| opening.trim().to_owned()),
        ..current.changes.clone()
    };
    act(&mut changes, &coming, fields.get("act"));
    let same = *period == Period::from_key(fields.get("period")) && base == current.number;
    let kept = same && (changes == current.changes || store.change(&key, base, &changes, &editor.name, now.at).await?);
    if !kept {
        let notice = stale(&desk, &fields, period, &key, base).await?;
        return edition::show(&desk, &editor, &ask, Some(notice), StatusCode::CONFLICT).await;
    }
    // The script takes what it needs from the page; others come back to it.
    if headers.contains_key("x-desk") {
        let mut response = edition::show(&desk, &editor, &ask, None, StatusCode::OK).await?;
        // What stood there before this change alone: whoever looked at it may decide about what it is now.
        if let Ok(was) = HeaderValue::try_from(coming.hash(config)?) {
            response.headers_mut().insert("x-desk-was", was);
        }
        return Ok(response);
    }
    Ok(redirect(&desk, &query_of(&ask, "saved")))
}

/// Does what a button of the list says, such as `pin 12` or `order 3,1,2`.
fn act(changes: &mut Changes, coming: &next::NextEdition, act: &str) {
    let (verb, rest) = act.split_once(' ').unwrap_or((act, ""));
    let known = |id: &ColumnId| {
        let repeated = coming.repeats.iter().map(|repeat| &repeat.column);
        coming.all.iter().chain(repeated).any(|column| column.id == *id)
    };
    let ids: Vec<ColumnId> = rest.split(',').filter_map(|id| id.parse().ok().map(ColumnId)).filter(known).collect();
    let Some(id) = ids.first().copied() else { return };
    let columns = &coming.draft.columns;
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
            // What the page did not know stays: before what it ordered, or, if it is pinned, behind that. A column
            // that was withdrawn meanwhile may come back.
            let mut seen = BTreeSet::new();
            let mut pinned: Vec<ColumnId> = ids.iter().chain(&changes.pinned).copied().collect();
            pinned.retain(|id| changes.pinned.contains(id) && seen.insert(*id));
            changes.pinned = pinned;
            changes.order = ids;
        }
        "up" | "down" => {
            let Some(own) = columns.iter().find(|column| column.id == id) else { return };
            let is_pinned = |id: &ColumnId| changes.pinned.contains(id);
            // Its neighbours: of the same rubrique, pinned like itself.
            let near: Vec<ColumnId> = columns
                .iter()
                .filter(|column| column.rubrique == own.rubrique && is_pinned(&column.id) == is_pinned(&id))
                .map(|column| column.id)
                .collect();
            let Some(at) = near.iter().position(|other| *other == id) else { return };
            let other = if verb == "up" { at.checked_sub(1) } else { Some(at + 1) };
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
        _ => {}
    }
}

/// What an editor is told whose change came too late: what has changed, by whom, and what they had
/// written.
async fn stale(
    desk: &Desk,
    fields: &Fields,
    period: &Period,
    key: &EditionKey,
    base: i64,
) -> Result<DeskNotice, DeskError> {
    let w = desk.words();
    let store = desk.shared().store();
    let theirs = store.desk(key).await?.version;
    let mine = store.version(key, base).await?.map(|version| version.changes).unwrap_or_default();
    let parts = theirs.changes.differences(&mine).into_iter().map(|part| {
        let part = match part {
            Part::Subject => &w.parts.subject,
            Part::Preheader => &w.parts.preheader,
            Part::Opening => &w.parts.opening,
            Part::Pinned => &w.parts.pinned,
            Part::LeftOut => &w.parts.left_out,
            Part::Again => &w.parts.again,
            Part::Order => &w.parts.order,
        };
        fill(&w.changed_meanwhile, &[("who", &theirs.who), ("part", part)])
    });
    let mut lines: Vec<String> = parts.collect();
    if *period != Period::from_key(fields.get("period")) {
        lines.push(period.to_string());
    }
    let yours = [(&w.subject, "subject"), (&w.preheader, "preheader"), (&w.opening, "opening")];
    let yours = yours.map(|(label, name)| (label.as_str(), fields.get(name).to_owned()));
    Ok(DeskNotice::Refused {
        title: &w.stale,
        lines,
        yours: yours.into_iter().filter(|(_, text)| !text.trim().is_empty()).collect(),
    })
}

fn refused(desk: &Desk, lines: Vec<String>) -> DeskNotice {
    DeskNotice::Refused { title: &desk.words().refused, lines, yours: Vec::new() }
}

/// What somebody had before them who decides, as the form carries it.
fn sight(fields: &Fields) -> Option<ReviewedState> {
    let number = |name: &str| fields.get(name).parse::<i64>().ok();
    let hash = Some(fields.get("hash").to_owned()).filter(|hash| !hash.is_empty());
    Some(ReviewedState { decision: number("decision")?, hash: hash?, readers: number("readers")? })
}

/// Approves, holds, or lets go: each by its name. Without what was looked at nothing is approved or let go.
pub(super) async fn decide(form: DeskForm) -> Result<Response, DeskError> {
    let DeskForm { desk, editor, fields } = form;
    let (config, store, now) = desk.context();
    let period = Period::from_key(fields.get("period"));
    let why = line(&fields, "why");
    let seen = sight(&fields);
    let decision = match (fields.get("act"), &seen) {
        ("hold", _) => DecisionRequest::Hold(&why),
        ("approve", Some(seen)) => DecisionRequest::Approve(Some(seen)),
        ("release", Some(seen)) => DecisionRequest::Release { seen: Some(seen), with_withdrawn: false },
        ("release-withdrawn", Some(seen)) => DecisionRequest::Release { seen: Some(seen), with_withdrawn: true },
        _ => return Ok(StatusCode::BAD_REQUEST.into_response()),
    };
    let too_long = too_long(&desk, &fields, "");
    let decided = match too_long.is_empty() {
        true => Some(decide::decide(config, store, now, &editor.name, Some(&period), decision).await?),
        false => None,
    };
    let mut ask = ask(&fields);
    let is_past = store.edition_of(desk.shared().newsletter(), &period).await?.is_some();
    if is_past {
        ask.edition.clear();
    }
    let page = if is_past { format!("past/{period}") } else { String::new() };
    let (status, lines) = match decided {
        Some(Ok(_)) => return Ok(redirect(&desk, &format!("{page}{}", query_of(&ask, "")))),
        Some(Err(refusal)) => {
            let status = match refusal {
                DecisionRefusal::Changed
                | DecisionRefusal::Decided(_)
                | DecisionRefusal::Readers { .. }
                | DecisionRefusal::Held { .. } => StatusCode::CONFLICT,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            (status, vec![refusals::words(desk.lang(), &refusal)])
        }
        None => (StatusCode::UNPROCESSABLE_ENTITY, too_long),
    };
    let notice = Some(refused(&desk, lines));
    ask.typed = UnsavedInput { why, ..UnsavedInput::default() };
    if is_past {
        return past::show_one(&desk, &editor, &period, &ask, notice, status).await;
    }
    edition::show(&desk, &editor, &ask, notice, status).await
}

/// Queues letters again that were refused for a reason; the next run sends them.
pub(super) async fn retry(form: DeskForm) -> Result<Response, DeskError> {
    let DeskForm { desk, editor, fields } = form;
    let (_, store, now) = desk.context();
    let period = Period::from_key(fields.get("period"));
    let reason = line(&fields, "reason");
    if reason.is_empty() {
        return Ok(StatusCode::BAD_REQUEST.into_response());
    }
    let edition = store.edition_of(desk.shared().newsletter(), &period).await?.ok_or(DeskError::NotThere)?;
    let retried = store.retry_refused(&edition, &reason, &editor.name, now.at).await?;
    let said = if retried.letters > 0 { "retried" } else { "none" };
    let ask = DeskQuery { edition: String::new(), ..ask(&fields) };
    Ok(redirect(&desk, &format!("past/{period}{}", query_of(&ask, said))))
}

/// Sends the proof to the editors that are ticked.
pub(super) async fn proof(form: DeskForm) -> Result<Response, DeskError> {
    let DeskForm { desk, editor, fields } = form;
    let (config, store, now) = desk.context();
    let chosen: Vec<Mailbox> = config
        .desk
        .editors
        .iter()
        .filter(|editor| fields.all("to").any(|address| address == editor.address.to_string()))
        .cloned()
        .collect();
    let coming = next::coming(config, store, now, ask(&fields).named().as_ref()).await?;
    let proofs = editors::send_proof(config, store, now.at, &editor.name, &coming, &chosen).await?;
    let (ask, w) = (ask(&fields), desk.words());
    let why_not = match proofs {
        ProofResult::Queued(_) => {
            desk.shared().wake_outbox();
            return Ok(redirect(&desk, &query_of(&ask, "proof")));
        }
        ProofResult::Again => return Ok(redirect(&desk, &query_of(&ask, "proof-again"))),
        ProofResult::Nobody if config.desk.editors.is_empty() => &w.no_editors,
        ProofResult::Nobody => &w.nobody_ticked,
        ProofResult::Empty => &w.no_proof,
    };
    let notice = refused(&desk, vec![why_not.clone()]);
    edition::show(&desk, &editor, &ask, Some(notice), StatusCode::UNPROCESSABLE_ENTITY).await
}

/// Tries every link of the edition, because somebody asked.
pub(super) async fn links(form: DeskForm) -> Result<Response, DeskError> {
    let DeskForm { desk, editor, fields } = form;
    let (config, store, now) = desk.context();
    let coming = next::coming(config, store, now, ask(&fields).named().as_ref()).await?;
    let variants = edition_variants::render_all(config, &coming)?;
    let html = variants.first().map(|(_, rendered)| rendered.html.as_str());
    let tried = super::links::try_links(html.unwrap_or_default(), &config.fetch.private_hosts).await;
    let w = desk.words();
    let left = (tried.left > 0).then(|| desk.lang().counted(&w.links_left, tried.left as u64, &[]));
    let notice = if tried.broken.is_empty() {
        DeskNotice::Done([Some(w.links_good.clone()), left].into_iter().flatten().collect::<Vec<_>>().join(" "))
    } else {
        DeskNotice::Refused {
            title: &w.links_bad,
            lines: tried.broken.into_iter().chain(left).collect(),
            yours: Vec::new(),
        }
    };
    edition::show(&desk, &editor, &ask(&fields), Some(notice), StatusCode::OK).await
}
