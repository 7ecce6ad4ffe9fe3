//! A post as WordPress's REST API gives it, with what it names embedded. The record is as much the one of the export as it
//! can be: who changes from the file to the address keeps all columns.

use serde_json::Value;

use super::{
    super::{NO_DATE, standfirst::standfirst},
    content,
};
use crate::{
    ingest::plain_of_html,
    model::{ColumnRecord, RecordImage, RecordStatus},
};

/// The record of a post; why not, if it is none.
pub fn record(post: &Value) -> Result<ColumnRecord, String> {
    let text = |key: &str| post[key].as_str().unwrap_or_default().trim();
    let rendered = |key: &str| post[key]["rendered"].as_str().unwrap_or_default();
    let id = post["id"].as_u64().ok_or("it has no id")?.to_string();
    let published = date(text("date_gmt"), "Z").or_else(|| date(text("date"), ""));
    // Readers of one with a password have it from somebody.
    let is_public = text("status") == "publish" && post["content"]["protected"] != true;
    let (status, body) = match is_public {
        true => (RecordStatus::Published, content::rendered(rendered("content"))),
        false => (RecordStatus::Draft, content::Body::default()),
    };
    let excerpt = match is_public {
        true => standfirst(excerpt(rendered("excerpt")).trim(), &plain_of_html(rendered("content"))),
        false => String::new(),
    };
    let guid = plain_of_html(rendered("guid"));
    Ok(ColumnRecord {
        id,
        guid: Some(guid).filter(|guid| !guid.trim().is_empty()),
        title: plain_of_html(rendered("title")),
        standfirst: if excerpt.trim().is_empty() { body.standfirst } else { excerpt },
        body: body.html,
        bylines: authors(post),
        rubriques: terms(post, "category"),
        tags: terms(post, "post_tag"),
        published: published.unwrap_or_else(|| NO_DATE.to_owned()),
        updated: date(text("modified_gmt"), "Z"),
        status,
        url: Some(text("link").to_owned()).filter(|link| !link.is_empty()),
        slug: Some(text("slug").to_owned()).filter(|slug| !slug.is_empty()),
        image: post["_embedded"].get("wp:featuredmedia").and_then(|media| list(media).find_map(image)),
        ..ColumnRecord::default()
    })
}

/// A date as it is written, if it is one.
fn date(written: &str, zone: &str) -> Option<String> {
    let is_date = chrono::NaiveDateTime::parse_from_str(written, "%Y-%m-%dT%H:%M:%S").is_ok();
    is_date.then(|| format!("{written}{zone}"))
}

/// The words of an excerpt, without the link to the rest of it.
fn excerpt(html: &str) -> String {
    let link = html.find("more-link").and_then(|at| html[..at].rfind("<a "));
    plain_of_html(link.map_or(html, |link| &html[..link]))
}

/// The values of a list: PHP writes one that has gaps as an object.
fn list(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Array(list) => Box::new(list.iter()),
        Value::Object(map) => Box::new(map.values()),
        _ => Box::new(std::iter::empty()),
    }
}

/// The names of a post's terms of one kind, in order.
fn terms(post: &Value, taxonomy: &str) -> Vec<String> {
    let Some(lists) = post["_embedded"].get("wp:term") else { return Vec::new() };
    let of_kind = |term: &&Value| term["taxonomy"] == taxonomy;
    list(lists).flat_map(list).filter(of_kind).filter_map(|term| Some(plain_of_html(term["name"].as_str()?))).collect()
}

/// Who wrote a post: what extensions for several authors say, or else the author.
fn authors(post: &Value) -> Vec<String> {
    let name = |one: &Value| {
        let name = ["display_name", "name"].into_iter().find_map(|key| one[key].as_str());
        name.map(plain_of_html).filter(|name| !name.trim().is_empty())
    };
    let named = ["authors", "coauthors"].into_iter().map(|key| list(&post[key]).filter_map(name).collect::<Vec<_>>());
    if let Some(names) = named.into_iter().find(|names| !names.is_empty()) {
        return names;
    }
    let users: Vec<&Value> = post["_embedded"].get("author").into_iter().flat_map(list).collect();
    let by_terms = terms(post, "author");
    if by_terms.is_empty() {
        return users.into_iter().filter_map(name).collect();
    }
    // Such a term may be called as its user logs in.
    let shown = |term: String| {
        users.iter().find(|user| user["slug"] == term.as_str()).and_then(|user| name(user)).unwrap_or(term)
    };
    by_terms.into_iter().map(shown).collect()
}

/// A featured picture; none if it is one that not everybody may see.
fn image(media: &Value) -> Option<RecordImage> {
    let number = |key: &str| media["media_details"][key].as_u64();
    let alt = media["alt_text"].as_str().unwrap_or_default().trim();
    let caption = || plain_of_html(media["caption"]["rendered"].as_str().unwrap_or_default()).trim().to_owned();
    Some(RecordImage {
        url: media["source_url"].as_str()?.to_owned(),
        alt: if alt.is_empty() { caption() } else { plain_of_html(alt) },
        width: number("width").and_then(|width| u32::try_from(width).ok()),
        height: number("height").and_then(|height| u32::try_from(height).ok()),
        media_type: media["mime_type"].as_str().map(str::to_owned),
        length: number("filesize"),
        ..RecordImage::default()
    })
}
