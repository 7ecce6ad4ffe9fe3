//! What a subscriber chose, and what is known of one: behind a link that came by mail and ends.

use askama::Template;
use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use url::Position;

use super::{
    MIN_ANSWER_TIME, NoticePage,
    access::{PreferencesAccess, find_access, lang, refuse_access},
    answer, broken, consent,
    form::{self, FieldError, Fields, FormCheck, RhythmOption, RubriqueBox, SentChoices},
    lede, letters,
    newsletters::{self, NewsletterBox},
    refused,
};
use crate::{
    locales::Readers,
    model::{DeliveryTime, Lang, token},
    outbox::retention,
    store::{KnownReader, Preference, Request},
    templates::View,
    web::{Client, Shared, page::PageFrame},
};

#[derive(Template, Serialize)]
#[template(path = "web/preferences.html")]
struct Page<'a> {
    frame: PageFrame<'a>,
    words: &'static Readers,
    /// The languages that there are.
    languages: Vec<Language>,
    lede: String,
    /// What was done; empty if nothing was.
    done: &'a str,
    check: FormCheck,
    name: &'a str,
    email: &'a str,
    rubriques: Vec<RubriqueBox<'a>>,
    newsletters: Vec<NewsletterBox>,
    has_newsletters: bool,
    /// Whether letters of one day are to come as one.
    together: bool,
    rhythms: Vec<RhythmOption>,
    has_rhythms: bool,
    hours: Vec<RhythmOption>,
    has_hours: bool,
    days: Vec<RhythmOption>,
    has_days: bool,
    /// The day before which no letter is wanted; may be empty.
    pause: String,
    active: bool,
    /// What who comes back agrees to.
    consent: String,
    leave: String,
    data: String,
}

impl View for Page<'_> {
    const TEMPLATE: &'static str = "web/preferences.html";
}

/// A language to choose.
#[derive(Serialize)]
struct Language {
    tag: &'static str,
    name: &'static str,
}

pub(super) async fn show(
    State(shared): State<Shared>,
    Path(token): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let access = match find_access(&shared, &token).await {
        Ok(PreferencesAccess::Open(known)) => {
            let is_barred = match is_barred(&shared, &known).await {
                Ok(is_barred) => is_barred,
                Err(error) => return broken(&error),
            };
            return page(&shared, &token, &PreferencesForm { is_barred, ..PreferencesForm::of(&known) }).await;
        }
        Ok(access) => access,
        Err(response) => return response,
    };
    let spoken = Lang::asked(&shared, &uri, headers.get(header::ACCEPT_LANGUAGE));
    match access {
        PreferencesAccess::Letter(letter) => letter.show(&shared, spoken),
        access => refuse_access(&shared, &access, spoken),
    }
}

/// Whether the address is not written to, because letters came back or were called spam.
async fn is_barred(shared: &Shared, known: &KnownReader) -> Result<bool, crate::store::Error> {
    let Ok(address) = known.address.parse() else { return Ok(false) };
    Ok(shared.store().suppression(&address).await?.is_some())
}

/// What the page shows beside what is known.
struct PreferencesForm<'a> {
    known: &'a KnownReader,
    done: Option<&'a str>,
    wrong: Option<FieldError>,
    email: &'a str,
    /// What stands in the field of the pause, if it is not what is known.
    pause: Option<&'a str>,
    is_barred: bool,
}

impl<'a> PreferencesForm<'a> {
    fn of(known: &'a KnownReader) -> Self {
        Self { known, done: None, wrong: None, email: "", pause: None, is_barred: false }
    }
}

/// The day before which a reader wants no letter, empty if there is none.
fn paused_until(shared: &Shared, known: &KnownReader) -> String {
    if known.after <= shared.now() {
        return String::new();
    }
    // The pause ends with the day before.
    let day = shared.config().magazine.zone.local(known.after + chrono::Duration::milliseconds(1)).date_naive();
    day.format("%Y-%m-%d").to_string()
}

async fn page(shared: &Shared, token: &str, shown: &PreferencesForm<'_>) -> Response {
    let PreferencesForm { known, done, wrong, email, pause, is_barred } = *shown;
    let config = shared.config();
    let lang = lang(shared, known);
    let words = &lang.words().readers;
    let subscribed = match shared.store().subscribed_to(known.id).await {
        Ok(subscribed) => subscribed,
        Err(error) => return broken(&error),
    };
    let newsletters = match newsletters::boxes(shared, words, |newsletter| subscribed.contains(newsletter)).await {
        Ok(newsletters) => newsletters,
        Err(error) => return broken(&error),
    };
    let rhythms = form::rhythm_options(config, words, known.rhythm);
    let hours = form::hour_options(config, words, known.delivery);
    let days = form::day_options(config, words, known.delivery);
    let page = Page {
        frame: PageFrame::of(shared, lang),
        words,
        lede: lede(&words.preferences.text, &[("magazine", &config.letter_title()), ("address", &known.address)]),
        languages: Lang::all().map(|lang| Language { tag: lang.tag(), name: lang.name() }).collect(),
        done: done.unwrap_or_default(),
        check: FormCheck::of(wrong),
        name: known.name.as_deref().unwrap_or_default(),
        email,
        rubriques: form::rubrique_boxes(config, |slug| known.choice.wants(Some(slug))),
        has_newsletters: !newsletters.is_empty(),
        newsletters,
        together: known.together,
        has_rhythms: !rhythms.is_empty(),
        rhythms,
        has_hours: !hours.is_empty(),
        hours,
        has_days: !days.is_empty(),
        days,
        pause: pause.map_or_else(|| paused_until(shared, known), str::to_owned),
        active: known.state == "active" && !is_barred,
        consent: consent::ours(config, lang),
        leave: format!(
            "{}{}",
            &config.letters.unsubscribe_url[Position::BeforePath..],
            token::unsubscribe(shared.store().key(), shared.newsletter(), known.reader)
        ),
        data: format!("{}preferences/{token}/data", config.web.url.path()),
    };
    answer(shared, if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, &page)
}

pub(super) async fn take(
    State(shared): State<Shared>,
    Path(token): Path<String>,
    client: Client,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fields = Fields::read(&body);
    let spoken = Lang::asked(&shared, &uri, headers.get(header::ACCEPT_LANGUAGE));
    let known = match find_access(&shared, &token).await {
        Ok(PreferencesAccess::Open(known)) => known,
        // Whose link is too old gets a new one, at the address of the subscription.
        Ok(PreferencesAccess::Expired(known)) if fields.get("do") == "preferences" => {
            return match shared.rate_limit().check(client) {
                Ok(()) => send_link(&shared, &known).await.unwrap_or_else(|error| broken(&error)),
                Err(wait) => wait.into_response(),
            };
        }
        Ok(PreferencesAccess::Letter(letter)) => return letter.take(&shared, spoken, client).await,
        Ok(access) => return refuse_access(&shared, &access, spoken),
        Err(response) => return response,
    };
    let words = &lang(&shared, &known).words().readers;
    let outcome = match fields.get("do") {
        "save" => save(&shared, &token, known, &fields, client).await,
        "rejoin" => rejoin(&shared, &token, known, client).await,
        "move" => match shared.rate_limit().check(client) {
            Ok(()) => change(&shared, &token, &known, &fields, client).await,
            Err(wait) => return wait.into_response(),
        },
        "erase" if fields.get("sure") == "yes" => {
            let erased = retention::erase_reader(shared.config(), shared.store(), &known, shared.now()).await;
            let frame = PageFrame::of(&shared, lang(&shared, &known));
            erased
                .map(|_| answer(&shared, StatusCode::OK, &NoticePage::of(frame, &words.erased, &[])))
                .map_err(letters::Error::from)
        }
        "erase" => {
            let wrong = Some(FieldError { field: "sure", words: &words.erase_sure });
            Ok(page(&shared, &token, &PreferencesForm { wrong, ..PreferencesForm::of(&known) }).await)
        }
        _ => return StatusCode::BAD_REQUEST.into_response(),
    };
    outcome.unwrap_or_else(|error| broken(&error))
}

async fn send_link(shared: &Shared, known: &KnownReader) -> Result<Response, letters::Error> {
    let lang = lang(shared, known);
    letters::link(shared, lang, known).await?;
    Ok(answer(
        shared,
        StatusCode::OK,
        &NoticePage::of(PageFrame::of(shared, lang), &lang.words().readers.link_sent, &[]),
    ))
}

/// Changes what was sent, and nothing else.
async fn save(
    shared: &Shared,
    token: &str,
    mut known: KnownReader,
    fields: &Fields,
    client: Client,
) -> Result<Response, letters::Error> {
    let words = &lang(shared, &known).words().readers;
    let (config, now) = (shared.config(), shared.now());
    let sent = form::sent_choices(config, fields, words).and_then(|sent| {
        let rhythm = match fields.has("rhythm") {
            true => form::rhythm(config, fields, words, known.rhythm)?,
            false => known.rhythm,
        };
        let pause = match fields.has("pause") {
            true => form::pause(config, fields, words, now)?,
            false => Some(known.after).filter(|after| *after > now),
        };
        let delivery = form::delivery(config, fields, words, known.delivery)?;
        Ok((sent, rhythm, pause, delivery, newsletters::sent(config, fields, words)?))
    });
    let (SentChoices { name, choice }, rhythm, paused_until, delivery, newsletters) = match sent {
        Ok(sent) => sent,
        Err(wrong) => {
            let pause = Some(fields.get("pause")).filter(|_| wrong.field == "pause");
            let form = PreferencesForm { wrong: Some(wrong), pause, ..PreferencesForm::of(&known) };
            return Ok(page(shared, token, &form).await);
        }
    };
    let after = paused_until.unwrap_or_default();
    let (name, choice) = (name.unwrap_or(known.name), choice.unwrap_or(known.choice));
    if delivery != known.delivery {
        shared.store().set_delivery(shared.newsletter(), known.id, delivery).await?;
    }
    let together = if fields.has("together") { fields.all("together").any(|one| one == "yes") } else { known.together };
    if together != known.together {
        shared.store().set_together(known.id, together).await?;
    }
    known = KnownReader { name, choice, rhythm, after, delivery, together, ..known };
    let language = Lang::known(fields.get("language")).unwrap_or_else(|| lang(shared, &known));
    let (name, newsletter) = (known.name.as_deref(), shared.newsletter());
    let preference = Preference { choice: known.choice.clone(), rhythm, paused_until };
    shared.store().set_preferences(newsletter, known.id, name, language.tag(), &preference, now).await?;
    if let Some(wanted) = newsletters {
        let lang = lang(shared, &known);
        newsletters::subscribe_to(shared, lang, &mut known, &wanted, client).await?;
    }
    known.language = Some(language.tag().to_owned());
    let (done, is_barred) = (Some(language.words().readers.saved.as_str()), is_barred(shared, &known).await?);
    Ok(page(shared, token, &PreferencesForm { done, is_barred, ..PreferencesForm::of(&known) }).await)
}

/// Lets somebody come back who had left, or whose letters came back.
async fn rejoin(
    shared: &Shared,
    token: &str,
    mut known: KnownReader,
    client: Client,
) -> Result<Response, letters::Error> {
    let lang = lang(shared, &known);
    let consent = consent::ours(shared.config(), lang);
    let from = client.address.map(|address| address.to_string());
    shared.store().rejoin(shared.newsletter(), known.id, &consent, from.as_deref(), shared.now()).await?;
    "active".clone_into(&mut known.state);
    Ok(page(
        shared,
        token,
        &PreferencesForm { done: Some(lang.words().readers.rejoined.as_str()), ..PreferencesForm::of(&known) },
    )
    .await)
}

async fn change(
    shared: &Shared,
    token: &str,
    known: &KnownReader,
    fields: &Fields,
    client: Client,
) -> Result<Response, letters::Error> {
    let begun = tokio::time::Instant::now();
    let lang = lang(shared, known);
    let words = &lang.words().readers;
    let address = match form::address(fields, words) {
        Ok(address) => address,
        Err(wrong) => {
            let email = fields.get("email");
            let form = PreferencesForm { wrong: Some(wrong), email, ..PreferencesForm::of(known) };
            return Ok(page(shared, token, &form).await);
        }
    };
    let now = shared.now();
    let request = Request {
        id: shared.store().unguessable()?,
        mover: Some(known.id),
        newsletter: shared.newsletter().clone(),
        others: Vec::new(),
        address,
        name: known.name.clone(),
        choice: known.choice.clone(),
        delivery: DeliveryTime::default(),
        language: lang.tag().to_owned(),
        consent: consent::ours(shared.config(), lang),
        way: "form",
        asked: now,
        from: client.address.map(|address| address.to_string()),
        expires: now + letters::CONFIRM_LIFETIME,
    };
    let asked = letters::change(shared, lang, &request).await;
    tokio::time::sleep_until(begun + MIN_ANSWER_TIME).await;
    if let Err(error) = asked {
        return Ok(refused(shared, lang, &error));
    }
    Ok(answer(shared, StatusCode::OK, &NoticePage::of(PageFrame::of(shared, lang), &words.sent, &[])))
}
