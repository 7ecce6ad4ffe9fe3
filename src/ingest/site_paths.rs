//! Addresses as generators write them in their files: with a mark for the site, or for what makes a page of it.

use std::borrow::Cow;

/// What stands for the site's own address before a path, with Pelican and Jekyll.
const MARKS: [&str; 9] =
    ["{static}", "{attach}", "{filename}", "{photo}", "{author}", "|static|", "|attach|", "|filename|", "@/"];

/// An address without such marks. One that is made by a filter is what the filter is given.
pub(super) fn plain(address: &str) -> Cow<'_, str> {
    let address = address.trim();
    if let Some(rest) = MARKS.iter().find_map(|mark| address.strip_prefix(mark)) {
        return rest.into();
    }
    let Some((expression, rest)) = address.strip_prefix("{{").and_then(|inside| inside.split_once("}}")) else {
        return address.into();
    };
    let expression = expression.trim();
    let of_site =
        matches!(expression, "site.url" | "site.baseurl" | "site.baseURL" | "config.base_url" | ".Site.BaseURL");
    if of_site {
        // Both stand often one after the other.
        return plain(rest).into_owned().into();
    }
    match quoted(expression) {
        Some(path) => format!("{path}{rest}").into(),
        None => address.into(),
    }
}

/// The text that an expression begins with in quotation marks, before its filters: `"/x" | relative_url`.
fn quoted(expression: &str) -> Option<&str> {
    let quote = expression.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (text, rest) = expression[1..].split_once(quote)?;
    let filters = rest.trim();
    (filters.is_empty() || filters.starts_with('|')).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_taken_from_addresses() {
        for (address, path) in [
            ("{static}/images/a.jpg", "/images/a.jpg"),
            ("|filename|a.md", "a.md"),
            ("{{ site.url }}{{ site.baseurl }}/a", "/a"),
            ("{{ '/a' | relative_url }}", "/a"),
            ("{{ \"/a\" | prepend: site.baseurl }}?b", "/a?b"),
            ("{{ page.image }}", "{{ page.image }}"),
            (" https://a.example/{x}", "https://a.example/{x}"),
        ] {
            assert_eq!(plain(address), path);
        }
    }
}
