//! Ghost's Content API: `ghost/api/content/posts/`, with a key in the address. What is for members is cut off by Ghost, and
//! once more here.

use chrono::SecondsFormat;
use serde_json::Value;
use ureq::http::{HeaderName, HeaderValue};
use url::Url;

use super::{ApiPost, PostsApi, PostsPage, PostsQuery, Validators, instant, request};
use crate::{
    config::{Secret, Source},
    fetch::Fetcher,
    ingest::{
        records::{ListedRecord, ghost},
        remote::RemoteError,
    },
};

/// The version whose answers are understood.
const VERSION: (&str, &str) = ("accept-version", "v5.0");

pub(super) struct GhostApi<'a> {
    fetcher: &'a Fetcher,
    posts: Url,
    key: &'a Secret,
}

impl<'a> GhostApi<'a> {
    pub(super) fn new(fetcher: &'a Fetcher, source: &'a Source) -> Result<Self, RemoteError> {
        let missing = || RemoteError::Answer("it has no key".to_owned());
        let mut posts = source.url.as_ref().ok_or_else(missing)?.full().clone();
        let key = source.access.key.as_ref().ok_or_else(missing)?;
        // Whoever writes the API's own address means the same site.
        let path = posts.path();
        let site = path.find("/ghost/api").or(path.find("/ghost")).map_or(path, |at| &path[..at]);
        let path = format!("{}/ghost/api/content/posts/", site.trim_end_matches('/'));
        posts.set_path(&path);
        posts.set_query(None);
        posts.set_fragment(None);
        Ok(Self { fetcher, posts, key })
    }

    fn address(&self, query: &PostsQuery<'_>) -> Url {
        let mut address = self.posts.clone();
        let mut pairs = address.query_pairs_mut();
        pairs.append_pair("key", self.key.expose());
        pairs.append_pair("limit", &query.size.to_string());
        pairs.append_pair("page", &query.page.to_string());
        pairs.append_pair("order", if query.newest_first { "updated_at desc" } else { "id asc" });
        if query.light {
            pairs.append_pair("fields", "id,updated_at");
        } else {
            pairs.append_pair("include", "authors,tags").append_pair("formats", "html");
        }
        if let Some(after) = query.changed_after {
            let after = after.to_rfc3339_opts(SecondsFormat::Millis, true);
            pairs.append_pair("filter", &format!("updated_at:>'{after}'"));
        } else if !query.ids.is_empty() {
            pairs.append_pair("filter", &format!("id:[{}]", query.ids.join(",")));
        }
        drop(pairs);
        address
    }
}

impl PostsApi for GhostApi<'_> {
    fn page(&self, query: &PostsQuery<'_>, known: &Validators) -> Result<Option<PostsPage>, RemoteError> {
        let what = request::what(query);
        let mut headers = request::json_headers(known);
        headers.insert(HeaderName::from_static(VERSION.0), HeaderValue::from_static(VERSION.1));
        let answer = request::get(self.fetcher, &self.address(query), &headers, &what);
        let answer = answer.map_err(|error| match error {
            RemoteError::Request { error, .. } if error.status() == Some(401) => {
                RemoteError::Answer("the server answers 401: it does not know the key".to_owned())
            }
            // An address may be part of what is told, and the key of the address.
            error if error.to_string().contains(self.key.expose()) => {
                RemoteError::Answer(error.to_string().replace(self.key.expose(), "…"))
            }
            error => error,
        })?;
        if answer.unchanged {
            return Ok(None);
        }
        let body = request::json(&answer.body, &what)?;
        let total = body["meta"]["pagination"]["total"].as_u64();
        let (Some(posts), Some(total)) = (body["posts"].as_array(), total) else {
            return Err(RemoteError::Answer(format!("{what}: the answer is none of Ghost's Content API")));
        };
        let post = |fields: &Value| {
            let id = fields["id"].as_str()?.to_owned();
            Some(ApiPost { id, changed: instant(&fields["updated_at"]), fields: fields.clone() })
        };
        let posts: Option<Vec<ApiPost>> = posts.iter().map(post).collect();
        let posts = posts.ok_or_else(|| RemoteError::Answer(format!("{what}: a post has no id")))?;
        Ok(Some(PostsPage { posts, total, validators: request::validators(&answer.headers) }))
    }

    fn record(&self, post: ApiPost) -> ListedRecord {
        match ghost::api_record(&post.fields) {
            Ok((record, warnings)) => ListedRecord { name: post.id, line: None, record: Ok(record), warnings },
            Err(why) => ListedRecord { name: post.id, line: None, record: Err(why), warnings: Vec::new() },
        }
    }
}
