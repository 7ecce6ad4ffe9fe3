//! The page that shows the coming edition, and what it has in common with those of past ones.

use axum::{
    Extension,
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};

use super::{
    Desk, DeskError, answer,
    audiences::{inboxes, variants_of},
    headers::head,
    history::{before, history},
    moments::{hour, short_hour},
    open,
    pages::{
        self, DeskFrame, DeskNotice, EditionBadge, NewsletterLink, PreflightLine, PreviewContent, Row, RubriqueGroup,
    },
    presence,
    preview::{self, frame, preview_of},
    query::{DeskQuery, FIELD_LIMITS},
    session::Editor,
    style::SCRIPT,
    texts::Texts,
    versions,
};
use crate::{
    config::Config,
    edition::{
        layout::layout,
        next::{self, ApprovalState, NextEdition},
        preflight::{INBOX_SUBJECT_CHARS, PreflightFinding, Severity, inbox},
        render::{Rendered, archive::without_token, default_subject},
        variants as edition_variants,
    },
    locales::{Desk as Words, fill},
    model::{self, Audience, Column},
    web::Shared,
};

pub(super) async fn coming(
    State(desk): State<Desk>,
    Extension(editor): Extension<Editor>,
    Query(ask): Query<DeskQuery>,
) -> Result<Response, DeskError> {
    let w = desk.words();
    let notice = match ask.said.as_str() {
        "proof" => Some(DeskNotice::Done(w.proof_sent.clone())),
        "proof-again" => Some(DeskNotice::Done(w.proof_again.clone())),
        "saved" => Some(DeskNotice::Done(w.saved.clone())),
        _ => None,
    };
    show(&desk, &editor, &ask, notice, StatusCode::OK).await
}

/// The page of the coming edition, with something to say above it.
pub(super) async fn show(
    desk: &Desk,
    editor: &Editor,
    ask: &DeskQuery,
    notice: Option<DeskNotice>,
    status: StatusCode,
) -> Result<Response, DeskError> {
    let (config, store, now) = desk.context();
    let w = desk.words();
    let coming = next::coming(config, store, now, ask.named().as_ref()).await?;
    let draft = &coming.draft;
    let all = variants_of(config, &coming)?;
    let outlook = coming.approval_state(config)?;
    let chosen = all.iter().find(|(audience, _)| audience.key() == ask.variant).or(all.first());
    let rendered = chosen.and_then(|(_, rendered)| rendered.as_ref());
    let key = chosen.map(|(audience, _)| audience.key()).unwrap_or_default();
    let preview = match rendered {
        None => PreviewContent::Nothing,
        Some(rendered) => match ask.view.as_str() {
            "text" => PreviewContent::Text(without_token(&rendered.plain, "…")),
            "source" => PreviewContent::Text(without_token(&rendered.html, "…")),
            "headers" => {
                PreviewContent::Text(match edition_variants::sample_letter(config, store, draft, rendered, now.at) {
                    Ok(letter) => head(&letter),
                    // What no mail server would take; the preflight says so, too.
                    Err(crate::edition::Error::Render(error)) => error.to_string(),
                    Err(error) => return Err(error.into()),
                })
            }
            view => {
                let address = frame(desk, draft.slot.period.as_str(), &key, view, &rendered.hash);
                preview::content(desk, view, &rendered.subject, &rendered.html, address)
            }
        },
    };
    let inboxes = inboxes(desk, &coming, &all).await?;
    let audiences: Vec<Audience> = all.iter().map(|(audience, _)| audience.clone()).collect();
    let variants: Vec<&Rendered> = all.iter().filter_map(|(_, rendered)| rendered.as_ref()).collect();
    let findings = if variants.is_empty() {
        Vec::new()
    } else {
        edition_variants::inspect(config, store, draft, &variants, now.at)?
    };
    let whole = variants.first().copied();
    let changes = &draft.changes;
    let shown_subject = whole.map_or_else(|| default_subject(config, draft), |whole| whole.subject.clone());
    let sight = coming.reviewed_state(config, store).await?;
    let preheader = whole.map(|whole| whole.preheader.clone()).unwrap_or_default();
    let state = state(desk, &coming, &outlook);
    let shown = Texts::shown(config, draft, changes);
    let (open, is_next) = open::editions(desk, &coming).await?;
    let edition = if is_next { String::new() } else { draft.slot.period.to_string() };
    let page = pages::ComingPage {
        f: head_of(desk, editor, false),
        notice,
        period: draft.slot.period.to_string(),
        version: coming.desk.version.number,
        stamp: presence::stamp(&coming),
        here: presence::here(desk, editor),
        open,
        edition,
        touched: coming.desk.version.at.map(|at| format!("{}, {}", coming.desk.version.who, short_hour(config, at))),
        sender: inbox(&config.letters.from),
        subject_length: shown_subject.chars().count(),
        subject_most: INBOX_SUBJECT_CHARS,
        preheader_default: preheader,
        inboxes,
        texts: ask.typed.words.clone().unwrap_or_else(|| shown.clone()),
        shown,
        clashes: ask.typed.clashes.iter().map(|field| field.name()).collect(),
        groups: groups(config, &coming, w),
        left_out: left_out(config, &coming),
        repeats: repeats(config, &coming, w),
        is_red: findings.iter().any(|finding| finding.severity == Severity::Red),
        lines: lines(desk, &findings),
        all_green: green(desk, &findings),
        is_held: matches!(outlook, ApprovalState::Held { .. }),
        is_approved: matches!(outlook, ApprovalState::Approved { .. }),
        is_waiting: matches!(outlook, ApprovalState::Approved { at, .. } if at > now.at),
        is_due: coming.is_due && coming.hour() <= now.at,
        is_special: draft.slot.planned.is_some(),
        hour: config.magazine.zone.local(coming.hour()).format("%H:%M").to_string(),
        is_put_off: coming.hour() > draft.slot.cutoff,
        versions: versions::of(desk, &draft.slot.key()).await?,
        is_empty: coming.is_empty(),
        editors: config
            .desk
            .editors
            .iter()
            .map(|editor| {
                let address = editor.address.to_string();
                (editor.name.clone().unwrap_or_else(|| address.clone()), address)
            })
            .collect(),
        history: history(desk, &coming.desk.notes, matches!(outlook, ApprovalState::Lapsed { .. })),
        preview: preview_of(desk, ask, &audiences, &key, preview, String::new()),
        view: ask.view.clone(),
        variant: key,
        status: state,
        before: before(desk, sight.decision, sight.hash, sight.readers),
        most: FIELD_LIMITS,
        s: &desk.words().script,
        why: ask.typed.why.clone(),
        is_own_subject: changes.subject.is_some(),
        shown_subject,
    };
    answer(desk, status, &page)
}

pub(super) fn head_of<'a>(desk: &'a Desk, editor: &'a Editor, is_past: bool) -> DeskFrame<'a> {
    DeskFrame {
        lang: desk.lang().tag(),
        dir: desk.lang().dir(),
        w: desk.words(),
        week: fill(&desk.lang().words().dates.week, &[("week", &"%w"), ("year", &"%y")]),
        magazine: &desk.shared().config().magazine.name,
        sheet: desk.0.style.sheet(),
        script: SCRIPT,
        root: desk.root(),
        newsletters: newsletters(desk),
        who: &editor.name,
        is_past,
    }
}

/// The way to each newsletter's pages, if there are several.
fn newsletters(desk: &Desk) -> Vec<NewsletterLink> {
    let views = desk.shared().views();
    if views.len() < 2 {
        return Vec::new();
    }
    let link = |(place, view): (usize, &Shared)| NewsletterLink {
        title: view.config().letter_title().to_owned(),
        url: if place == 0 { desk.home().to_owned() } else { format!("{}n/{}/", desk.home(), view.newsletter()) },
        is_current: view.newsletter() == desk.shared().newsletter(),
    };
    views.iter().enumerate().map(link).collect()
}

pub(super) fn state(desk: &Desk, coming: &NextEdition, outlook: &ApprovalState) -> EditionBadge {
    let config = desk.shared().config();
    let w = desk.words();
    let by = |words: &str, who: &str, at: &model::Instant| format!("{words} ({who}, {})", short_hour(config, *at));
    let words = match outlook {
        ApprovalState::Empty => w.empty.clone(),
        ApprovalState::Draft if config.digest.approval => w.draft_waits.clone(),
        ApprovalState::Draft => w.draft.clone(),
        ApprovalState::Approved { who, at } if *at > desk.shared().now() => {
            fill(&w.goes_soon, &[("who", who), ("hour", &short_hour(config, *at))])
        }
        ApprovalState::Approved { who, at } => by(&w.approved, who, at),
        ApprovalState::Lapsed { who, at } => by(&w.fallen, who, at),
        ApprovalState::Held { who, at, why } if why.is_empty() => by(&w.held, who, at),
        ApprovalState::Held { who, at, why } => format!("{} · {why}", by(&w.held, who, at)),
    };
    let due = &coming.draft.slot;
    EditionBadge {
        state: if matches!(outlook, ApprovalState::Lapsed { .. }) { "fallen" } else { outlook.as_str() },
        words,
        period: desk.called(&due.period),
        number: fill(&w.edition_number, &[("number", &due.number)]),
        due: fill(
            if coming.hour() <= desk.shared().now() { &w.was_due_at } else { &w.goes_at },
            &[("hour", &hour(config, coming.hour()))],
        ),
    }
}

fn groups(config: &Config, coming: &NextEdition, w: &Words) -> Vec<RubriqueGroup> {
    let draft = &coming.draft;
    let layout = layout(config, draft, &model::Choice::all());
    let lead = layout.lead.map(|lead| lead.id);
    let is_title = |column: &Column| {
        layout.sections.iter().any(|section| section.titles.iter().any(|title| title.id == column.id))
    };
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
                is_title: is_title(column),
                pinned: is_pinned(column),
                first: at == 0 || neighbour(ours.get(at - 1)),
                last: neighbour(ours.get(at + 1)),
                ..row(config, column)
            }
        });
        RubriqueGroup {
            label: rubrique.map_or_else(|| w.columns.clone(), |r| r.label.clone()),
            class: rubrique.map(|r| format!("r-{}", r.slug)).unwrap_or_default(),
            rows: rows.collect(),
        }
    });
    groups.filter(|group| !group.rows.is_empty()).collect()
}

fn left_out(config: &Config, coming: &NextEdition) -> Vec<Row> {
    let out = coming.all.iter().filter(|column| coming.draft.changes.left_out.contains(&column.id));
    out.map(|column| row(config, column)).collect()
}

fn repeats(config: &Config, coming: &NextEdition, w: &Words) -> Vec<Row> {
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
        is_title: false,
        pinned: false,
        first: true,
        last: true,
    }
}

fn lines(desk: &Desk, findings: &[PreflightFinding]) -> Vec<PreflightLine> {
    let w = desk.words();
    let mut lines: Vec<(Severity, PreflightLine)> = findings
        .iter()
        .map(|finding| {
            let (what, mend) = finding.words(desk.lang());
            let label = match finding.severity {
                Severity::Red => &w.red,
                Severity::Amber => &w.amber,
                Severity::Green => &w.green,
            };
            (finding.severity, PreflightLine { grade: finding.severity.as_str(), label, what, mend })
        })
        .collect();
    lines.sort_by_key(|(grade, _)| std::cmp::Reverse(*grade));
    lines.into_iter().map(|(_, line)| line).collect()
}

/// How many findings are as they should be; nothing if none is.
fn green(desk: &Desk, findings: &[PreflightFinding]) -> String {
    let count = findings.iter().filter(|finding| finding.severity == Severity::Green).count();
    if count == 0 { String::new() } else { desk.lang().counted(&desk.words().all_green, count as u64, &[]) }
}
