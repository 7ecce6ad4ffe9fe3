//! Columns whose words were in a letter already. A column is known by its id; where that was lost (a file
//! that was written anew, a source that moved with all its names), its words still tell that readers have
//! had it. It waits on the desk, until an editor says that it goes out again.

use std::collections::{HashMap, HashSet};

use crate::model::{Changes, Column, ColumnId, Period, column::content, text};

/// Texts of fewer words than this may come again as they are: a weekly crossword, a drawing's caption.
const MIN_WORDS: usize = 20;

/// A column whose words readers have had, or get in the same edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    pub column: Column,
    /// The edition that had its words; none if it is the edition to come.
    pub before: Option<Period>,
}

/// Takes out of an edition's columns, given newest first, those whose words were in an edition already (`sent`)
/// or stand in an older one of them. What editors pinned or want again stays.
pub fn split_repeats(
    columns: Vec<Column>,
    sent: &HashMap<ColumnId, Period>,
    changes: &Changes,
) -> (Vec<Column>, Vec<Repeat>) {
    let mut seen = HashSet::new();
    let (mut kept, mut repeats) = (Vec::new(), Vec::new());
    for column in columns.into_iter().rev() {
        let is_wanted = changes.pinned.contains(&column.id) || changes.again.contains(&column.id);
        let before = sent.get(&column.id).cloned();
        let is_repeat = !may_recur(&column.standfirst, &column.body) && {
            let is_new = seen.insert(content(&column.title, &column.standfirst, &column.body));
            before.is_some() || !is_new
        };
        if is_repeat && !is_wanted {
            repeats.push(Repeat { column, before });
        } else {
            kept.push(column);
        }
    }
    kept.reverse();
    repeats.reverse();
    (kept, repeats)
}

/// Whether a text is so short that another may be the same by chance.
pub fn may_recur(standfirst: &str, body: &str) -> bool {
    text::words(&format!("{standfirst} {}", text::of_html(body))).len() < MIN_WORDS
}
