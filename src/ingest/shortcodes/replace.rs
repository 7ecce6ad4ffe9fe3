//! What known shortcodes become: HTML that the cleaner takes further, so that a film leaves a link as it does anywhere.

use crate::model::html::escape;

use super::{super::site_paths::SiteLinks, tag::Shortcode};

/// Shortcodes around a text that is all that readers need of them.
const AROUND: [&str; 40] = [
    "admonition",
    "alert",
    "aside",
    "block",
    "box",
    "button",
    "callout",
    "card",
    "center",
    "col",
    "collapse",
    "column",
    "columns",
    "danger",
    "details",
    "div",
    "expand",
    "figcaption",
    "group",
    "hint",
    "html",
    "info",
    "lead",
    "left",
    "mark",
    "note",
    "notice",
    "panel",
    "pullquote",
    "raw",
    "rawhtml",
    "right",
    "row",
    "section",
    "sidenote",
    "span",
    "spoiler",
    "tip",
    "typeit",
    "warning",
];

/// What has nothing to say to readers of a feed.
const SILENT: [&str; 6] = ["toc", "tableofcontents", "clear", "clearfix", "anchor", "nbsp"];

/// What stands in the place of a shortcode.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Replacement {
    Text(String),
    /// Something around the text that follows: what comes before and after it.
    Around(&'static str, String),
    Unknown,
}

/// `alone` is whether the shortcode stands in a line by itself.
pub(super) fn replacement(code: &Shortcode<'_>, links: &SiteLinks<'_>, alone: bool) -> Replacement {
    let name = code.name.rsplit(['/', '.']).next().unwrap_or(code.name).to_ascii_lowercase();
    let id = || code.named(&["id", "video", "videoid", "v"]).or_else(|| code.place(0));
    let address = || code.named(&["src", "url", "image", "image_path", "path", "link", "file", "img", "href"]);
    let text = match name.as_str() {
        "youtube" | "yt" | "youtubelite" | "youtube-lite" | "lite-youtube" => {
            id().map(|id| frame(&format!("https://www.youtube.com/embed/{}", video_id(id)), code))
        }
        "vimeo" => id().map(|id| frame(&format!("https://player.vimeo.com/video/{}", video_id(id)), code)),
        "dailymotion" => {
            id().map(|id| frame(&format!("https://www.dailymotion.com/embed/video/{}", video_id(id)), code))
        }
        "iframe" | "embed" | "peertube" | "soundcloud" | "spotify" => {
            let address = address().or_else(|| code.place(0)).filter(|address| address.contains("//"));
            address.map(|address| frame(address, code))
        }
        "video" => match (code.named(&["provider"]), id()) {
            (Some("youtube"), Some(id)) => Some(frame(&format!("https://www.youtube.com/embed/{id}"), code)),
            (Some("vimeo"), Some(id)) => Some(frame(&format!("https://player.vimeo.com/video/{id}"), code)),
            _ => address().or_else(|| code.place(0)).map(|src| medium("video", &links.picture(src), code)),
        },
        "audio" | "mp3" => address().or_else(|| code.place(0)).map(|src| medium("audio", &links.picture(src), code)),
        "tweet" | "twitter" | "x" => tweet(code),
        "instagram" => id().map(|id| link(&format!("https://www.instagram.com/p/{id}/"))),
        "gist" => match (code.place(0), code.place(1)) {
            (Some(user), Some(id)) => Some(link(&format!("https://gist.github.com/{user}/{id}"))),
            (Some(whole), None) => Some(link(&format!("https://gist.github.com/{whole}"))),
            _ => None,
        },
        "figure" | "image" | "img" | "picture" | "photo" | "imgproc" | "resize_image" | "responsive-image" => {
            address().or_else(|| code.place(0)).map(|src| figure(&links.picture(src), code, alone))
        }
        "ref" | "relref" | "post_url" | "link" => {
            code.named(&["path"]).or_else(|| code.place(0)).map(|path| links.page(path))
        }
        "br" => Some("<br>".to_owned()),
        "quote" | "blockquote" => {
            let author = code.named(&["author", "source", "cite", "by"]).or_else(|| code.place(0));
            let author = author.map(|author| format!("— {}\n\n", escape(author))).unwrap_or_default();
            return Replacement::Around("\n\n<blockquote>\n\n", format!("\n\n{author}</blockquote>\n\n"));
        }
        name if SILENT.contains(&name) => Some(String::new()),
        name if AROUND.contains(&name) => return Replacement::Around("", String::new()),
        _ => None,
    };
    text.map_or(Replacement::Unknown, Replacement::Text)
}

/// The id in an address of a film, where somebody wrote that.
fn video_id(id: &str) -> &str {
    let last = id.trim().rsplit(['/', '=']).next().unwrap_or(id);
    last.split(['?', '&']).next().unwrap_or(last)
}

fn frame(address: &str, code: &Shortcode<'_>) -> String {
    let title = code.named(&["title", "caption", "label", "alt"]);
    let title = title.map(|title| format!(" title=\"{}\"", escape(title))).unwrap_or_default();
    format!("<iframe src=\"{}\"{title}></iframe>", escape(address))
}

fn medium(name: &str, address: &str, code: &Shortcode<'_>) -> String {
    let title = code.named(&["title", "caption"]);
    let title = title.map(|title| format!(" title=\"{}\"", escape(title))).unwrap_or_default();
    format!("<{name} src=\"{}\"{title}></{name}>", escape(address))
}

/// A link that shows its address.
fn link(address: &str) -> String {
    let shown = address.trim_start_matches("https://").trim_start_matches("www.").trim_end_matches('/');
    format!("<a href=\"{}\">{}</a>", escape(address), escape(shown))
}

fn tweet(code: &Shortcode<'_>) -> Option<String> {
    let place = code.place(0);
    let id = code.named(&["id"]).or(place)?;
    if id.contains("//") {
        return Some(link(id));
    }
    let user = code.named(&["user"]).unwrap_or("i");
    Some(link(&format!("https://x.com/{user}/status/{id}")))
}

/// A picture, with its caption where it stands alone.
fn figure(address: &str, code: &Shortcode<'_>, alone: bool) -> String {
    let caption = code.named(&["caption", "title"]);
    let alt = code.named(&["alt"]).or(caption).unwrap_or_default();
    let picture = format!("<img src=\"{}\" alt=\"{}\">", escape(address), escape(alt));
    let picture = match code.named(&["link"]) {
        Some(target) if code.named(&["src", "url", "image", "image_path", "path"]).is_some() => {
            format!("<a href=\"{}\">{picture}</a>", escape(target))
        }
        _ => picture,
    };
    let source = code.named(&["attr", "credit"]).map(|source| format!(" ({})", escape(source))).unwrap_or_default();
    match caption.filter(|_| alone) {
        Some(caption) => {
            format!("<figure>{picture}<figcaption>{}{source}</figcaption></figure>\n", escape(caption))
        }
        None => picture,
    }
}
