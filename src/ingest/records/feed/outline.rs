//! What the library that reads feeds does not tell, in one look at the tags: which entries are drafts, which ids are no
//! addresses, and from where the relative links of a text lead. A document that is nested too deep is refused here,
//! because the library goes down into it step by step.

use url::Url;

use crate::ingest::records::xml::{XmlError, XmlFile, XmlPart};

/// So many elements may be in one another.
const MAX_DEPTH: usize = 200;

/// What is noted of an entry, in the order of the document.
#[derive(Debug, Default)]
pub(super) struct EntryOutline {
    /// Whether it says itself that it is not for readers yet.
    pub(super) is_draft: bool,
    /// Whether its id says that it is no address.
    pub(super) is_plain_id: bool,
    /// From where the links of its text lead, if the document says that.
    pub(super) content_base: Option<Url>,
    pub(super) summary_base: Option<Url>,
    /// How long its recording lasts (`itunes:duration`): the library knows hours, minutes and seconds together alone.
    pub(super) duration: Option<String>,
}

/// What is noted of a document.
#[derive(Debug, Default)]
pub(super) struct FeedOutline {
    pub(super) entries: Vec<EntryOutline>,
    /// Its own address, or else that of the site.
    pub(super) address: Option<Url>,
}

/// Goes through a document. What it holds need not be a feed.
pub(super) fn outline(xml: &[u8], address: Option<&Url>) -> Result<FeedOutline, String> {
    let mut found = FeedOutline { address: address.cloned(), ..FeedOutline::default() };
    let mut xml = XmlFile::of(xml);
    let mut site = None;
    // The base of each open element.
    let mut bases: Vec<Option<Url>> = Vec::new();
    let mut entry_depth = None;
    while let Some(part) = xml.next().map_err(words)? {
        let (name, attributes) = match part {
            XmlPart::Start(name, attributes) => (name, attributes),
            XmlPart::End(_) => {
                bases.pop();
                if entry_depth.is_some_and(|depth| bases.len() < depth) {
                    entry_depth = None;
                }
                continue;
            }
            XmlPart::Text(_) => continue,
        };
        let attribute =
            |wanted: &str| attributes.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.as_str());
        let outer = bases.last().cloned().flatten();
        let base = match attribute("xml:base") {
            Some(own) => outer.as_ref().or(address).map_or_else(|| Url::parse(own), |outer| outer.join(own)).ok(),
            None => outer,
        };
        let (prefix, local) = name.split_once(':').unwrap_or(("", &name));
        match (entry_depth, local) {
            (None, "item" | "entry") => {
                found.entries.push(EntryOutline::default());
                entry_depth = Some(bases.len() + 1);
            }
            (None, "link") if bases.len() <= 2 => {
                let href = attribute("href").and_then(|href| Url::parse(href).ok());
                match attribute("rel") {
                    Some("self") => found.address = found.address.or(href),
                    Some("alternate") | None if href.is_some() => site = site.or(href),
                    None if site.is_none() => {
                        site = Url::parse(xml.text(&name).map_err(words)?.trim()).ok();
                        continue;
                    }
                    _ => {}
                }
            }
            (Some(depth), local) => {
                if let Some(entry) = found.entries.last_mut() {
                    let is_own = bases.len() == depth && !matches!(prefix, "media" | "itunes");
                    match local {
                        "draft" if bases.len() == depth + 1 => {
                            entry.is_draft = xml.text(&name).map_err(words)?.trim() == "yes";
                            continue;
                        }
                        "duration" if prefix == "itunes" && bases.len() == depth => {
                            entry.duration = Some(xml.text(&name).map_err(words)?);
                            continue;
                        }
                        "guid" if is_own => entry.is_plain_id = attribute("isPermaLink") == Some("false"),
                        "content" | "encoded" if is_own => entry.content_base.clone_from(&base),
                        "summary" | "description" if is_own => entry.summary_base.clone_from(&base),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        bases.push(base);
        if bases.len() > MAX_DEPTH {
            return Err(format!("it has more than {MAX_DEPTH} elements in one another"));
        }
    }
    found.address = found.address.or(site);
    Ok(found)
}

fn words(error: XmlError) -> String {
    match error {
        XmlError::Io(error) => error.to_string(),
        XmlError::Wrong(message) => message,
    }
}
