//! A column's title and standfirst as they are compared with those of others.

use std::cell::OnceCell;

use super::super::similarity::TokenCounts;
use crate::model::text;

/// A column's texts as they are compared; each is made when it is asked for, because nearly all
/// columns of a page stand there as they were.
pub(super) struct Compared<'a> {
    pub(super) written: (&'a str, &'a str),
    title: OnceCell<String>,
    standfirst: OnceCell<String>,
    title_pieces: OnceCell<TokenCounts>,
    standfirst_pieces: OnceCell<TokenCounts>,
    all: OnceCell<TokenCounts>,
}

impl<'a> Compared<'a> {
    pub(super) fn new(title: &'a str, standfirst: &'a str) -> Self {
        Self {
            written: (title, standfirst),
            title: OnceCell::new(),
            standfirst: OnceCell::new(),
            title_pieces: OnceCell::new(),
            standfirst_pieces: OnceCell::new(),
            all: OnceCell::new(),
        }
    }

    pub(super) fn title(&self) -> &str {
        self.title.get_or_init(|| folded(self.written.0))
    }

    pub(super) fn standfirst(&self) -> &str {
        self.standfirst.get_or_init(|| folded(self.written.1))
    }

    pub(super) fn title_pieces(&self) -> &TokenCounts {
        self.title_pieces.get_or_init(|| TokenCounts::of(self.written.0))
    }

    pub(super) fn standfirst_pieces(&self) -> &TokenCounts {
        self.standfirst_pieces.get_or_init(|| TokenCounts::of(self.written.1))
    }

    pub(super) fn all(&self) -> &TokenCounts {
        self.all.get_or_init(|| TokenCounts::of(&format!("{} {}", self.written.0, self.written.1)))
    }

    pub(super) fn is_same(&self, other: &Compared<'_>) -> bool {
        self.written == other.written || (self.title() == other.title() && self.standfirst() == other.standfirst())
    }
}

/// A text's words, or what stands there without any.
fn folded(said: &str) -> String {
    let words = text::words_in_one(said);
    if words.is_empty() { text::fold(said) } else { words }
}
