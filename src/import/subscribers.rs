//! Subscribers from CSV: a header line with `email`, and `name` and `rubriques` if they like.

use super::{Error, Place, wrong};
use crate::model::{Choice, EmailAddress, Rubrique, Slug, Subscriber, text};

/// What a file of subscribers gave.
#[derive(Debug, Default)]
pub struct Roll {
    /// For the store.
    pub subscribers: Vec<Subscriber>,
    /// Lines that were refused, each with its reason.
    pub refused: Vec<super::Warning>,
}

/// Reads subscribers. A line that is wrong is refused by itself; a file that is no such list is
/// refused whole.
pub fn read(text: &str, file: &str, rubriques: &[Rubrique]) -> Result<Roll, Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let place = |line| Place { file: file.to_owned(), line };
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| wrong(&place(Some(1)), error))?.clone();
    let find = |names: &[&str]| header.iter().position(|cell| names.contains(&text::fold(cell).as_str()));
    let email = find(&["email", "e-mail", "address", "adresse", "courriel"]).ok_or_else(|| {
        wrong(&place(Some(1)), "no column is headed \"email\": write a header such as email,name,rubriques")
    })?;
    let name = find(&["name", "nom"]);
    let chosen = find(&["rubriques", "rubrique"]);

    let mut roll = Roll::default();
    for record in reader.records() {
        let record = record.map_err(|error| wrong(&place(None), error))?;
        let cell = |at: Option<usize>| at.and_then(|at| record.get(at)).filter(|cell| !cell.is_empty());
        let subscriber = cell(Some(email))
            .ok_or_else(|| "it has no address".to_owned())
            .and_then(|address| address.parse::<EmailAddress>().map_err(|error| error.to_string()))
            .and_then(|address| {
                let name = cell(name).map(|name| text::one_line(&text::legalise(&text::one_line(name)).0));
                Ok(Subscriber { address, name, choice: choice(cell(chosen).unwrap_or_default(), rubriques)? })
            });
        match subscriber {
            Ok(subscriber) => roll.subscribers.push(subscriber),
            Err(message) => roll.refused.push(super::Warning { place: place(line(text, &record)), message }),
        }
    }
    Ok(roll)
}

/// The line on which a record begins. The reader's own count is of where the record before ended:
/// empty lines, and the second half of a CRLF, lie between.
fn line(text: &str, record: &csv::StringRecord) -> Option<usize> {
    let end_of_last = record.position().and_then(|position| usize::try_from(position.byte()).ok())?;
    let rest = text.get(end_of_last..)?;
    let start = text.len() - rest.trim_start_matches(['\r', '\n']).len();
    Some(1 + text[..start].matches('\n').count())
}

/// Labels or slugs with semicolons between; none means all.
fn choice(cell: &str, rubriques: &[Rubrique]) -> Result<Choice, String> {
    let labels = cell.split(';').map(str::trim).filter(|label| !label.is_empty());
    let slugs: Result<Vec<Slug>, String> = labels
        .map(|label| {
            let found = Rubrique::find(rubriques, label).map(|rubrique| rubrique.slug.clone());
            found.ok_or_else(|| format!("{label:?} is no rubrique of the configuration"))
        })
        .collect();
    Ok(Choice::of(slugs?))
}
