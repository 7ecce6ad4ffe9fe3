//! How a list is laid out, by the command line.

use crate::{
    cli::{exit, session::Session},
    ingest::subscribers::{DateOrder, Field, Layout, Word},
    model::{Rubrique, Slug},
};

/// Reads `--map` and `--delimiter`.
pub(in crate::cli::subscribers) fn layout(
    session: &Session,
    map: &[String],
    delimiter: Option<&str>,
) -> anyhow::Result<Layout> {
    let delimiter = delimiter.map(character).transpose()?;
    let mut layout = Layout { delimiter, dates: dates(session), ..Layout::default() };
    for pair in map {
        let refuse = |message: String| exit::failure(exit::USAGE, format!("--map: {pair:?}: {message}"));
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if let Some(word) = name.strip_prefix("state:") {
            let meaning = Word::ALL.into_iter().find(|(known, _)| *known == value).map(|(_, meaning)| meaning);
            let known = Word::ALL.map(|(name, _)| name).join(", ");
            let meaning = meaning.ok_or_else(|| refuse(format!("write state:WORD= and one of {known}")))?;
            layout.map_word(word, meaning);
            continue;
        }
        // Names of tags and lists may hold anything.
        if let Some((tag, value)) = pair.strip_prefix("tag:").and_then(|rest| rest.rsplit_once('=')) {
            layout.map_tag(tag, rubrique(session, value).map_err(refuse)?);
            continue;
        }
        if let Some((list, value)) = pair.strip_prefix("list:").and_then(|rest| rest.rsplit_once('=')) {
            layout.map_list(list, newsletter(session, value).map_err(refuse)?);
            continue;
        }
        if name == "dates" {
            layout.dates = Some(match value {
                "day-first" => DateOrder::DayFirst,
                "month-first" => DateOrder::MonthFirst,
                _ => return Err(refuse("write dates=day-first or dates=month-first".into())),
            });
            continue;
        }
        let field = Field::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, field)| field);
        let known = || Field::ALL.map(|(name, _)| name).join(", ");
        match field {
            Some(field) if !value.is_empty() => {
                layout.map.insert(field, Some(value.to_owned()).filter(|heading| heading != "-"));
            }
            _ => return Err(refuse(format!("write FIELD=HEADING, where FIELD is one of {}", known()))),
        }
    }
    Ok(layout)
}

/// How dates with slashes are meant where nobody says it: outside of English, the day stands first.
pub(super) fn dates(session: &Session) -> Option<DateOrder> {
    let language = session.config.magazine.language.to_ascii_lowercase();
    (!language.starts_with("en")).then_some(DateOrder::DayFirst)
}

/// The rubrique that a tag is said to be; none for `-`.
fn rubrique(session: &Session, value: &str) -> Result<Option<Slug>, String> {
    if value == "-" {
        return Ok(None);
    }
    let found = Rubrique::find(&session.config.rubriques, value).map(|rubrique| rubrique.slug.clone());
    found.map(Some).ok_or_else(|| {
        let known: Vec<&str> = session.config.rubriques.iter().map(|rubrique| rubrique.slug.as_str()).collect();
        format!("write tag:NAME= and one of {}, or - for none", known.join(", "))
    })
}

/// The newsletter that a list is said to be.
fn newsletter(session: &Session, value: &str) -> Result<Option<Slug>, String> {
    if value == "-" {
        return Ok(None);
    }
    let newsletters = &session.config.newsletters;
    let found = newsletters.iter().find(|digest| digest.newsletter.as_str() == value);
    found.map(|digest| Some(digest.newsletter.clone())).ok_or_else(|| {
        let known: Vec<&str> = newsletters.iter().map(|digest| digest.newsletter.as_str()).collect();
        format!("write list:NAME= and one of {}, or - for none", known.join(", "))
    })
}

/// `--delimiter ;`.
fn character(text: &str) -> anyhow::Result<u8> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => Ok(*byte),
        _ if matches!(text, "tab" | "\\t") => Ok(b'\t'),
        _ => Err(exit::failure(exit::USAGE, format!("--delimiter: {text:?}: write one character such as ; or tab"))),
    }
}
