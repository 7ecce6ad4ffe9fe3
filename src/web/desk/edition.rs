//! The pages that show the coming edition, what they have in common with those of past ones, and the preview's frames.

use axum::{
    Extension,
    extract::{Path, Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{
    Desk, Trouble, answer,
    door::Editor,
    face::SCRIPT,
    history::{before, history},
    past,
    view::{self, Choice, Frame, Group, Line, Most, Notice, Preview, Row, Shown, Status},
};
use crate::{
    config::Config,
    edition::{
        choose::lay_out,
        plan::{self, Coming, Outlook},
        preflight::{Finding, Grade, SUBJECT, inbox},
        render::{Rendered, archive::without_token, default_subject, render},
    },
    locales::{Desk as Words, fill},
    model::{self, Column, Period},
};

/// What an address asks for.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Ask {
    #[serde(default)]
    pub(super) view: String,
    #[serde(default)]
    pub(super) variant: String,
    #[serde(default)]
    pub(super) said: String,
    #[serde(default)]
    pub(super) mode: String,
    #[serde(skip)]
    pub(super) typed: Typed,
}

/// What somebody wrote that could not be kept: the page that says so has it in its fields.
#[derive(Debug, Clone, Default)]
pub(super) struct Typed {
    /// Subject, preheader and opening words.
    pub(super) words: Option<[String; 3]>,
    /// Why something is to be held.
    pub(super) why: String,
}

/// The longest subject and preheader, and the longest reason, in UTF-16 units as browsers count them.
pub(super) const LINE: usize = 250;

/// The longest opening words.
pub(super) const OPENING: usize = 20_000;

pub(super) const MOST: Most = Most { line: LINE, opening: OPENING };

pub(super) async fn coming(
    State(desk): State<Desk>,
    Extension(editor): Extension<Editor>,
    Query(ask): Query<Ask>,
) -> Result<Response, Trouble> {
    let w = desk.words();
    let notice = match ask.said.as_str() {
        "proof" => Some(Notice::Done(w.proof_sent.clone())),
        "proof-again" => Some(Notice::Done(w.proof_again.clone())),
        "saved" => Some(Notice::Done(w.saved.clone())),
        _ => None,
    };
    show(&desk, &editor, &ask, notice, StatusCode::OK).await
}

/// The page of the coming edition, with something to say above it.
pub(super) async fn show(
    desk: &Desk,
    editor: &Editor,
    ask: &Ask,
    notice: Option<Notice>,
    status: StatusCode,
) -> Result<Response, Trouble> {
    let (config, store, now) = (desk.shared().config(), desk.shared().store(), desk.shared().moment());
    let w = desk.words();
    let coming = plan::coming(config, store, now).await?;
    let draft = &coming.draft;
    let mut all = plan::variants(config, store, draft).await?;
    // Whoever chose one rubrique alone, also before anybody has.
    for rubrique in &config.rubriques {
        let choice = model::Choice::of([rubrique.slug.clone()]);
        if !all.iter().any(|(known, _)| *known == choice) {
            let rendered = render(config, draft, &choice)?;
            all.push((choice, rendered));
        }
    }
    let outlook = coming.outlook(config)?;
    let chosen = all.iter().find(|(choice, _)| choice.key() == ask.variant).or(all.first());
    let rendered = chosen.and_then(|(_, rendered)| rendered.as_ref());
    let key = chosen.map(|(choice, _)| choice.key()).unwrap_or_default();
    let shown = match rendered {
        None => Shown::Nothing,
        Some(rendered) => match ask.view.as_str() {
            "text" => Shown::Text(without_token(&rendered.plain, "…")),
            "source" => Shown::Text(without_token(&rendered.html, "…")),
            "headers" => Shown::Text(match plan::specimen(config, store, draft, rendered, now.at) {
                Ok(letter) => head(&letter),
                // What no mail server would take; the preflight says so, too.
                Err(crate::edition::Error::Render(error)) => error.to_string(),
                Err(error) => return Err(error.into()),
            }),
            view => Shown::Frames(frame(desk, draft.due.period.as_str(), &key, view, &rendered.hash)),
        },
    };
    let choices = all.iter().map(|(choice, _)| choice.clone()).collect::<Vec<_>>();
    let variants: Vec<(model::Choice, Rendered)> =
        all.into_iter().filter_map(|(choice, rendered)| Some((choice, rendered?))).collect();
    let findings =
        if variants.is_empty() { Vec::new() } else { plan::inspect(config, store, draft, &variants, now.at)? };
    let whole = variants.first().map(|(_, rendered)| rendered);
    let changes = &draft.changes;
    let shown_subject = whole.map_or_else(|| default_subject(config, draft), |whole| whole.subject.clone());
    let sight = coming.sight(config, store, &variants).await?;
    let preheader = whole.map(|whole| whole.preheader.clone()).unwrap_or_default();
    let state = state(desk, &coming, &outlook);
    let words = ask.typed.words.clone().unwrap_or_else(|| {
        [
            changes.subject.clone().unwrap_or_else(|| default_subject(config, draft)),
            changes.preheader.clone().unwrap_or_default(),
            changes.opening.clone().unwrap_or_else(|| config.digest.opening.clone()),
        ]
    });
    let [subject, own_preheader, opening] = words;
    let page = view::Coming {
        f: head_of(desk, editor, false),
        notice,
        version: coming.desk.version.number,
        touched: coming.desk.version.at.map(|at| format!("{}, {}", coming.desk.version.who, hour(config, at))),
        sender: inbox(&config.letters.from),
        subject_length: shown_subject.chars().count(),
        subject_most: SUBJECT,
        preheader: own_preheader,
        preheader_default: preheader,
        opening,
        groups: groups(config, &coming, w),
        left_out: left_out(config, &coming),
        repeats: repeats(config, &coming, w),
        is_red: findings.iter().any(|finding| finding.grade == Grade::Red),
        lines: lines(desk, &findings),
        good: findings.iter().filter(|finding| finding.grade == Grade::Green).count(),
        is_held: matches!(outlook, Outlook::Held { .. }),
        is_approved: matches!(outlook, Outlook::Approved { .. }),
        is_empty: coming.draft.columns.is_empty(),
        editors: config
            .desk
            .editors
            .iter()
            .map(|editor| {
                let address = editor.address.to_string();
                (editor.name.clone().unwrap_or_else(|| address.clone()), address)
            })
            .collect(),
        history: history(desk, &coming.desk.notes, matches!(outlook, Outlook::Fallen { .. })),
        preview: preview_of(desk, ask, &choices, &key, shown, desk.root().to_owned()),
        view: ask.view.clone(),
        variant: key,
        status: state,
        before: before(desk, sight.decision, sight.hash, sight.readers),
        most: MOST,
        s: &desk.words().script,
        why: ask.typed.why.clone(),
        is_own_subject: changes.subject.is_some(),
        shown_subject,
        subject,
    };
    answer(desk, status, &page)
}

pub(super) fn head_of<'a>(desk: &'a Desk, editor: &'a Editor, is_past: bool) -> Frame<'a> {
    Frame {
        lang: desk.lang().tag(),
        dir: desk.lang().dir(),
        w: desk.words(),
        magazine: &desk.shared().config().magazine.name,
        sheet: desk.0.face.sheet(),
        script: SCRIPT,
        root: desk.root(),
        who: &editor.name,
        is_past,
    }
}

pub(super) fn hour(config: &Config, at: model::Instant) -> String {
    config.magazine.zone.local(at).format("%Y-%m-%d %H:%M").to_string()
}

fn state(desk: &Desk, coming: &Coming, outlook: &Outlook) -> Status {
    let config = desk.shared().config();
    let w = desk.words();
    let by = |words: &str, who: &str, at: &model::Instant| format!("{words} ({who}, {})", hour(config, *at));
    let words = match outlook {
        Outlook::Empty => w.empty.clone(),
        Outlook::Draft if config.digest.approval => w.draft_waits.clone(),
        Outlook::Draft => w.draft.clone(),
        Outlook::Approved { who, at } => by(&w.approved, who, at),
        Outlook::Fallen { who, at } => by(&w.fallen, who, at),
        Outlook::Held { who, at, why } if why.is_empty() => by(&w.held, who, at),
        Outlook::Held { who, at, why } => format!("{} · {why}", by(&w.held, who, at)),
    };
    let due = &coming.draft.due;
    Status {
        state: if matches!(outlook, Outlook::Fallen { .. }) { "fallen" } else { outlook.as_str() },
        words,
        period: due.period.to_string(),
        number: fill(&w.edition_number, &[("number", &due.number)]),
        due: fill(if coming.is_due { &w.was_due_at } else { &w.goes_at }, &[("hour", &hour(config, due.cutoff))]),
    }
}

fn groups(config: &Config, coming: &Coming, w: &Words) -> Vec<Group> {
    let draft = &coming.draft;
    let lead = lay_out(config, draft, &model::Choice::all()).lead.map(|lead| lead.id);
    let is_pinned = |column: &Column| draft.changes.pinned.contains(&column.id);
    let rubriques = config.rubriques.iter().map(Some).chain([None]);
    let groups = rubriques.map(|rubrique| {
        let known = |column: &Column| config.rubriques.iter().find(|r| Some(&r.slug) == column.rubrique.as_ref());
        let ours: Vec<&Column> =
            draft.columns.iter().filter(|column| known(column).map(|r| &r.slug) == rubrique.map(|r| &r.slug)).collect();
        let rows = ours.iter().enumerate().map(|(at, column)| {
            let neighbour = |other: Option<&&Column>| other.is_none_or(|other| is_pinned(other) != is_pinned(column));
            Row {
                lead: lead == Some(column.id),
                pinned: is_pinned(column),
                first: at == 0 || neighbour(ours.get(at - 1)),
                last: neighbour(ours.get(at + 1)),
                ..row(config, column)
            }
        });
        Group {
            label: rubrique.map_or_else(|| w.columns.clone(), |r| r.label.clone()),
            class: rubrique.map(|r| format!("r-{}", r.slug)).unwrap_or_default(),
            rows: rows.collect(),
        }
    });
    groups.filter(|group| !group.rows.is_empty()).collect()
}

fn left_out(config: &Config, coming: &Coming) -> Vec<Row> {
    let out = coming.all.iter().filter(|column| coming.draft.changes.left_out.contains(&column.id));
    out.map(|column| row(config, column)).collect()
}

fn repeats(config: &Config, coming: &Coming, w: &Words) -> Vec<Row> {
    let repeats = coming.repeats.iter().map(|repeat| {
        let row = row(config, &repeat.column);
        let about = match &repeat.before {
            Some(period) => format!("{} · {}", row.about, fill(&w.sent_in, &[("period", period)])),
            None => format!("{} · {}", row.about, w.twice_here),
        };
        Row { about, ..row }
    });
    repeats.collect()
}

fn row(config: &Config, column: &Column) -> Row {
    let day = config.magazine.lang.short_day(config.magazine.zone.local(column.published).date_naive());
    let byline = column.byline.as_ref().map(|byline| format!("{byline}, "));
    Row {
        id: column.id.0,
        title: column.title.clone(),
        about: format!("{}{day}", byline.unwrap_or_default()),
        lead: false,
        pinned: false,
        first: true,
        last: true,
    }
}

fn lines(desk: &Desk, findings: &[Finding]) -> Vec<Line> {
    let w = desk.words();
    let mut lines: Vec<(Grade, Line)> = findings
        .iter()
        .map(|finding| {
            let (what, mend) = finding.words(desk.lang());
            let label = match finding.grade {
                Grade::Red => &w.red,
                Grade::Amber => &w.amber,
                Grade::Green => &w.green,
            };
            (finding.grade, Line { grade: finding.grade.as_str(), label, what, mend })
        })
        .collect();
    lines.sort_by_key(|(grade, _)| std::cmp::Reverse(*grade));
    lines.into_iter().map(|(_, line)| line).collect()
}

pub(super) fn preview_of(
    desk: &Desk,
    ask: &Ask,
    choices: &[model::Choice],
    key: &str,
    shown: Shown,
    action: String,
) -> Preview {
    let w = desk.words();
    let views = [
        ("both", &w.wide_and_phone),
        ("dark", &w.dark),
        ("text", &w.text),
        ("source", &w.source),
        ("headers", &w.headers),
    ];
    let known = views.iter().any(|(value, _)| *value == ask.view);
    let rubriques = &desk.shared().config().rubriques;
    let label = |choice: &model::Choice| {
        let wanted =
            rubriques.iter().filter(|rubrique| choice.key().split(',').any(|slug| slug == rubrique.slug.as_str()));
        let labels: Vec<&str> = wanted.map(|rubrique| rubrique.label.as_str()).collect();
        if labels.is_empty() { w.everyone.clone() } else { labels.join(" + ") }
    };
    Preview {
        views: views
            .iter()
            .map(|(value, label)| Choice {
                value: (*value).to_owned(),
                label: (*label).clone(),
                chosen: *value == ask.view || (!known && *value == "both"),
            })
            .collect(),
        variants: choices
            .iter()
            .map(|choice| Choice { value: choice.key(), label: label(choice), chosen: choice.key() == key })
            .collect(),
        shown,
        action,
    }
}

/// The address of the preview's frames; it changes with what they show.
pub(super) fn frame(desk: &Desk, period: &str, variant: &str, view: &str, hash: &str) -> String {
    let mode = if view == "dark" { "dark" } else { "light" };
    format!("{}preview/{period}?variant={variant}&mode={mode}&hash={hash}", desk.root())
}

/// A letter's header, with the token that it shows hidden.
pub(super) fn head(letter: &[u8]) -> String {
    let text = String::from_utf8_lossy(letter);
    text.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n", "\n")
}

/// What stands in the preview's frames: the letter alone, in a box of sand.
pub(super) async fn preview(
    State(desk): State<Desk>,
    Path(period): Path<String>,
    Query(ask): Query<Ask>,
) -> Result<Response, Trouble> {
    let (config, store, now) = (desk.shared().config(), desk.shared().store(), desk.shared().moment());
    let period = Period::from_key(&period);
    let html = match store.edition_of(desk.shared().newsletter(), &period).await? {
        Some(edition) => {
            let variants = past::variants_of(&desk, &edition).await?;
            variants.into_iter().find(|variant| variant.choice.key() == ask.variant).map(|variant| variant.html)
        }
        None => {
            let coming = plan::coming(config, store, now).await?;
            let ours = coming.draft.due.period == period;
            let rendered = render(config, &coming.draft, &model::Choice::from_key(&ask.variant))?;
            rendered.filter(|_| ours).map(|rendered| rendered.html)
        }
    };
    let html = html.ok_or(Trouble::NotThere)?;
    let (dark, scheme) = if ask.mode == "dark" { ("@media all", "dark") } else { ("@media not all", "light") };
    let html = html
        .replace("@media (prefers-color-scheme:dark)", dark)
        .replace("color-scheme:light dark", &format!("color-scheme:{scheme}"))
        .replacen("<head>", "<head><base target=\"_blank\">", 1);
    let html = without_token(&html, "preview");
    let policy = "sandbox allow-popups; default-src 'none'; img-src https: http:; style-src 'unsafe-inline'; \
                  base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
    ];
    Ok((headers, html).into_response())
}
