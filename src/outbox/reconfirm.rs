//! The question whether to go on, to readers of whom no consent is known: they came with a list that had no proof. Each
//! is asked once. The answer is a confirmation as any other; what becomes of who does not answer, the configuration says.

use chrono::Duration;

use super::consent;
use crate::{
    config::{Config, Reconfirm, WithoutAnswer},
    edition::render::service::{self, AutoSubmitted, ServiceEnvelope, ServiceMessage},
    locales::fill,
    model::{Instant, Lang, token},
    send::Error,
    store::{KnownReader, Request, ServiceKind, ServiceLetter, Store},
};

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReconfirmReport {
    /// So many readers are asked.
    pub asked: u64,
    /// So many subscriptions rest, because nobody answered.
    pub rested: u64,
}

/// Asks those who are due, as many as may be asked in a day, and lets those rest who have not answered.
pub async fn work(config: &Config, store: &Store, at: Instant) -> Result<ReconfirmReport, Error> {
    let Some(wanted) = config.reconfirm else { return Ok(ReconfirmReport::default()) };
    let mut report = ReconfirmReport::default();
    if wanted.without_answer == WithoutAnswer::Rest {
        report.rested = store.rest_unanswered(at - wanted.wait, at).await?;
    }
    let asked_today = store.asked_since(at - Duration::days(1)).await?;
    let mut left = i64::from(wanted.a_day) - asked_today;
    for digest in &config.newsletters {
        let view = config.view(&digest.newsletter).ok().flatten();
        let view = view.as_ref().unwrap_or(config);
        if left <= 0 {
            break;
        }
        for id in store.unproven_readers(&digest.newsletter, at - wanted.after, at, left).await? {
            let Some(known) = store.subscriber(&digest.newsletter, id).await? else { continue };
            if ask(view, store, wanted, &known, at).await? {
                report.asked += 1;
                left -= 1;
            }
        }
    }
    Ok(report)
}

async fn ask(
    config: &Config,
    store: &Store,
    wanted: Reconfirm,
    known: &KnownReader,
    at: Instant,
) -> Result<bool, Error> {
    let Ok(address) = known.address.parse() else { return Ok(false) };
    let lang = known.language.as_deref().and_then(Lang::known).unwrap_or(config.magazine.lang);
    let words = &lang.words().service;
    let until = at + wanted.wait;
    let request = Request {
        id: store.unguessable()?,
        mover: None,
        address,
        name: known.name.clone(),
        newsletter: config.digest.newsletter.clone(),
        choice: known.choice.clone(),
        delivery: known.delivery,
        others: Vec::new(),
        language: lang.tag().to_owned(),
        consent: consent::words(config, lang),
        way: "reconfirm",
        asked: at,
        from: None,
        expires: until,
    };
    let magazine = &config.letter_title();
    let day = &lang.day(config.magazine.zone.local(until).date_naive());
    let without_answer = match wanted.without_answer {
        WithoutAnswer::Stay => &words.reconfirm_stay,
        WithoutAnswer::Rest => &words.reconfirm_rest,
    };
    let fill = |text: &String| fill(text, &[("magazine", magazine), ("day", day)]);
    let button = format!("{}confirm/{}", config.web.url, token::confirm(store.key(), request.id));
    let note = ServiceMessage {
        lang,
        subject: format!("{} · {magazine}", words.reconfirm.title),
        title: words.reconfirm.title.clone(),
        before: words.reconfirm.text.iter().chain([without_answer]).map(fill).collect(),
        button: Some((words.reconfirm.label.clone(), button)),
        after: vec![crate::locales::fill(&lang.words().readers.agreed, &[("consent", &request.consent)])],
    };
    let to = &request.address;
    let envelope = ServiceEnvelope { to, name: known.name.as_deref(), at, cause: AutoSubmitted::Generated };
    let message = service::write(config, store.key(), &note, envelope)?.text;
    let letter =
        ServiceLetter { kind: ServiceKind::Reconfirm, address: to.clone(), message, queued: at, expires: until };
    Ok(store.queue_once(known.id, None, Some(&request), &letter).await?)
}
