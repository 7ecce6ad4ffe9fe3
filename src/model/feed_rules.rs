//! Which columns are in the feeds of bylines, of tags, and in those that the configuration chooses columns for.

use std::collections::BTreeMap;

use super::{FeedKey, Slug, column::fingerprint, text};

/// Changes when the same rules give other feeds.
const VERSION: &str = "1";

/// Which feeds there are beside those of all columns and of rubriques.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedRules {
    /// One for each byline.
    pub bylines: bool,
    /// One for each tag.
    pub tags: bool,
    /// Those that the configuration chooses columns for.
    pub selections: Vec<Selection>,
}

/// A feed of the columns for which all conditions hold that are given. Each is a list, and holds if one of it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Its name in the feed's address.
    pub slug: Slug,
    /// What readers call it.
    pub title: String,
    /// What it is for.
    pub description: Option<String>,
    /// The column is in one of these rubriques.
    pub rubriques: Vec<Slug>,
    /// It has one of these tags.
    pub tags: Vec<String>,
    /// One of these has written it.
    pub bylines: Vec<String>,
    /// One of these words, or several that follow one another, stands in its title, standfirst or text.
    pub words: Vec<String>,
    /// It has a recording.
    pub audio: bool,
}

/// What tells in which feeds a column is.
#[derive(Debug, Clone, Copy)]
pub struct SortedColumn<'a> {
    pub rubrique: Option<&'a str>,
    pub bylines: &'a [String],
    pub tags: &'a [String],
    pub has_audio: bool,
    pub title: &'a str,
    pub standfirst: &'a str,
    /// HTML; it is looked at for words alone.
    pub body: &'a str,
}

impl FeedRules {
    /// Whether there are no such feeds.
    pub fn is_empty(&self) -> bool {
        !self.bylines && !self.tags && self.selections.is_empty()
    }

    /// Whether texts are looked at.
    pub fn wants_words(&self) -> bool {
        self.selections.iter().any(|selection| !selection.words.is_empty())
    }

    /// Whether there is such a feed.
    pub fn has(&self, feed: &FeedKey) -> bool {
        match feed {
            FeedKey::All | FeedKey::Rubrique(_) => false,
            FeedKey::Byline(_) => self.bylines,
            FeedKey::Tag(_) => self.tags,
            FeedKey::Selection(slug) => self.selection(slug).is_some(),
        }
    }

    /// The selection of this name.
    pub fn selection(&self, slug: &Slug) -> Option<&Selection> {
        self.selections.iter().find(|selection| selection.slug == *slug)
    }

    /// Changes when columns may be in other feeds.
    pub fn fingerprint(&self) -> String {
        let flag = |flag: bool| if flag { "yes" } else { "no" };
        let mut parts = vec![VERSION, flag(self.bylines), flag(self.tags)];
        for Selection { slug, rubriques, tags, bylines, words, audio, .. } in &self.selections {
            parts.extend(["selection", slug.as_str(), "rubriques"]);
            parts.extend(rubriques.iter().map(Slug::as_str));
            for (name, list) in [("tags", tags), ("bylines", bylines), ("words", words)] {
                parts.push(name);
                parts.extend(list.iter().map(String::as_str));
            }
            parts.extend(audio.then_some("audio"));
        }
        fingerprint(parts)
    }

    /// The feeds that a column is in, each with what its columns call it.
    pub fn feeds_of(&self, column: &SortedColumn<'_>) -> BTreeMap<FeedKey, String> {
        let named = |names: &[String], wanted: bool, key: fn(Slug) -> FeedKey| {
            let names = if wanted { names } else { &[] };
            names.iter().filter_map(|name| Some((key(Slug::from_text(name)?), name.clone()))).collect::<Vec<_>>()
        };
        let bylines = named(column.bylines, self.bylines, FeedKey::Byline);
        let tags = named(column.tags, self.tags, FeedKey::Tag);
        let mut text = None;
        let mut has_words = |words: &[String]| {
            let text = text.get_or_insert_with(|| {
                let SortedColumn { title, standfirst, body, .. } = column;
                let said = format!("{title} {standfirst} {}", text::of_html(body));
                format!(" {} ", text::words_in_one(&said))
            });
            words.iter().any(|words| text.contains(&format!(" {} ", text::words_in_one(words))))
        };
        let selected = self.selections.iter().filter(|selection| {
            let Selection { rubriques, tags, bylines, words, audio, .. } = selection;
            (!audio || column.has_audio)
                && (rubriques.is_empty() || rubriques.iter().any(|slug| Some(slug.as_str()) == column.rubrique))
                && (tags.is_empty() || has_any(column.tags, tags))
                && (bylines.is_empty() || has_any(column.bylines, bylines))
                && (words.is_empty() || has_words(words))
        });
        let selected = selected.map(|selection| (FeedKey::Selection(selection.slug.clone()), String::new()));
        bylines.into_iter().chain(tags).chain(selected.collect::<Vec<_>>()).collect()
    }
}

/// Whether one of the names is among others, whatever their case and accents.
fn has_any(names: &[String], wanted: &[String]) -> bool {
    let names: Vec<String> = names.iter().map(|name| text::fold(name)).collect();
    wanted.iter().any(|wanted| names.contains(&text::fold(wanted)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(name: &str) -> Selection {
        let slug = Slug::parse(name).expect("a slug");
        let lists = (Vec::new(), Vec::new(), Vec::new());
        Selection {
            slug,
            title: name.to_uppercase(),
            description: None,
            rubriques: Vec::new(),
            tags: lists.0,
            bylines: lists.1,
            words: lists.2,
            audio: false,
        }
    }

    fn keys(rules: &FeedRules, column: &SortedColumn<'_>) -> Vec<String> {
        rules.feeds_of(column).keys().map(FeedKey::key).collect()
    }

    #[test]
    fn a_column_is_where_all_conditions_hold() {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let slug = |text: &str| Slug::parse(text).expect("a slug");
        let rules = FeedRules {
            bylines: true,
            tags: true,
            selections: vec![
                Selection { tags: texts(&["Port", "digue"]), ..selection("port") },
                Selection { rubriques: vec![slug("edito")], tags: texts(&["port"]), ..selection("both") },
                Selection { bylines: texts(&["eve le bihan"]), ..selection("eve") },
                Selection { words: texts(&["marée basse", "digue"]), ..selection("words") },
            ],
        };
        let (bylines, tags) = (texts(&["Ève Le Bihan", "Yann"]), texts(&["Le port", "PORT", "★"]));
        let column = SortedColumn {
            rubrique: Some("humeur"),
            bylines: &bylines,
            tags: &tags,
            has_audio: false,
            title: "Une Maree",
            standfirst: "",
            body: "<p>À <em>marée</em>&nbsp;basse.</p>",
        };
        let all = ["byline/eve-le-bihan", "byline/yann", "tag/le-port", "tag/port", "selection/eve", "selection/port"];
        assert_eq!(keys(&rules, &column), [&all[..], &["selection/words"]].concat());
        let column =
            SortedColumn { rubrique: Some("edito"), body: "<p>Les marées basses, l’endigue.</p>", ..column };
        let both = [&all[..4], &["selection/both"], &all[4..]].concat();
        assert_eq!(keys(&rules, &column), both);
        let none = SortedColumn { bylines: &[], tags: &[], rubrique: None, ..column };
        assert_eq!(keys(&rules, &none), [""; 0]);
        assert_eq!(keys(&FeedRules::default(), &column), [""; 0]);
    }

    #[test]
    fn other_conditions_are_other_rules() {
        let rules = |selections| FeedRules { selections, ..FeedRules::default() };
        let words = vec!["port".to_owned()];
        let all = [
            FeedRules::default(),
            FeedRules { tags: true, ..FeedRules::default() },
            rules(vec![selection("port")]),
            rules(vec![Selection { words: words.clone(), ..selection("port") }]),
            rules(vec![Selection { words: words.clone(), audio: true, ..selection("port") }]),
            rules(vec![Selection { tags: words.clone(), ..selection("port") }]),
            rules(vec![Selection { tags: words, ..selection("port") }, selection("mer")]),
        ];
        let mut known: Vec<String> = all.iter().map(FeedRules::fingerprint).collect();
        known.sort();
        known.dedup();
        assert_eq!(known.len(), all.len());
    }
}
