//! Texts with something to fill in.

use std::fmt::Display;

/// A text with what stands for something filled in, as `{name}`; what stands for nothing stays. It goes through the text
/// once: a name or a title that holds a brace is not filled in again.
pub fn fill(text: &str, with: &[(&str, &dyn Display)]) -> String {
    let mut filled = String::with_capacity(text.len() + text.len() / 2);
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find('}').map_or(rest.len(), |end| end + 1);
        let name = rest[1..end].strip_suffix('}').unwrap_or_default();
        match with.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => filled.push_str(&value.to_string()),
            None => filled.push_str(&rest[..end]),
        }
        rest = &rest[end..];
    }
    filled + rest
}
