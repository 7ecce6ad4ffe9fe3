//! Another program reads back what was written.

use chrono::{TimeZone, Utc};
use gazetier::model::{Column, Instant, uri};
use proptest::{prelude::*, test_runner::TestCaseResult};

/// A title as a reader shows it: HTML's escapes undone, invisible word joiners taken out.
pub(super) fn shown(title: Option<&feed_rs::model::Text>) -> String {
    let title = title.expect("a title");
    let mut text = title.content.replace('\u{2060}', "");
    if title.content_type.subty() == "html" {
        for (entity, c) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&")] {
            text = text.replace(entity, c);
        }
    }
    text.trim().to_owned()
}

/// Another program reads the same columns back from each form.
pub(super) fn read_back(columns: &[Column], files: &[(String, Vec<u8>)]) -> TestCaseResult {
    let early = Utc.with_ymd_and_hms(1990, 1, 1, 0, 0, 0).single().expect("an instant");
    for (path, bytes) in files {
        let read = feed_rs::parser::parse(bytes.as_slice()).map_err(|e| TestCaseError::fail(format!("{path}: {e}")))?;
        prop_assert_eq!(read.entries.len(), columns.len());
        for (entry, column) in read.entries.iter().zip(columns) {
            if !column.title.trim().is_empty() {
                let title = column.title.replace('\u{2060}', "");
                prop_assert_eq!(shown(entry.title.as_ref()), title.trim(), "{}", path);
            }
            if !path.ends_with("atom.xml") || uri::is_canonical(&column.guid) {
                prop_assert_eq!(&entry.id, &column.guid, "{}", path);
            }
            let picture = entry.media.iter().flat_map(|media| &media.content);
            let is_heard = |content: &feed_rs::model::MediaContent| {
                content.content_type.as_ref().is_some_and(|kind| kind.to_string().starts_with("audio/"))
            };
            let (heard, picture): (Vec<_>, Vec<_>) = picture.partition(|content| is_heard(content));
            if let (Some(read), Some(audio)) = (heard.first(), &column.audio) {
                let url = read.url.as_ref().map(|url| url.as_str());
                prop_assert_eq!(url, Some(&*uri::encode(audio.url.as_str())), "{}", path);
            }
            let picture = picture.into_iter().find_map(|content| content.url.as_ref());
            if let (Some(read), Some(image)) = (picture, &column.image) {
                prop_assert_eq!(read.as_str(), uri::encode(image.url.as_str()), "{}", path);
            }
            let link = entry.links.iter().find(|link| link.rel.as_deref().unwrap_or("alternate") == "alternate");
            prop_assert_eq!(link.map(|link| &*link.href), Some(&*uri::encode(column.url.as_str())), "{}", path);
            let seconds = |at: Instant| at.timestamp();
            if column.published >= early {
                prop_assert_eq!(entry.published.map(seconds), Some(seconds(column.published)), "{}", path);
            }
            if !path.ends_with("rss.xml") {
                prop_assert_eq!(entry.updated, Some(column.updated), "{}", path);
            }
        }
    }
    Ok(())
}
