//! The preview: what it can show, and its frames, with the letter as it is or as a mail program shows it.

use axum::{
    extract::{Path, Query, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

use super::{
    Desk, DeskError,
    audiences::{label, variants_of},
    pages::{InboxMock, LetterPreview, PreviewContent, PreviewOption},
    past, pictures,
    query::DeskQuery,
};
use crate::{
    edition::{
        next,
        preflight::{inbox, lost},
        programs::{self, MailProgram},
        render::archive::without_token,
    },
    locales::fill,
    model::{Audience, Period},
};

/// The view that shows inboxes.
const INBOXES: &str = "inboxes";

/// A letter in inboxes or frames, as a view wants it; what texts there are, their pages know.
pub(super) fn content(desk: &Desk, view: &str, subject: &str, html: &str, address: String) -> PreviewContent {
    let w = desk.words();
    if view == INBOXES {
        let sender = inbox(&desk.shared().config().letters.from);
        let html = without_token(html, "");
        let (gmail, apple) = programs::inbox_views(subject, &html);
        let mock = |program: MailProgram, view: programs::InboxView, notes: &[&String]| InboxMock {
            program: program.name(),
            class: program.key(),
            sender: sender.clone(),
            subject: view.subject,
            words: view.words,
            notes: notes.iter().map(|note| (*note).clone()).collect(),
        };
        return PreviewContent::Inboxes(vec![
            mock(MailProgram::Gmail, gmail, &[&w.gmail_line]),
            mock(MailProgram::AppleMail, apple, &[&w.apple_group, &w.apple_summary]),
        ]);
    }
    let Some(program) = MailProgram::known(view) else { return PreviewContent::Frames(address) };
    let lost = lost(&programs::score(html, program).losses, desk.lang());
    let said = if program == MailProgram::Gmail { &w.imitated_night } else { &w.imitated };
    let dropped = if lost.is_empty() { String::new() } else { format!(" {}", fill(&w.dropped, &[("list", &lost)])) };
    PreviewContent::Imitated { address, note: format!("{said}{dropped}"), has_phone: has_phone(program) }
}

/// Whether a program is on phones, too.
fn has_phone(program: MailProgram) -> bool {
    program != MailProgram::OutlookClassic
}

pub(super) fn preview_of(
    desk: &Desk,
    ask: &DeskQuery,
    audiences: &[Audience],
    key: &str,
    shown: PreviewContent,
    action: String,
) -> LetterPreview {
    let w = desk.words();
    let (outlook, orange) = (MailProgram::OutlookClassic, MailProgram::Orange);
    let (gmail, la_poste) = (MailProgram::Gmail, MailProgram::LaPoste);
    let views = [
        ("both", w.wide_and_phone.as_str()),
        ("dark", &w.dark),
        (INBOXES, &w.inboxes),
        (gmail.key(), &w.gmail_at_night),
        (outlook.key(), outlook.name()),
        (orange.key(), orange.name()),
        (la_poste.key(), la_poste.name()),
        ("text", &w.text),
        ("source", &w.source),
        ("headers", &w.headers),
    ];
    let known = views.iter().any(|(value, _)| *value == ask.view);
    LetterPreview {
        views: views
            .iter()
            .map(|(value, label)| PreviewOption {
                value: (*value).to_owned(),
                label: (*label).to_owned(),
                chosen: *value == ask.view || (!known && *value == "both"),
            })
            .collect(),
        variants: audiences
            .iter()
            .map(|audience| PreviewOption {
                value: audience.key(),
                label: label(desk, audience),
                chosen: audience.key() == key,
            })
            .collect(),
        shown,
        action,
    }
}

/// The address of the preview's frames; it changes with what they show.
pub(super) fn frame(desk: &Desk, period: &str, variant: &str, view: &str, hash: &str) -> String {
    let mode = match MailProgram::known(view) {
        Some(program) => program.key(),
        None if view == "dark" => "dark",
        None => "light",
    };
    format!("{}preview/{period}?variant={variant}&mode={mode}&hash={hash}", desk.root())
}

/// What stands in the preview's frames: the letter alone, in a box of sand where nothing runs.
pub(super) async fn preview(
    State(desk): State<Desk>,
    Path(period): Path<String>,
    Query(ask): Query<DeskQuery>,
) -> Result<Response, DeskError> {
    let (config, store, now) = desk.context();
    let period = Period::from_key(&period);
    let (html, columns) = match store.edition_of(desk.shared().newsletter(), &period).await? {
        Some(edition) => {
            let variants = past::variants_of(&desk, &edition).await?;
            let html =
                variants.into_iter().find(|variant| variant.audience.key() == ask.variant).map(|variant| variant.html);
            (html, store.columns_of(edition.id).await?)
        }
        None => {
            let coming = next::coming(config, store, now, Some(&period)).await?;
            let ours = coming.draft.slot.period == period;
            let mut all = variants_of(config, &coming)?.into_iter();
            let rendered = all.find(|(audience, _)| audience.key() == ask.variant).and_then(|(_, rendered)| rendered);
            (rendered.filter(|_| ours).map(|rendered| rendered.html), coming.all)
        }
    };
    let html = html.ok_or(DeskError::NotThere)?;
    let html = as_shown(&html, &ask.mode).replacen("<head>", "<head><base target=\"_blank\">", 1);
    let html = pictures::with_own_pictures(&desk, without_token(&html, "preview"), &columns).await?;
    // Of the desk's own origin, so that its script may look where the reader stands and its pictures are let through;
    // without scripts, so that nothing in the letter can make use of that.
    let policy = "sandbox allow-popups allow-same-origin; default-src 'none'; img-src https: http:; style-src 'unsafe-inline'; \
                  base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
    ];
    Ok((headers, html).into_response())
}

/// A letter's HTML by day, at night, or as a mail program shows it.
fn as_shown(html: &str, mode: &str) -> String {
    let (dark, scheme) = match MailProgram::known(mode) {
        Some(MailProgram::Gmail) => return programs::simulate_night(html, MailProgram::Gmail),
        Some(program) => {
            // By day: what is shown is not the night of who looks at it.
            return by(&programs::simulate(html, program), "@media not all", "light");
        }
        None if mode == "dark" => ("@media all", "dark"),
        None => ("@media not all", "light"),
    };
    by(html, dark, scheme)
}

/// The same with the rules of the night everywhere or nowhere.
fn by(html: &str, dark: &str, scheme: &str) -> String {
    html.replace("@media (prefers-color-scheme:dark)", dark)
        .replace("color-scheme:light dark", &format!("color-scheme:{scheme}"))
}
