//! Which columns that are gone are those that have appeared: a file that was renamed, or moved into
//! another folder or source, holds the same column. What is alike without being the same is told,
//! not taken.

use std::collections::{HashMap, HashSet};

use super::{markdown::undated, similarity::TokenCounts};
use crate::model::{column::fingerprint, text};

/// A column that was there and has no file any more.
#[derive(Debug, Clone)]
pub struct GoneColumn {
    pub key: String,
    /// The id that readers know it by.
    pub guid: String,
    pub content: String,
    pub title: String,
    /// When it was published, in milliseconds.
    pub published: i64,
    /// Whether its whole source is gone from the configuration: then its name alone tells it.
    pub of_gone_source: bool,
    /// Whether it left the feeds before: then only what is the same to the letter brings it back.
    pub withdrawn: bool,
    /// What it says, where the same words have to be looked for.
    pub digest: Option<TextDigest>,
}

/// A column in a file that no column is known of.
#[derive(Debug, Clone)]
pub struct NewColumn {
    pub key: String,
    /// Whether the file itself names it so.
    pub given_id: bool,
    /// The guid, if the file gives one.
    pub given_guid: Option<String>,
    pub content: String,
    pub title: String,
    /// When it is published, in milliseconds.
    pub published: i64,
    pub digest: TextDigest,
}

/// What tells apart what columns say in their standfirst and body, without its words: there may be more
/// of them than memory should hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextDigest {
    /// A fingerprint of its words, one after another.
    words: String,
    /// Whether it is a text that may come back: with its title, it has few words.
    is_short: bool,
}

/// What a column says, by its title, and by its standfirst and body as text.
pub fn text_digest(title: &str, text: &str) -> TextDigest {
    let few = |text: &str| TokenCounts::count_of(&text::words(text));
    let words = text::words(text);
    let is_short = TokenCounts::count_of(&words) + few(title) < MIN_DISTINCT_WORDS;
    TextDigest { words: fingerprint([words.join(" ")]), is_short }
}

/// How alike the words are of a column that is gone and a new one, by their places in the two lists.
#[derive(Debug, Clone, Copy)]
pub struct PairSimilarity {
    pub gone: usize,
    pub new: usize,
    /// From 0 to 1.
    pub similarity: f64,
    /// How many words the new one has.
    pub tokens: usize,
}

/// What was found out, by places in the two lists.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Moves {
    /// Pairs of one column: gone and new.
    pub same: Vec<(usize, usize)>,
    /// Pairs of these that might be others as well, each with the other candidate that is gone.
    pub guessed: Vec<(usize, usize, usize)>,
    /// Pairs that are much alike and were not taken for one column.
    pub alike: Vec<(usize, usize)>,
}

/// How alike the words must be under one title.
const MIN_SIMILARITY: f64 = 0.8;
/// From so many words on, two equal bodies are one text, whatever their titles.
const MIN_SAME_TEXT_WORDS: usize = 20;
/// With fewer, a text is one that may come back.
const MIN_DISTINCT_WORDS: usize = 8;
/// A date that is further off, in milliseconds, makes another column of what is only alike.
const MAX_DATE_SHIFT_MILLIS: i64 = 3 * 86_400_000;
/// Two candidates that are nearer to one another than this are told.
const RIVAL_MARGIN: f64 = 0.03;

/// Pairs of columns by what they share to the letter: guid, id, all words, the name in a source that
/// is gone as a whole.
pub fn same(gone: &[GoneColumn], new: &[NewColumn]) -> Moves {
    let mut search = MoveSearch::new(gone, new);
    search.match_by(false, |gone| Some(gone.guid.clone()), |new| new.given_guid.clone());
    search.match_by(false, |gone| Some(gone.key.clone()), |new| new.given_id.then(|| new.key.clone()));
    let content = |gone: &GoneColumn| Some(gone.content.clone()).filter(|content| !content.is_empty());
    search.match_by(true, content, |new| Some(new.content.clone()));
    search.match_by(
        false,
        |gone| (gone.of_gone_source && !gone.withdrawn).then(|| gone.key.clone()),
        |new| Some(new.key.clone()),
    );
    search.moves
}

/// Pairs of what is left that have a title or all words in common: their words are to be compared.
pub fn near(gone: &[GoneColumn], new: &[NewColumn], found: &Moves) -> Vec<(usize, usize)> {
    MoveSearch::after(gone, new, found).near()
}

/// Pairs of what is left by their words: the same body, or the same title over nearly the same words.
/// `near` are the pairs that may be, compared.
pub fn alike(gone: &[GoneColumn], new: &[NewColumn], found: Moves, near: &[PairSimilarity]) -> Moves {
    let mut search = MoveSearch::after(gone, new, &found);
    search.moves = found;
    search.by_words(near);
    search.moves
}

struct MoveSearch<'a> {
    gone: &'a [GoneColumn],
    new: &'a [NewColumn],
    taken: (HashSet<usize>, HashSet<usize>),
    moves: Moves,
}

impl<'a> MoveSearch<'a> {
    fn new(gone: &'a [GoneColumn], new: &'a [NewColumn]) -> Self {
        Self { gone, new, taken: (HashSet::new(), HashSet::new()), moves: Moves::default() }
    }

    fn after(gone: &'a [GoneColumn], new: &'a [NewColumn], found: &Moves) -> Self {
        let mut search = Self::new(gone, new);
        for (gone, new) in &found.same {
            search.take(*gone, *new);
        }
        search
    }

    fn take(&mut self, gone: usize, new: usize) {
        self.taken.0.insert(gone);
        self.taken.1.insert(new);
    }

    fn is_free(&self, gone: usize, new: usize) -> bool {
        !self.taken.0.contains(&gone) && !self.taken.1.contains(&new)
    }

    /// Pairs that share a value.
    fn match_by(
        &mut self,
        by_content: bool,
        of_gone: impl Fn(&GoneColumn) -> Option<String>,
        of_new: impl Fn(&NewColumn) -> Option<String>,
    ) {
        let mut owners: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, gone) in self.gone.iter().enumerate().filter(|(index, _)| !self.taken.0.contains(index)) {
            if let Some(value) = of_gone(gone) {
                owners.entry(value).or_default().push(index);
            }
        }
        let mut pairs = Vec::new();
        for (index, new) in self.new.iter().enumerate().filter(|(index, _)| !self.taken.1.contains(index)) {
            let value = of_new(new);
            // A file that gives another column's id is another column.
            let foreign = |gone: &GoneColumn| new.given_guid.as_ref().is_some_and(|guid| is_given(gone, guid));
            // A title alone comes back every week.
            let other_week = |gone: &GoneColumn| {
                new.digest.is_short && (gone.published - new.published).abs() > MAX_DATE_SHIFT_MILLIS
            };
            for other in value.iter().filter_map(|value| owners.get(value)).flatten() {
                let gone = &self.gone[*other];
                if !(foreign(gone) || (by_content && other_week(gone))) {
                    pairs.push((self.nearness(*other, index), *other, index));
                }
            }
        }
        self.assign(pairs);
    }

    /// How near two columns of one text are to one another: by their paths and dates.
    fn nearness(&self, gone: usize, new: usize) -> f64 {
        let (gone, new) = (&self.gone[gone], &self.new[new]);
        let dates = if gone.published == new.published { 0.5 } else { 0.0 };
        let alive = if gone.withdrawn { 0.0 } else { 2.0 };
        alive + dates + path_similarity(&gone.key, &new.key)
    }

    /// Assigns the best pairs; says where another candidate was as good.
    fn assign(&mut self, mut pairs: Vec<(f64, usize, usize)>) {
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        let mut candidates: HashMap<usize, Vec<(f64, usize)>> = HashMap::new();
        for (score, gone, new) in &pairs {
            candidates.entry(*new).or_default().push((*score, *gone));
        }
        for (score, gone, new) in pairs {
            if !self.is_free(gone, new) {
                continue;
            }
            let others = candidates.get(&new).into_iter().flatten();
            let rival = others.filter(|(_, other)| *other != gone && !self.taken.0.contains(other));
            if let Some((_, rival)) = rival.into_iter().find(|(other, _)| score - other < RIVAL_MARGIN) {
                self.moves.guessed.push((gone, new, *rival));
            }
            self.moves.same.push((gone, new));
            self.take(gone, new);
        }
    }

    fn near(&self) -> Vec<(usize, usize)> {
        let mut by_title: HashMap<String, Vec<usize>> = HashMap::new();
        let mut by_words: HashMap<&str, Vec<usize>> = HashMap::new();
        let free = |index: &usize| !self.taken.0.contains(index) && !self.gone[*index].withdrawn;
        for index in (0..self.gone.len()).filter(free) {
            let Some(digest) = &self.gone[index].digest else { continue };
            by_title.entry(text::fold(&self.gone[index].title)).or_default().push(index);
            by_words.entry(&digest.words).or_default().push(index);
        }
        let mut pairs = Vec::new();
        if by_title.is_empty() {
            return pairs;
        }
        for (index, new) in self.new.iter().enumerate().filter(|(index, _)| !self.taken.1.contains(index)) {
            let of_title = by_title.get(&text::fold(&new.title)).into_iter().flatten();
            let of_words = by_words.get(new.digest.words.as_str()).into_iter().flatten();
            let near: HashSet<usize> = of_title.chain(of_words).copied().collect();
            let foreign = |gone: &usize| new.given_guid.as_ref().is_some_and(|guid| is_given(&self.gone[*gone], guid));
            pairs.extend(near.into_iter().filter(|gone| !foreign(gone)).map(|gone| (gone, index)));
        }
        pairs
    }

    fn by_words(&mut self, near: &[PairSimilarity]) {
        let (mut pairs, mut doubtful) = (Vec::new(), Vec::new());
        for PairSimilarity { gone, new: index, similarity, tokens } in near.iter().copied() {
            let (other, new) = (&self.gone[gone], &self.new[index]);
            let same_body = similarity > 1.0 - 1e-9 && tokens >= MIN_SAME_TEXT_WORDS;
            let same_title = text::fold(&other.title) == text::fold(&new.title);
            let same_date = (other.published - new.published).abs() <= MAX_DATE_SHIFT_MILLIS;
            if same_body || (same_title && similarity >= MIN_SIMILARITY && same_date) {
                pairs.push((2.0 * similarity + self.nearness(gone, index), gone, index));
            } else if same_title && similarity >= MIN_SIMILARITY {
                doubtful.push((gone, index));
            }
        }
        self.assign(pairs);
        doubtful.sort_unstable();
        let left: Vec<_> = doubtful.into_iter().filter(|(gone, new)| self.is_free(*gone, *new)).collect();
        self.moves.alike.extend(left);
    }
}

/// Whether a column has a guid of its source's own that is not this one.
fn is_given(gone: &GoneColumn, guid: &str) -> bool {
    gone.guid != guid && !gone.guid.starts_with("tag:")
}

/// From 0 to 1: the same name but for its date counts most, then the same folder, then the letters.
fn path_similarity(one: &str, other: &str) -> f64 {
    let part = |key: &str| key.rsplit_once('/').map_or((String::new(), key.to_owned()), |(f, n)| (f.into(), n.into()));
    let ((folder, name), (other_folder, other_name)) = (part(one), part(other));
    let same_name = if undated(&name) == undated(&other_name) { 0.6 } else { 0.0 };
    let same_folder = if folder == other_folder { 0.2 } else { 0.0 };
    same_name + same_folder + 0.2 * TokenCounts::of(one).similarity(&TokenCounts::of(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A column with its words, which it does not hold itself.
    struct WithText<T>(T, String);

    impl<T> WithText<T> {
        fn with(mut self, change: impl FnOnce(&mut T)) -> Self {
            change(&mut self.0);
            self
        }
    }

    fn gone(key: &str, title: &str, text: &str) -> WithText<GoneColumn> {
        let column = GoneColumn {
            key: key.into(),
            guid: format!("tag:{key}"),
            content: crate::model::column::content(title, "", text),
            title: title.into(),
            published: 0,
            of_gone_source: false,
            withdrawn: false,
            digest: Some(text_digest(title, text)),
        };
        WithText(column, text.into())
    }

    fn new(key: &str, title: &str, text: &str) -> WithText<NewColumn> {
        let column = NewColumn {
            key: key.into(),
            given_id: false,
            given_guid: None,
            content: crate::model::column::content(title, "", text),
            title: title.into(),
            published: 0,
            digest: text_digest(title, text),
        };
        WithText(column, text.into())
    }

    fn found(gone: &[WithText<GoneColumn>], new: &[WithText<NewColumn>]) -> Moves {
        let before: Vec<GoneColumn> = gone.iter().map(|told| told.0.clone()).collect();
        let after: Vec<NewColumn> = new.iter().map(|told| told.0.clone()).collect();
        let moves = same(&before, &after);
        let compare = |(g, n): (usize, usize)| {
            let (theirs, own) = (TokenCounts::of(&gone[g].1), TokenCounts::of(&new[n].1));
            PairSimilarity { gone: g, new: n, similarity: own.similarity(&theirs), tokens: own.count() }
        };
        let near: Vec<PairSimilarity> = near(&before, &after, &moves).into_iter().map(compare).collect();
        alike(&before, &after, moves, &near)
    }

    #[test]
    fn a_column_is_known_by_its_words_wherever_it_went() {
        let long = "mer vent phare digue grève brume port quai mouette écume sel sable rocher île cap baie anse crique dune lande";
        let before = [gone("a", "Un", "mot"), gone("b", "Deux", long), gone("c", "Trois", "un deux trois quatre cinq")];
        let after = [
            new("x/c", "Trois", "un deux trois quatre six"),
            new("y", "Autre titre", long),
            new("a-2", "UN", "Mot"),
            new("z", "Quatre", "mot"),
        ];
        let moves = found(&before, &after);
        assert_eq!(moves.same.iter().copied().collect::<HashSet<_>>(), HashSet::from([(0, 2), (1, 1), (2, 0)]));
        assert_eq!((moves.guessed, moves.alike), (vec![], vec![]));
    }

    #[test]
    fn a_guid_or_an_id_that_the_file_gives_decides() {
        let mut before = [gone("a", "Un", "mot"), gone("b", "Deux", "autre")];
        before[0].0.guid = "urn:x".into();
        let after = [new("c", "Deux", "autre").with(|new| new.given_guid = Some("urn:x".into()))];
        assert_eq!(found(&before, &after).same, [(0, 0)]);
        let after = [new("c", "Un", "mot").with(|new| new.given_guid = Some("urn:y".into()))];
        assert_eq!(found(&before, &after).same, []);
        let after = [new("b", "Tout autre", "chose").with(|new| new.given_id = true)];
        assert_eq!(found(&before, &after).same, [(1, 0)]);
    }

    #[test]
    fn of_equals_the_nearer_path_is_taken_and_a_guess_is_told() {
        let before = [gone("2026-11-18-a", "Le billet", ""), gone("2026-11-18-b", "Le billet", "")];
        let after = [new("2026-11-19-b", "Le billet", ""), new("2026-11-19-a", "Le billet", "")];
        let moves = found(&before, &after);
        assert_eq!((moves.same, moves.guessed), (vec![(0, 1), (1, 0)], vec![]));
        let after = [new("c", "Le billet", "")];
        let moves = found(&before, &after);
        assert_eq!((moves.same, moves.guessed), (vec![(0, 0)], vec![(0, 0, 1)]));
    }

    #[test]
    fn next_week_s_column_of_a_formula_is_no_move() {
        let text =
            |day| format!("Pleine mer à huit heures, basse mer à quatorze heures, coefficient du {day} novembre");
        let before = [gone("18-marees", "Les marées", &text(18))];
        let after = [new("25-marees", "Les marées", &text(25)).with(|new| new.published = 7 * 86_400_000)];
        let moves = found(&before, &after);
        assert_eq!((moves.same, moves.alike), (vec![], vec![(0, 0)]));
    }

    #[test]
    fn a_source_that_moved_as_a_whole_is_known_by_its_names() {
        let before = [gone("a", "Un", "mot").with(|gone| gone.of_gone_source = true)];
        assert_eq!(found(&before, &[new("a", "Tout", "autre")]).same, [(0, 0)]);
        assert_eq!(found(&[gone("a", "Un", "mot")], &[new("a", "Tout", "autre")]).same, []);
    }
}
