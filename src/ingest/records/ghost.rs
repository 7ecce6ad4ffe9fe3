//! An export of Ghost: JSON with the tables of its database. The file is gone through twice: first for what posts
//! name, then for the posts, one at a time.

use std::{collections::HashMap, fmt, fs::File, io::BufReader, path::Path};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{ListedRecord, NO_DATE, RecordSink};
use crate::{
    config::Source,
    ingest::{Error, SourceLocation, plain_of_html, wrong},
    model::{ColumnRecord, RecordImage, RecordStatus},
};

/// What stands in addresses for the site's own.
const SITE: &str = "__GHOST_URL__";

/// Behind this mark, a text is for members.
const MEMBERS_ONLY: &str = "<!--members-only-->";

/// Around what some readers alone may see.
const GATED_BEGIN: &str = "<!--kg-gated-block:begin";
const GATED_END: &str = "<!--kg-gated-block:end-->";

#[derive(Debug, Deserialize)]
struct Post {
    #[serde(deserialize_with = "id")]
    id: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    slug: Option<String>,
    #[serde(default)]
    html: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    /// Of an old version, which had no types.
    #[serde(default)]
    page: Option<serde_json::Value>,
    #[serde(default)]
    status: String,
    #[serde(default)]
    visibility: Option<String>,
    #[serde(default)]
    published_at: Option<String>,
    #[serde(default)]
    updated_at: Option<String>,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    custom_excerpt: Option<String>,
    #[serde(default)]
    canonical_url: Option<String>,
    #[serde(default)]
    feature_image: Option<String>,
    #[serde(default)]
    author_id: Option<String>,
    // The Content API has in the post what exports have in tables.
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    feature_image_alt: Option<String>,
    #[serde(default)]
    feature_image_caption: Option<String>,
}

/// A file: of one database, or of several.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Export {
    db: Vec<Database>,
    data: Option<Tables>,
}

#[derive(Debug, Deserialize)]
struct Database {
    data: Option<Tables>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tables {
    users: Vec<Named>,
    tags: Vec<Named>,
    posts_tags: Vec<PostTag>,
    posts_authors: Vec<PostAuthor>,
    posts_meta: Vec<PostMeta>,
    /// Whether there is such a table at all.
    posts: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Named {
    #[serde(deserialize_with = "id")]
    id: String,
    #[serde(default)]
    name: String,
}

#[derive(Debug, Deserialize)]
struct PostTag {
    #[serde(deserialize_with = "id")]
    post_id: String,
    #[serde(deserialize_with = "id")]
    tag_id: String,
    #[serde(default)]
    sort_order: i64,
}

#[derive(Debug, Deserialize)]
struct PostAuthor {
    #[serde(deserialize_with = "id")]
    post_id: String,
    #[serde(deserialize_with = "id")]
    author_id: String,
    #[serde(default)]
    sort_order: i64,
}

#[derive(Debug, Deserialize)]
struct PostMeta {
    #[serde(deserialize_with = "id")]
    post_id: String,
    #[serde(default)]
    feature_image_alt: Option<String>,
    #[serde(default)]
    feature_image_caption: Option<String>,
}

/// What posts name, by their ids, in order.
struct GhostNames {
    authors: HashMap<String, Vec<String>>,
    users: HashMap<String, String>,
    tags: HashMap<String, Vec<String>>,
    pictures: HashMap<String, PostMeta>,
}

impl GhostNames {
    fn of(tables: Tables) -> Self {
        let by_id = |named: Vec<Named>| named.into_iter().map(|one| (one.id, one.name)).collect::<HashMap<_, _>>();
        let (users, tags) = (by_id(tables.users), by_id(tables.tags));
        let mut of_posts: Vec<_> = tables.posts_tags.into_iter().map(|t| (t.sort_order, t.post_id, t.tag_id)).collect();
        let mut by_posts: Vec<_> =
            tables.posts_authors.into_iter().map(|a| (a.sort_order, a.post_id, a.author_id)).collect();
        let in_order = |rows: &mut Vec<(i64, String, String)>, names: &HashMap<String, String>| {
            rows.sort();
            let mut lists: HashMap<String, Vec<String>> = HashMap::new();
            for (_, post, named) in rows.drain(..) {
                // What begins with # is for who writes alone.
                if let Some(name) = names.get(&named).filter(|name| !name.starts_with('#')) {
                    lists.entry(post).or_default().push(name.clone());
                }
            }
            lists
        };
        Self {
            authors: in_order(&mut by_posts, &users),
            tags: in_order(&mut of_posts, &tags),
            users,
            pictures: tables.posts_meta.into_iter().map(|meta| (meta.post_id.clone(), meta)).collect(),
        }
    }

    /// A post's record, and what is not taken of it; none if it is no column.
    fn record(&self, mut post: Post) -> Option<(ColumnRecord, Vec<String>)> {
        let is_page = matches!(post.page, Some(serde_json::Value::Bool(true))) || post.page == Some(1.into());
        if post.kind.as_deref().unwrap_or("post") != "post" || is_page {
            return None;
        }
        if let Some(meta) = self.pictures.get(&post.id) {
            post.feature_image_alt = meta.feature_image_alt.clone();
            post.feature_image_caption = meta.feature_image_caption.clone();
        }
        let tags = self.tags.get(&post.id).cloned().unwrap_or_default();
        let author = || Some(vec![self.users.get(post.author_id.as_ref()?)?.clone()]);
        let authors = self.authors.get(&post.id).cloned().or_else(author).unwrap_or_default();
        Some(record_of(post, authors, tags))
    }
}

/// A post's record, and what is not taken of it.
fn record_of(post: Post, authors: Vec<String>, tags: Vec<String>) -> (ColumnRecord, Vec<String>) {
    let mut warnings = Vec::new();
    let html = without_gated(&post.html.unwrap_or_default().replace(SITE, ""));
    let is_public = post.visibility.as_deref().is_none_or(|visibility| visibility == "public");
    let body = match (is_public, html.split_once(MEMBERS_ONLY)) {
        (true, _) => html.replace(MEMBERS_ONLY, ""),
        (false, before) => {
            warnings
                .push("its text is for members: readers get no more than stands before the mark for them".to_owned());
            before.map(|(before, _)| before.to_owned()).unwrap_or_default()
        }
    };
    let image = post.feature_image.filter(|url| !url.trim().is_empty()).map(|url| RecordImage {
        url: url.replace(SITE, ""),
        alt: post.feature_image_alt.unwrap_or_default(),
        credit: post.feature_image_caption.as_deref().map(plain_of_html),
        ..RecordImage::default()
    });
    let status = match post.status.as_str() {
        "published" | "scheduled" => RecordStatus::Published,
        _ => RecordStatus::Draft,
    };
    let slug = post.slug.filter(|slug| !slug.trim().is_empty());
    let canonical = post.canonical_url.filter(|url| !url.trim().is_empty()).map(|url| url.replace(SITE, ""));
    let mut tags = tags.into_iter();
    let record = ColumnRecord {
        bylines: authors,
        rubriques: tags.next().into_iter().collect(),
        tags: tags.collect(),
        // As Ghost's own feeds name it.
        guid: Some(post.id.clone()),
        id: post.id,
        title: post.title,
        standfirst: post.custom_excerpt.unwrap_or_default(),
        body,
        published: post.published_at.or(post.created_at).unwrap_or_else(|| NO_DATE.to_owned()),
        updated: post.updated_at,
        status,
        url: canonical.or(post.url).or_else(|| slug.as_ref().map(|slug| format!("/{slug}/"))),
        slug,
        image,
        ..ColumnRecord::default()
    };
    (record, warnings)
}

/// A text without the blocks that not everybody may see.
fn without_gated(html: &str) -> String {
    let (mut open, mut rest) = (String::with_capacity(html.len()), html);
    while let Some(at) = rest.find(GATED_BEGIN) {
        open.push_str(&rest[..at]);
        let block = &rest[at..];
        let words = block.find("-->").map_or(block.len(), |end| end + 3);
        let (head, inner) = block.split_at(words);
        let (inner, after) = inner.split_once(GATED_END).unwrap_or((inner, ""));
        if head.contains("nonMember:true") {
            open.push_str(inner);
        }
        rest = after;
    }
    open + rest
}

/// The record of a post as the Content API gives it, with its authors and tags in it.
pub fn api_record(post: &serde_json::Value) -> Result<(ColumnRecord, Vec<String>), String> {
    let names = |list: &str| {
        let all = post[list].as_array().into_iter().flatten().filter_map(|one| one["name"].as_str());
        // What begins with # is for who writes alone.
        all.filter(|name| !name.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
    };
    let (authors, tags) = (names("authors"), names("tags"));
    let mut own = Post::deserialize(post).map_err(|error| error.to_string())?;
    // It gives no others.
    own.status = "published".to_owned();
    if post["access"] == false {
        // The server has cut the text already.
        own.html = own.html.map(|html| html + MEMBERS_ONLY);
    }
    Ok(record_of(own, authors, tags))
}

/// Gives the record of each post.
pub fn read(source: &Source, path: &Path, sink: &mut RecordSink<'_>) -> Result<(), Error> {
    let place = SourceLocation { file: source.path.display().to_string(), line: None };
    let open = || {
        let file = File::open(path).map_err(|error| Error::Read { path: source.path.clone(), source: error })?;
        Ok::<_, Error>(serde_json::Deserializer::from_reader(BufReader::new(file)))
    };
    let failed = |error: serde_json::Error| wrong(&place, format!("no export of Ghost: {error}"));
    let export = Export::deserialize(&mut open()?).map_err(failed)?;
    let tables = export.data.or_else(|| export.db.into_iter().find_map(|database| database.data));
    let tables = tables.filter(|tables| tables.posts.is_some());
    let tables = tables.ok_or_else(|| wrong(&place, "no export of Ghost: it has no table of posts"))?;
    let names = GhostNames::of(tables);
    let mut end = Ok(());
    let mut take = |post: serde_json::Value| {
        if end.is_err() {
            return;
        }
        let id = post.get("id").map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
        let name = id.unwrap_or_else(|| "a post without id".to_owned());
        end = match serde_json::from_value(post).map(|post| names.record(post)) {
            Ok(None) => Ok(()),
            Ok(Some((record, warnings))) => sink(ListedRecord { name, line: None, record: Ok(record), warnings }),
            Err(error) => sink(ListedRecord { name, line: None, record: Err(error.to_string()), warnings: Vec::new() }),
        };
    };
    PostsBelow { level: Level::Outer, take: &mut take }.deserialize(&mut open()?).map_err(failed)?;
    end
}

/// Goes through an export and gives each post, of which one is in memory at a time.
struct PostsBelow<'t> {
    level: Level,
    take: &'t mut dyn FnMut(serde_json::Value),
}

/// Where in an export something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// The file, or one of its databases.
    Outer,
    /// The tables of a database.
    Tables,
    /// The posts.
    Posts,
}

impl PostsBelow<'_> {
    fn below(&mut self, level: Level) -> PostsBelow<'_> {
        PostsBelow { level, take: self.take }
    }
}

impl<'de> DeserializeSeed<'de> for PostsBelow<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for PostsBelow<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an export with tables")
    }

    fn visit_map<M: MapAccess<'de>>(mut self, mut map: M) -> Result<(), M::Error> {
        if self.level == Level::Posts {
            return Err(de::Error::invalid_type(de::Unexpected::Map, &"a list of posts"));
        }
        while let Some(key) = map.next_key::<String>()? {
            match (self.level, key.as_str()) {
                (Level::Outer, "db") => map.next_value_seed(self.below(Level::Outer))?,
                (Level::Outer, "data") => map.next_value_seed(self.below(Level::Tables))?,
                (Level::Tables, "posts") => map.next_value_seed(self.below(Level::Posts))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(mut self, mut list: S) -> Result<(), S::Error> {
        match self.level {
            Level::Posts => {
                while let Some(post) = list.next_element()? {
                    (self.take)(post);
                }
            }
            level => while list.next_element_seed(self.below(level))?.is_some() {},
        }
        Ok(())
    }
}

/// An id: a text, or a number in exports of old versions.
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id {
        Text(String),
        Number(i64),
    }
    Ok(match Id::deserialize(deserializer)? {
        Id::Text(text) => text,
        Id::Number(number) => number.to_string(),
    })
}
