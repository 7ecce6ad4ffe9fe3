//! What stands in a shortcode: a name, then values, some with keys. Hugo, Liquid and Tera write it nearly alike.

/// A shortcode without its marks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shortcode<'a> {
    pub(super) name: &'a str,
    /// Whether it ends one that began before.
    pub(super) ends: bool,
    values: Vec<(Option<&'a str>, &'a str)>,
}

impl<'a> Shortcode<'a> {
    /// Reads what stands between the marks; nothing if it does not begin with a name.
    pub(super) fn of(inside: &'a str) -> Option<Self> {
        let inside = inside.trim_matches(|c: char| c.is_whitespace() || c == '-');
        let (ends, inside) = match inside.strip_prefix('/') {
            Some(rest) => (true, rest.trim_start()),
            None => (false, inside),
        };
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
        let end = inside.find(|c: char| !is_name(c)).unwrap_or(inside.len());
        let (name, rest) = inside.split_at(end);
        let name = name.trim_end_matches('/');
        if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return None;
        }
        Some(Self { name, ends, values: values(rest) })
    }

    /// The same with its first value for a name: Jekyll's `include figure.html src="…"`.
    pub(super) fn included(&self) -> Option<Self> {
        let mut values = self.values.iter().copied();
        let (None, file) = values.next()? else { return None };
        let name = file.rsplit('/').next().unwrap_or(file);
        Some(Self { name: name.split('.').next().unwrap_or(name), ends: false, values: values.collect() })
    }

    /// The first of some keys that has a value.
    pub(super) fn named(&self, keys: &[&str]) -> Option<&'a str> {
        let of = |key: &&str| {
            let found =
                self.values.iter().find(|(known, _)| known.is_some_and(|known| known.eq_ignore_ascii_case(key)));
            found.map(|(_, value)| *value).filter(|value| !value.trim().is_empty())
        };
        keys.iter().find_map(of)
    }

    /// A value without a key, by its place.
    pub(super) fn place(&self, place: usize) -> Option<&'a str> {
        self.values.iter().filter(|(key, _)| key.is_none()).nth(place).map(|(_, value)| *value)
    }
}

/// Values, with the keys that some have.
fn values(text: &str) -> Vec<(Option<&str>, &str)> {
    let mut values = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')'));
        if rest.is_empty() {
            return values;
        }
        let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let value = after.trim_start().strip_prefix('=').or_else(|| after.strip_prefix(": "));
        match value.filter(|_| !word.is_empty()) {
            Some(value) => {
                let (value, after) = one(value.trim_start());
                values.push((Some(word), value));
                rest = after;
            }
            None => {
                let (value, after) = one(rest);
                values.push((None, value));
                rest = after;
            }
        }
    }
}

/// The value that a text begins with, without its quotation marks, and what follows it.
fn one(text: &str) -> (&str, &str) {
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))
        && let Some((value, rest)) = text[1..].split_once(quote)
    {
        return (value, rest);
    }
    let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ')');
    // A mark of quotation without an end is part of the word.
    let end = text.char_indices().skip(1).find(|(_, c)| ends(*c)).map_or(text.len(), |(at, _)| at);
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_told_apart() {
        let figure = Shortcode::of(" figure src=\"a b.jpg\" alt='é' caption=`x` width=300 ").expect("a shortcode");
        assert_eq!((figure.name, figure.named(&["alt"])), ("figure", Some("é")));
        assert_eq!((figure.named(&["url", "src"]), figure.place(0)), (Some("a b.jpg"), None));
        let youtube = Shortcode::of("youtube(id=\"Ab-1\", autoplay=true)").expect("a shortcode");
        assert_eq!((youtube.name, youtube.named(&["id"])), ("youtube", Some("Ab-1")));
        let include = Shortcode::of("- include media/figure.html src=\"a.jpg\" -").expect("a shortcode");
        let included = include.included().expect("a name");
        assert_eq!((included.name, included.named(&["src"])), ("figure", Some("a.jpg")));
        let place = Shortcode::of("tweet 12 \"34\"").expect("a shortcode");
        assert_eq!((place.place(0), place.place(1), place.place(2)), (Some("12"), Some("34"), None));
        assert!(Shortcode::of("/quote").is_some_and(|end| end.ends && end.name == "quote"));
        for text in ["", "12", "\"a\" | b", "<", "a=\"", "x \"é"] {
            let _ = Shortcode::of(text);
        }
    }
}
