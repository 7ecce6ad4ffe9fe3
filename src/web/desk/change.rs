//! What editors do with the coming edition: they send its proof, try its links, and decide.

use std::fmt::Display;

use axum::{
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use url::form_urlencoded;

use super::super::readers::form::Fields;
use super::{
    Desk, DeskError, edition,
    form::DeskForm,
    mend::{SaveResult, save},
    pages::DeskNotice,
    past, proofs,
    query::{DeskQuery, MAX_LINE_UNITS, MAX_OPENING_UNITS, MAX_PORTRAIT_UNITS, UnsavedInput},
    redirect, refusals,
    session::Editor,
    texts::{Texts, line},
};
use chrono::NaiveTime;

use crate::{
    edition::{
        another_hour,
        decide::{self, DecisionRefusal, DecisionRequest},
        editors::{self, ProofResult},
        next::{self, ReviewedState},
        variants as edition_variants,
    },
    locales::fill,
    model::{EmailAddress, Instant, Mailbox, Period},
};

/// Which texts are longer than their fields in the page, in words.
pub(super) fn too_long(desk: &Desk, fields: &Fields, sent: &Texts) -> Vec<String> {
    let w = desk.words();
    let why = line(fields, "why");
    let texts = [
        (&w.subject, sent.subject.as_str(), MAX_LINE_UNITS),
        (&w.preheader, &sent.preheader, MAX_LINE_UNITS),
        (&w.opening, &sent.opening, MAX_OPENING_UNITS),
        (&w.signed, &sent.signed, MAX_LINE_UNITS),
        (&w.portrait, &sent.portrait, MAX_PORTRAIT_UNITS),
        (&w.closing, &sent.closing, MAX_OPENING_UNITS),
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
pub(super) fn ask(fields: &Fields) -> DeskQuery {
    let text = |name: &str| fields.get(name).to_owned();
    let (view, variant, mut edition) = (text("view"), text("variant"), text("edition"));
    // A special edition is what its page says, whatever comes next meanwhile.
    if edition.is_empty() && Period::from_key(fields.get("period")).is_special() {
        edition = text("period");
    }
    DeskQuery { view, variant, edition, ..DeskQuery::default() }
}

/// Where a page with the same view is.
pub(super) fn query_of(ask: &DeskQuery, said: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in
        [("edition", ask.edition.as_str()), ("view", &ask.view), ("variant", &ask.variant), ("said", said)]
    {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() { query } else { format!("?{query}") }
}

pub(super) fn refused(desk: &Desk, lines: Vec<String>) -> DeskNotice {
    DeskNotice::refused(&desk.words().refused, lines)
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
    if fields.get("act") == "resume" {
        return resume(&desk, &editor, &fields).await;
    }
    if matches!(fields.get("act"), "put-off" | "put-back") {
        return put_off(&desk, &editor, &fields).await;
    }
    let period = Period::from_key(fields.get("period"));
    let why = line(&fields, "why");
    let seen = sight(&fields);
    let decision = match (fields.get("act"), &seen) {
        ("hold", _) => DecisionRequest::Hold(&why),
        ("skip", _) => DecisionRequest::Skip,
        ("send", Some(seen)) => DecisionRequest::Send(seen),
        ("approve", Some(seen)) => DecisionRequest::Approve(Some(seen)),
        ("release", Some(seen)) => DecisionRequest::Release { seen: Some(seen), with_withdrawn: false },
        ("release-withdrawn", Some(seen)) => DecisionRequest::Release { seen: Some(seen), with_withdrawn: true },
        _ => return Ok(StatusCode::BAD_REQUEST.into_response()),
    };
    let too_long = too_long(&desk, &fields, &Texts::default());
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

/// Brings an edition back that was skipped.
async fn resume(desk: &Desk, editor: &Editor, fields: &Fields) -> Result<Response, DeskError> {
    let (config, store, now) = desk.context();
    let cutoff = fields.get("cutoff").parse().ok().and_then(Instant::from_timestamp_millis);
    let Some(cutoff) = cutoff else { return Ok(StatusCode::BAD_REQUEST.into_response()) };
    match decide::resume(config, store, now, &editor.name, cutoff).await? {
        Ok(_) => Ok(redirect(desk, "")),
        Err(refusal) => {
            let notice = Some(refused(desk, vec![refusals::words(desk.lang(), &refusal)]));
            edition::show(desk, editor, &DeskQuery::default(), notice, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}

/// Puts the edition off to another hour of its day, or back to its own.
async fn put_off(desk: &Desk, editor: &Editor, fields: &Fields) -> Result<Response, DeskError> {
    let (config, store, now) = desk.context();
    let period = Period::from_key(fields.get("period"));
    let hour = (fields.get("act") == "put-off").then(|| NaiveTime::parse_from_str(fields.get("hour"), "%H:%M").ok());
    let refusal = match hour {
        // What is no hour.
        Some(None) => Err(DecisionRefusal::Hour(period)),
        hour => another_hour::put_off(config, store, now, &editor.name, &period, hour.flatten()).await?,
    };
    let ask = ask(fields);
    match refusal {
        Ok(_) => Ok(redirect(desk, &query_of(&ask, ""))),
        Err(refusal) => {
            let notice = Some(refused(desk, vec![refusals::words(desk.lang(), &refusal)]));
            edition::show(desk, editor, &ask, notice, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
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

/// Sends the proof to the editors that are ticked, with what was typed on the page.
pub(super) async fn proof(headers: HeaderMap, form: DeskForm) -> Result<Response, DeskError> {
    let DeskForm { desk, editor, fields } = form;
    let (config, store, now) = desk.context();
    let ask = ask(&fields);
    if let Some(page) = unsaved(&headers, &desk, &editor, &fields, &ask).await? {
        return Ok(page);
    }
    let mut chosen: Vec<Mailbox> = config
        .desk
        .editors
        .iter()
        .filter(|editor| fields.all("to").any(|address| address == editor.address.to_string()))
        .cloned()
        .collect();
    let other = line(&fields, "other");
    match other.parse::<EmailAddress>() {
        _ if other.is_empty() => {}
        Ok(address) => chosen.push(Mailbox { name: None, address }),
        Err(_) => {
            let notice = Some(refused(&desk, vec![fill(&desk.words().no_address, &[("address", &other)])]));
            return edition::show(&desk, &editor, &ask, notice, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    }
    let coming = next::coming(config, store, now, wanted(&fields).as_ref()).await?;
    let proofs = editors::send_proof(config, store, now.at, &editor.name, &coming, &chosen).await?;
    let w = desk.words();
    let why_not = match proofs {
        ProofResult::Queued(_) => match proofs::delivery(&desk, now.at).await? {
            None => return Ok(redirect(&desk, &query_of(&ask, "proof"))),
            Some(lines) => {
                let notice = Some(DeskNotice::refused(&w.proof_waits, lines));
                return edition::show(&desk, &editor, &ask, notice, StatusCode::OK).await;
            }
        },
        ProofResult::Again => return Ok(redirect(&desk, &query_of(&ask, "proof-again"))),
        ProofResult::Nobody if config.desk.editors.is_empty() => &w.no_editors,
        ProofResult::Nobody => &w.nobody_ticked,
        ProofResult::Empty => &w.no_proof,
    };
    let notice = refused(&desk, vec![why_not.clone()]);
    edition::show(&desk, &editor, &ask, Some(notice), StatusCode::UNPROCESSABLE_ENTITY).await
}

/// Which edition a form is about.
fn wanted(fields: &Fields) -> Option<Period> {
    Some(fields.get("period")).filter(|period| !period.is_empty()).map(Period::from_key)
}

/// Keeps what was typed on the page of a form that does something else, without a script: else it would be gone with
/// the page. Gives the page that says why it could not be kept.
async fn unsaved(
    headers: &HeaderMap,
    desk: &Desk,
    editor: &Editor,
    fields: &Fields,
    ask: &DeskQuery,
) -> Result<Option<Response>, DeskError> {
    // The script has saved it before.
    if headers.contains_key("x-desk") || !fields.has("version") {
        return Ok(None);
    }
    Ok(match save(desk, editor, fields, ask, false).await? {
        SaveResult::Saved { .. } => None,
        SaveResult::Refused(page) => Some(page),
    })
}

/// Tries every link of the edition, because somebody asked.
pub(super) async fn links(headers: HeaderMap, form: DeskForm) -> Result<Response, DeskError> {
    let DeskForm { desk, editor, fields } = form;
    let (config, store, now) = desk.context();
    let ask = ask(&fields);
    if let Some(page) = unsaved(&headers, &desk, &editor, &fields, &ask).await? {
        return Ok(page);
    }
    let coming = next::coming(config, store, now, wanted(&fields).as_ref()).await?;
    let variants = edition_variants::render_all(config, &coming)?;
    let html = variants.first().map(|(_, rendered)| rendered.html.as_str());
    let tried = super::links::try_links(html.unwrap_or_default(), &config.fetch.private_hosts, desk.words()).await;
    let w = desk.words();
    let left = (tried.left > 0).then(|| desk.lang().counted(&w.links_left, tried.left as u64, &[]));
    let notice = if tried.broken.is_empty() {
        DeskNotice::Done([Some(w.links_good.clone()), left].into_iter().flatten().collect::<Vec<_>>().join(" "))
    } else {
        DeskNotice::refused(&w.links_bad, tried.broken.into_iter().chain(left).collect())
    };
    edition::show(&desk, &editor, &ask, Some(notice), StatusCode::OK).await
}
