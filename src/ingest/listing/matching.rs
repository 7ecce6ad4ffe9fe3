//! Which columns of a page are those that the store has: a page is copied as text, without ids, and
//! editors mend words, titles and the order, put new columns on top and drop old ones. All columns
//! are matched at once. What could be an old column mended as well as a new one is in doubt: a wrong
//! guess would lose a text, or mail it twice.

use std::collections::HashMap;

use super::{
    compared::Compared,
    positions::{PagePositions, RelativePosition},
};

/// A column on the page.
#[derive(Debug, Clone)]
pub struct PageColumn<'a> {
    pub title: &'a str,
    pub standfirst: &'a str,
    /// The date that its place gives it, in milliseconds.
    pub expected: i64,
}

/// A column of the store.
#[derive(Debug, Clone)]
pub struct StoredColumn<'a> {
    pub title: &'a str,
    pub standfirst: &'a str,
    /// When it was published, in milliseconds.
    pub published: i64,
    /// Whether it came from a page of the same heading.
    pub same_heading: bool,
}

/// What a column on the page is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatchVerdict {
    New,
    /// This one of the store, word for word.
    Same(usize),
    /// This one of the store, mended.
    Changed(usize),
    /// A new one, or one of these mended.
    Doubt(Vec<usize>),
    /// The same as this one of the page, which stands there twice.
    Twice(usize),
}

/// Words that make an equal standfirst a sign of its own.
const LONG_STANDFIRST_WORDS: usize = 8;
/// From here on, a standfirst is a mended one rather than another.
const MENDED_SIMILARITY: f64 = 0.35;
/// From here on, two texts are much alike: one is the other mended, or both are of one formula.
const ALIKE_SIMILARITY: f64 = 0.6;
/// Half of the words are others.
const HALF_SIMILARITY: f64 = 0.5;
/// From here on, hardly a word is another.
const NEARLY_SAME_SIMILARITY: f64 = 0.94;
/// More than any similarity.
const UNREACHABLE_SIMILARITY: f64 = 2.0;
/// By so much must the best be better than the second best.
const SIMILARITY_MARGIN: f64 = 0.15;

/// Matches the columns of a page with those of the store, which are given newest first. `answers`
/// are what the editors said of columns of the page: a new one, or one of the store. `step` is the
/// time between two columns, in milliseconds.
pub fn match_page(
    page: &[PageColumn<'_>],
    stored: &[StoredColumn<'_>],
    answers: &HashMap<usize, Option<usize>>,
    step: i64,
) -> Vec<MatchVerdict> {
    let mut matcher = Matcher::new(page, stored, step);
    matcher.answer(answers);
    matcher.exact();
    // What is found by its words tells the places of the others.
    while matcher.mended() {}
    matcher.verdicts()
}

/// What speaks for a pair; the higher, the more.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Evidence {
    Same(f64),
    Possible(f64),
    Different,
}

struct Matcher<'a> {
    page: &'a [PageColumn<'a>],
    stored: &'a [StoredColumn<'a>],
    step: i64,
    own: Vec<Compared<'a>>,
    old: Vec<Compared<'a>>,
    verdicts: Vec<Option<MatchVerdict>>,
    taken: Vec<bool>,
}

impl<'a> Matcher<'a> {
    fn new(page: &'a [PageColumn<'a>], stored: &'a [StoredColumn<'a>], step: i64) -> Self {
        let own = page.iter().map(|column| Compared::new(column.title, column.standfirst)).collect();
        let old = stored.iter().map(|column| Compared::new(column.title, column.standfirst)).collect();
        let (verdicts, taken) = (vec![None; page.len()], vec![false; stored.len()]);
        Self { page, stored, step, own, old, verdicts, taken }
    }

    fn take(&mut self, own: usize, old: usize, verdict: MatchVerdict) {
        self.verdicts[own] = Some(verdict);
        self.taken[old] = true;
    }

    /// Columns of the page that nothing is known of yet.
    fn open(&self) -> Vec<usize> {
        (0..self.page.len()).filter(|own| self.verdicts[*own].is_none()).collect()
    }

    /// Columns of the store that are none of the page yet.
    fn free(&self) -> Vec<usize> {
        (0..self.stored.len()).filter(|old| !self.taken[*old]).collect()
    }

    fn answer(&mut self, answers: &HashMap<usize, Option<usize>>) {
        let mut answers: Vec<_> = answers.iter().map(|(own, old)| (*own, *old)).collect();
        answers.sort_unstable();
        for (own, old) in answers {
            match old {
                None => self.verdicts[own] = Some(MatchVerdict::New),
                Some(old) if self.own[own].is_same(&self.old[old]) => self.take(own, old, MatchVerdict::Same(old)),
                Some(old) => self.take(own, old, MatchVerdict::Changed(old)),
            }
        }
    }

    /// Columns whose title and standfirst stand as they were, first to the letter. Of several alike,
    /// each finds the one whose date is nearest; what stands on the page twice is one column.
    fn exact(&mut self) {
        let mut written: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
        for old in self.free() {
            written.entry(self.old[old].written).or_default().push(old);
        }
        let mut pairs = Vec::new();
        for own in self.open() {
            for old in written.get(&self.own[own].written).into_iter().flatten() {
                pairs.push((own, *old));
            }
        }
        self.take_nearest(pairs);
        let mut pairs = Vec::new();
        for own in self.open() {
            let same = self.free().into_iter().filter(|old| self.own[own].is_same(&self.old[*old]));
            pairs.extend(same.map(|old| (own, old)));
        }
        self.take_nearest(pairs);
        for own in self.open() {
            // One that is known already, wherever it stands, or else the first.
            let is_known = |other: usize| !matches!(self.verdicts[other], None | Some(MatchVerdict::Twice(_)));
            let first = (0..self.page.len())
                .filter(|other| is_known(*other) || (*other < own && self.verdicts[*other].is_none()))
                .find(|other| self.own[*other].is_same(&self.own[own]));
            if let Some(first) = first {
                self.verdicts[own] = Some(MatchVerdict::Twice(first));
            }
        }
    }

    /// Takes pairs of equal texts, those nearest by heading and date first.
    fn take_nearest(&mut self, pairs: Vec<(usize, usize)>) {
        let mut pairs: Vec<_> = pairs
            .into_iter()
            .map(|(own, old)| {
                let stored = &self.stored[old];
                (!stored.same_heading, (stored.published - self.page[own].expected).abs(), own, old)
            })
            .collect();
        pairs.sort_unstable();
        for (_, _, own, old) in pairs {
            if self.verdicts[own].is_none() && !self.taken[old] {
                self.take(own, old, MatchVerdict::Same(old));
            }
        }
    }

    /// Whether a text stands once at most on the page, and once at most in the store.
    fn is_alone(&self, said: &str, part: for<'r> fn(&'r Compared<'a>) -> &'r str) -> bool {
        let is_twice = |own: usize| matches!(self.verdicts[own], Some(MatchVerdict::Twice(_)));
        let own = self.own.iter().enumerate().filter(|(own, read)| !is_twice(*own) && part(read) == said);
        own.count() < 2 && self.old.iter().filter(|read| part(read) == said).count() < 2
    }

    /// Takes the surest pair of what is left; says whether there was one.
    fn mended(&mut self) -> bool {
        let places = self.places();
        let (mut sure, mut all) = (Vec::new(), Vec::new());
        for own in self.open() {
            for old in self.free() {
                match self.evidence(own, old, &places) {
                    Evidence::Same(score) => {
                        sure.push((score, own, old));
                        all.push((score, own, old));
                    }
                    Evidence::Possible(score) => all.push((score, own, old)),
                    Evidence::Different => {}
                }
            }
        }
        sure.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        // The surest pair of which neither side has another that is nearly as good.
        let found = sure.iter().find(|(score, own, old)| {
            let shares = |(_, o, k): &&(f64, usize, usize)| (o == own) != (k == old);
            !all.iter().filter(shares).any(|(other, ..)| *other > score - SIMILARITY_MARGIN)
        });
        let Some((_, own, old)) = found.copied() else { return false };
        self.take(own, old, MatchVerdict::Changed(old));
        true
    }

    fn verdicts(&self) -> Vec<MatchVerdict> {
        let places = self.places();
        let doubt = |own: usize| {
            let free = (0..self.stored.len()).filter(|old| !self.taken[*old]);
            let near: Vec<usize> =
                free.filter(|old| self.evidence(own, *old, &places) != Evidence::Different).collect();
            if near.is_empty() { MatchVerdict::New } else { MatchVerdict::Doubt(near) }
        };
        let verdict = |own: usize| self.verdicts[own].clone().unwrap_or_else(|| doubt(own));
        (0..self.page.len()).map(verdict).collect()
    }

    /// Pairs that are known.
    fn anchors(&self) -> Vec<(usize, usize)> {
        let old = |verdict: &Option<MatchVerdict>| match verdict {
            Some(MatchVerdict::Same(old) | MatchVerdict::Changed(old)) => Some(*old),
            _ => None,
        };
        self.verdicts.iter().enumerate().filter_map(|(own, verdict)| Some((own, old(verdict)?))).collect()
    }

    fn places(&self) -> PagePositions {
        let anchors = self.anchors();
        let off: Vec<i64> =
            anchors.iter().map(|(own, old)| self.page[*own].expected - self.stored[*old].published).collect();
        let newest = self.stored.iter().map(|stored| stored.published).max();
        PagePositions::new(&anchors, &off, newest, self.step)
    }

    /// Where a stored column was, seen from a column of the page.
    fn relative_position(&self, own: usize, old: usize, places: &PagePositions) -> RelativePosition {
        places.relative_position((own, self.page[own].expected), (old, self.stored[old].published))
    }

    /// What speaks for one column of the page being one of the store, mended.
    fn evidence(&self, own: usize, old: usize, places: &PagePositions) -> Evidence {
        let (a, b) = (&self.own[own], &self.old[old]);
        let place = self.relative_position(own, old, places);
        if a.standfirst() == b.standfirst() && !a.standfirst().is_empty() {
            return self.one_standfirst(a, b, place);
        }
        if a.title() == b.title() {
            return self.one_title(a, b, place, places.dates_tell);
        }
        let alike = a.all().similarity(b.all());
        let (one, possible) = match place {
            // What is new has a date of its own: what has an old one's may be that.
            RelativePosition::Here if places.dates_tell => (HALF_SIMILARITY, 0.0),
            RelativePosition::Here => (HALF_SIMILARITY, MENDED_SIMILARITY),
            RelativePosition::Replaced => (UNREACHABLE_SIMILARITY, MENDED_SIMILARITY),
            // What is new is put on top.
            RelativePosition::Elsewhere | RelativePosition::Moved if !places.is_on_top(own) => {
                (UNREACHABLE_SIMILARITY, 0.0)
            }
            RelativePosition::Elsewhere | RelativePosition::Moved => (UNREACHABLE_SIMILARITY, HALF_SIMILARITY),
            RelativePosition::PushedOff => (UNREACHABLE_SIMILARITY, ALIKE_SIMILARITY),
            RelativePosition::Newer => (UNREACHABLE_SIMILARITY, NEARLY_SAME_SIMILARITY),
        };
        evidence(1.0, alike, one, possible)
    }

    /// What speaks for it where the standfirst stands as it was, and the title not.
    fn one_standfirst(&self, a: &Compared<'a>, b: &Compared<'a>, place: RelativePosition) -> Evidence {
        let titles = a.title_pieces().similarity(b.title_pieces());
        let unique = self.is_alone(a.standfirst(), Compared::standfirst);
        let long = a.standfirst_pieces().count() >= LONG_STANDFIRST_WORDS;
        let (one, possible) = match (place, unique) {
            (RelativePosition::Here, true) => (0.0, 0.0),
            (RelativePosition::Here, false) => (ALIKE_SIMILARITY, MENDED_SIMILARITY),
            (RelativePosition::Elsewhere, true) => (if long { 0.0 } else { MENDED_SIMILARITY }, 0.0),
            (RelativePosition::Newer, false) => (UNREACHABLE_SIMILARITY, UNREACHABLE_SIMILARITY),
            (_, true) => (UNREACHABLE_SIMILARITY, 0.0),
            (_, false) => (UNREACHABLE_SIMILARITY, MENDED_SIMILARITY),
        };
        evidence(3.0, titles, one, possible)
    }

    /// What speaks for it where the title stands as it was, and the standfirst not.
    fn one_title(&self, a: &Compared<'a>, b: &Compared<'a>, place: RelativePosition, dates_tell: bool) -> Evidence {
        let standfirsts = a.standfirst_pieces().similarity(b.standfirst_pieces());
        let unique = self.is_alone(a.title(), Compared::title);
        let (one, possible) = match (place, unique) {
            (RelativePosition::Here, true) => (MENDED_SIMILARITY, 0.0),
            (RelativePosition::Here, false) => (ALIKE_SIMILARITY, if dates_tell { 0.0 } else { MENDED_SIMILARITY }),
            (RelativePosition::Elsewhere, true) => (ALIKE_SIMILARITY, 0.0),
            (RelativePosition::Replaced, _) => (UNREACHABLE_SIMILARITY, 0.0),
            (RelativePosition::Elsewhere | RelativePosition::Moved, _) => (UNREACHABLE_SIMILARITY, MENDED_SIMILARITY),
            (RelativePosition::PushedOff, _) | (RelativePosition::Newer, true) => {
                (UNREACHABLE_SIMILARITY, ALIKE_SIMILARITY)
            }
            (RelativePosition::Newer, false) => (UNREACHABLE_SIMILARITY, NEARLY_SAME_SIMILARITY),
        };
        evidence(2.0, standfirsts, one, possible)
    }
}

/// What a similarity says, from two bounds on.
fn evidence(base: f64, likeness: f64, one: f64, possible: f64) -> Evidence {
    if likeness >= one {
        Evidence::Same(base + likeness)
    } else if likeness >= possible {
        Evidence::Possible(base + likeness)
    } else {
        Evidence::Different
    }
}
