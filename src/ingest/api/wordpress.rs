//! WordPress's REST API. Where it is, the site says in a header of its pages; without pretty addresses it is behind
//! `?rest_route=`.

use chrono::SecondsFormat;
use data_encoding::BASE64;
use serde_json::Value;
use ureq::http::{HeaderMap, HeaderValue, header};
use url::Url;

use super::{ApiPost, FetchedRecords, PACE, PostsApi, PostsPage, PostsQuery, Validators, instant, reader, request};
use crate::{
    config::Source,
    fetch::Fetcher,
    ingest::{
        records::{ListedRecord, wordpress},
        remote::RemoteError,
        source::KnownRecords,
    },
};

/// What a link to the API is for.
const API_RELATION: &str = "https://api.w.org/";

/// Under this name an address holds the way in the API, where addresses are not pretty.
const ROUTE: &str = "rest_route";

/// What is read of a post; `authors` and `coauthors` are of extensions.
const FIELDS: &str = "id,date,date_gmt,modified_gmt,guid,slug,status,link,title,content,excerpt,authors,coauthors,\
                      _links,_embedded";

/// How many posts there are.
const TOTAL: &str = "x-wp-total";

struct WordpressApi<'a> {
    fetcher: &'a Fetcher,
    root: Url,
    /// Whether a login goes with each request.
    login: Option<HeaderValue>,
}

/// Asks a site for what has changed; none if nothing has.
pub(super) fn read(
    fetcher: &Fetcher,
    source: &Source,
    known: &KnownRecords,
) -> Result<Option<FetchedRecords>, RemoteError> {
    let Some(site) = source.url.as_ref().map(|url| url.full()) else {
        return Err(RemoteError::Answer("it has no address".to_owned()));
    };
    let login = source.access.login.as_ref().and_then(|(user, password)| {
        let proof = BASE64.encode(format!("{user}:{}", password.expose()).as_bytes());
        let mut value = HeaderValue::from_str(&format!("Basic {proof}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    });
    let read_at = |root: Url| {
        // A login is for the site that it was given for, whatever that says of where its API is.
        let login = login.clone().filter(|_| root.origin() == site.origin());
        let kept = root.to_string();
        let api = WordpressApi { fetcher, root, login };
        reader::read(&api, known, Some(kept), PACE)
    };
    if is_root(site) {
        return read_at(site.clone());
    }
    if let Some(root) = reader::known_root(known).and_then(|root| Url::parse(&root).ok()) {
        let error = match read_at(root) {
            Err(error) if error.may_have_moved() => error,
            other => return other,
        };
        return match discover(fetcher, site, login.as_ref()) {
            Ok(root) => read_at(root),
            Err(_) => Err(error),
        };
    }
    read_at(discover(fetcher, site, login.as_ref())?)
}

/// Whether an address is the API's own.
fn is_root(address: &Url) -> bool {
    address.path().contains("/wp-json") || address.query_pairs().any(|(key, _)| key == ROUTE)
}

/// Finds the API of a site.
fn discover(fetcher: &Fetcher, site: &Url, login: Option<&HeaderValue>) -> Result<Url, RemoteError> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("text/html, */*;q=0.5"));
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.extend(login.map(|login| (header::AUTHORIZATION, login.clone())));
    let page = request::get(fetcher, site, &headers, "its page")?;
    let links = page.headers.get_all(header::LINK).iter().filter_map(|value| value.to_str().ok());
    let named = links.flat_map(|value| value.split(',')).find(|link| link.contains(API_RELATION));
    if let Some(link) = named.and_then(|link| link.split_once('<')?.1.split_once('>')).map(|(link, _)| link)
        && let Ok(root) = page.address.join(link)
    {
        return Ok(root);
    }
    // Some sites take the header away.
    let mut below = page.address.clone();
    below.set_query(None);
    let path = format!("{}/wp-json/", below.path().trim_end_matches('/'));
    below.set_path(&path);
    let mut behind = page.address;
    behind.set_query(Some("rest_route=/"));
    let answers = |root: &Url| {
        let mut headers = request::json_headers(&Validators::default());
        headers
            .extend(login.filter(|_| root.origin() == site.origin()).map(|own| (header::AUTHORIZATION, own.clone())));
        let answer = request::get(fetcher, root, &headers, "its API").ok()?;
        let body = request::json(&answer.body, "its API").ok()?;
        body["namespaces"].as_array()?.iter().any(|name| name == "wp/v2").then_some(())
    };
    let found = [below, behind].into_iter().find(|root| answers(root).is_some());
    found.ok_or_else(|| {
        RemoteError::Answer(
            "it does not say where WordPress's REST API is: if it has one, write its address, which ends in /wp-json/"
                .to_owned(),
        )
    })
}

impl WordpressApi<'_> {
    fn address(&self, query: &PostsQuery<'_>) -> Url {
        let mut address = self.root.clone();
        let route = |way: &str| format!("{}/wp/v2/posts", way.trim_end_matches('/'));
        let own: Vec<(String, String)> = address.query_pairs().into_owned().collect();
        let has_route = own.iter().any(|(key, _)| key == ROUTE);
        if !has_route {
            let path = route(address.path());
            address.set_path(&path);
        }
        let mut pairs = address.query_pairs_mut();
        pairs.clear();
        for (key, value) in &own {
            pairs.append_pair(key, &if key == ROUTE { route(value) } else { value.clone() });
        }
        let order = if query.newest_first { ("modified", "desc") } else { ("id", "asc") };
        pairs.append_pair("per_page", &query.size.to_string()).append_pair("page", &query.page.to_string());
        pairs.append_pair("orderby", order.0).append_pair("order", order.1);
        if query.light {
            pairs.append_pair("_fields", "id,modified_gmt");
        } else {
            pairs.append_pair("_fields", FIELDS).append_pair("_embed", "author,wp:featuredmedia,wp:term");
        }
        if let Some(after) = query.changed_after {
            pairs.append_pair("modified_after", &after.to_rfc3339_opts(SecondsFormat::Secs, true));
        }
        if !query.ids.is_empty() {
            pairs.append_pair("include", &query.ids.join(","));
        }
        drop(pairs);
        address
    }

    /// Why a server that wants another login gives nothing.
    fn explained(&self, error: RemoteError) -> RemoteError {
        match error {
            RemoteError::Request { error, .. } if matches!(error.status(), Some(401 | 403)) => {
                let why = match self.login {
                    None => {
                        "its REST API is not for everybody: give this source `user` and `password_env`, an \
                             application password"
                    }
                    Some(_) => "it does not take this `user` and the application password of `password_env`",
                };
                RemoteError::Answer(format!("{error}: {why}"))
            }
            error => error,
        }
    }
}

impl PostsApi for WordpressApi<'_> {
    fn page(&self, query: &PostsQuery<'_>, known: &Validators) -> Result<Option<PostsPage>, RemoteError> {
        let what = request::what(query);
        let mut headers = request::json_headers(known);
        headers.extend(self.login.clone().map(|login| (header::AUTHORIZATION, login)));
        let answer = request::get(self.fetcher, &self.address(query), &headers, &what);
        let answer = answer.map_err(|error| self.explained(error))?;
        let total = answer.headers.get(TOTAL).and_then(|total| total.to_str().ok()?.trim().parse::<u64>().ok());
        if answer.unchanged {
            // The list of the newest may be the same where an old one is gone: the number of all tells.
            return match total == Some(known.total) {
                true => Ok(None),
                false => self.page(query, &Validators::default()),
            };
        }
        let body = request::json(&answer.body, &what)?;
        let wrong = |message: &str| RemoteError::Answer(format!("{what}: {message}"));
        let Value::Array(posts) = body else {
            return Err(wrong("the answer is no list of posts as WordPress's REST API gives it"));
        };
        let total = total.ok_or_else(|| {
            wrong("the answer does not say how many posts there are (X-WP-Total): something takes the header away")
        })?;
        let post = |fields: Value| {
            let id = fields["id"].as_u64()?.to_string();
            Some(ApiPost { id, changed: instant(&fields["modified_gmt"]), fields })
        };
        let posts: Option<Vec<ApiPost>> = posts.into_iter().map(post).collect();
        let posts = posts.ok_or_else(|| wrong("a post has no id"))?;
        Ok(Some(PostsPage { posts, total, validators: request::validators(&answer.headers) }))
    }

    fn record(&self, post: ApiPost) -> ListedRecord {
        let record = wordpress::api_record(&post.fields);
        ListedRecord { name: post.id, line: None, record, warnings: Vec::new() }
    }
}
