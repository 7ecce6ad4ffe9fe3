//! The header of Pelican's files: lines of `FrontMatterKey: value` up to the first blank one, without marks around them. A
//! value goes on in lines that begin with white space.

use super::{FrontMatter, keys::FrontMatterKey, value::FieldValue};

/// The front matter that a text begins with and what follows it, if it begins with one: its first line has a key that
/// is known, and some line has a title.
pub(super) fn read(text: &str) -> Option<(FrontMatter, &str)> {
    let mut entries: Vec<(&str, String)> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        if line.trim().is_empty() {
            rest = after;
            break;
        }
        match entries.last_mut().filter(|_| line.starts_with([' ', '\t'])) {
            Some((_, value)) => {
                value.push('\n');
                value.push_str(line.trim());
            }
            None => {
                let (key, value) = line.split_once(':')?;
                let is_key = key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
                let known = !matches!(FrontMatterKey::of(key), FrontMatterKey::Unknown | FrontMatterKey::Ignored);
                if !is_key || key.is_empty() || (entries.is_empty() && !known) {
                    return None;
                }
                entries.push((key, value.trim().to_owned()));
            }
        }
        rest = after;
    }
    if !entries.iter().any(|(key, _)| FrontMatterKey::of(key) == FrontMatterKey::Title) {
        return None;
    }
    let mut front = FrontMatter::default();
    for (name, value) in entries {
        let value = match FrontMatterKey::of(name) {
            // Several names stand in one line.
            FrontMatterKey::Authors(_) => {
                let ends: &[char] = if value.contains(';') { &[';'] } else { &[','] };
                FieldValue::List(value.split(ends).map(|name| FieldValue::Text(name.trim().to_owned())).collect())
            }
            _ => FieldValue::Text(value),
        };
        front.take(name, value, 0);
    }
    Some((front.finish(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_told_from_a_text() {
        let (front, body) =
            read("Title: Un: deux\nDate: 2026-10-02\nSummary: Un\n  deux\nX: y\n\nCorps.\n").expect("one");
        assert_eq!((front.title.as_deref(), body), (Some("Un: deux"), "Corps.\n"));
        assert_eq!(front.standfirst.get().map(String::as_str), Some("Un\ndeux"));
        assert_eq!(front.unknown, ["X"]);
        for text in
            ["Sans titre.\n", "Attention: lisez.\n\nCorps.", "Date: 2026-10-02\n\nCorps.", "Title: a\nUn texte.\n", ""]
        {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
