//! The keys of a front matter, as the makers of sites call them.

use std::borrow::Cow;

/// What a key is for. The number is its place among the names of one thing: of two that are there, the lower one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrontMatterKey {
    Title,
    Id,
    Guid,
    Slug,
    Standfirst(u8),
    Authors(u8),
    /// Rubriques, by how near the name is to ours. Some generators take a text for a list of words.
    Categories(u8, KeyWords),
    Tags,
    Published(u8),
    Updated(u8),
    Expires(u8),
    Url(u8),
    Image(u8),
    Audio,
    /// A text that belongs to the picture: its description.
    ImageAlt,
    ImageCredit,
    Draft,
    Withdrawn,
    Hidden,
    Status,
    /// How much of a page Hugo makes.
    Build,
    /// What kind of page it is.
    Layout,
    /// A table of more keys.
    More,
    /// Defined by a generator, and of no use here.
    Ignored,
    Unknown,
}

/// How a text names several categories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyWords {
    One,
    Several,
}

/// A key without what generators write differently: `featured_image`, `featured-image`, `featuredImage`.
fn plain(key: &str) -> Cow<'_, str> {
    if key.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return key.into();
    }
    let kept = key.chars().filter(|c| !matches!(c, '_' | '-' | ' '));
    kept.flat_map(char::to_lowercase).collect::<String>().into()
}

impl FrontMatterKey {
    pub(super) fn of(name: &str) -> Self {
        match plain(name).as_ref() {
            "title" => Self::Title,
            "id" => Self::Id,
            "guid" => Self::Guid,
            "slug" => Self::Slug,
            "standfirst" => Self::Standfirst(0),
            "chapo" | "chapô" => Self::Standfirst(1),
            "excerpt" => Self::Standfirst(2),
            "summary" => Self::Standfirst(3),
            "description" => Self::Standfirst(4),
            "lead" | "lede" => Self::Standfirst(5),
            "subtitle" => Self::Standfirst(6),
            "audio" => Self::Audio,
            "byline" => Self::Authors(0),
            "author" => Self::Authors(1),
            "authors" => Self::Authors(2),
            "rubrique" => Self::Categories(0, KeyWords::One),
            "rubriques" => Self::Categories(1, KeyWords::One),
            "section" => Self::Categories(2, KeyWords::One),
            "category" => Self::Categories(3, KeyWords::One),
            "categories" => Self::Categories(4, KeyWords::Several),
            "tags" | "tag" => Self::Tags,
            "published" => Self::Published(0),
            "publishdate" => Self::Published(1),
            "pubdate" | "pubdatetime" => Self::Published(2),
            "date" => Self::Published(3),
            "updated" => Self::Updated(0),
            "lastmod" => Self::Updated(1),
            "modified" => Self::Updated(2),
            "lastmodifiedat" | "lastmodified" => Self::Updated(3),
            "updateddate" | "moddatetime" => Self::Updated(4),
            "expirydate" => Self::Expires(0),
            "unpublishdate" => Self::Expires(1),
            "url" => Self::Url(0),
            "permalink" => Self::Url(1),
            "link" => Self::Url(2),
            "image" => Self::Image(0),
            "cover" | "coverimage" => Self::Image(1),
            "featuredimage" | "featureimage" | "feature" => Self::Image(2),
            "thumbnail" => Self::Image(3),
            "images" => Self::Image(4),
            "header" => Self::Image(5),
            "imagealt" | "coveralt" | "coverimagealt" | "featuredimagealt" | "thumbnailalt" => Self::ImageAlt,
            "imagecredit" | "covercredit" | "featuredimagecredit" => Self::ImageCredit,
            "draft" => Self::Draft,
            "withdrawn" => Self::Withdrawn,
            "hidden" | "private" | "headless" | "eleventyexcludefromcollections" => Self::Hidden,
            "status" => Self::Status,
            "build" => Self::Build,
            "layout" | "type" => Self::Layout,
            "extra" | "params" | "taxonomies" => Self::More,
            other if IGNORED.binary_search(&other).is_ok() => Self::Ignored,
            _ => Self::Unknown,
        }
    }
}

/// In the order of the alphabet.
#[rustfmt::skip]
static IGNORED: [&str; 142] = [
    "aliases", "alternates", "authoremail", "authorid", "authorprofile", "authorurl", "avatar", "background",
    "banner", "bodyclass", "canonical", "canonicalurl", "cascade", "class", "classes", "comment", "comments",
    "commentson", "css", "disablecomments", "disqusid", "disqusidentifier", "disqusurl", "editlink", "editpost",
    "eleventycomputed", "eleventynavigation", "email", "enclosure", "excerptseparator", "featured", "format",
    "gallery", "generatefeeds", "generator", "geo", "gid", "hero", "hidemeta", "icon", "imagecaption", "inmenu",
    "insearchindex", "insertanchorlinks", "iscjklanguage", "js", "katex", "keywords", "lang", "language",
    "lastmodbot", "latex", "layoutclass", "license", "linktitle", "linkurl", "locale", "location", "markup", "math",
    "mathjax", "menu", "menus", "mermaid", "meta", "metadescription", "metakeywords", "metatitle", "modifiedby",
    "nav", "navorder", "navtitle", "next", "nocomments", "noindex", "ogdescription", "ogimage", "ogtitle",
    "opengraph", "order", "outputs", "pageclass", "pagetemplate", "paginateby", "pagination", "parent", "path", "pin",
    "pinned", "podcast", "position", "postformat", "postid", "previous", "priority", "pubid", "readingtime",
    "readtime", "redirect", "redirectfrom", "redirectto", "related", "render", "resources", "robots", "saveas",
    "searchhidden", "seo", "seotitle", "series", "seriesorder", "share", "shortlink", "showreadingtime", "showtoc",
    "sidebar", "sitemap", "skin", "sortby", "source", "sticky", "summarylength", "template", "theme", "toc",
    "tocopen", "translation", "translationkey", "translations", "transparent", "twitter", "usecomments", "usemath",
    "usetoc", "uuid", "video", "weight", "wordcount", "wordpressid", "wordpressurl", "wpid", "youtube",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_in_any_case_and_spelling() {
        assert!(IGNORED.is_sorted());
        for (name, key) in [
            ("Title", FrontMatterKey::Title),
            ("CHAPÔ", FrontMatterKey::Standfirst(1)),
            ("featured-image", FrontMatterKey::Image(2)),
            ("last_modified_at", FrontMatterKey::Updated(3)),
            ("in_search_index", FrontMatterKey::Ignored),
            ("publishDate", FrontMatterKey::Published(1)),
            ("chapeau", FrontMatterKey::Unknown),
        ] {
            assert_eq!(FrontMatterKey::of(name), key, "{name}");
        }
    }
}
