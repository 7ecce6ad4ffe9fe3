//! Servers that speak the public interfaces of WordPress and Ghost, as far as sources ask for them, and that can be told
//! to fail.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

/// A request: its path, what it asks for, and its head in small letters.
pub struct Asked {
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub head: String,
}

/// What a server has.
#[derive(Default)]
pub struct Site {
    /// As the interface gives them, the first id first.
    pub posts: Vec<Value>,
    /// Instead of every answer, or of those to requests that hold a word.
    pub fault: Option<(&'static str, String)>,
    /// Whether addresses are pretty.
    pub without_pretty: bool,
    /// What a login must be.
    pub login: Option<String>,
    /// Given with each list.
    pub etag: Option<String>,
}

/// A server with a site of WordPress, or of Ghost.
#[derive(Clone)]
pub struct SiteServer {
    pub port: u16,
    pub site: Arc<Mutex<Site>>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl SiteServer {
    pub fn wordpress(posts: Vec<Value>) -> Self {
        Self::open(posts, wordpress)
    }

    pub fn ghost(posts: Vec<Value>) -> Self {
        Self::open(posts, |site, asked, _| ghost(site, asked))
    }

    fn open(posts: Vec<Value>, answer: fn(&Site, &Asked, u16) -> String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let site = Arc::new(Mutex::new(Site { posts, ..Site::default() }));
        let server = Self { port, site, heard: Arc::default() };
        let own = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let mut lines = BufReader::new(&stream).lines();
                let head: Vec<String> =
                    lines.by_ref().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
                drop(lines);
                let target = head[0].split(' ').nth(1).expect("a target").to_owned();
                let address: url::Url = format!("http://x{target}").parse().expect("an address");
                let asked = Asked {
                    path: address.path().to_owned(),
                    query: address.query_pairs().into_owned().collect(),
                    head: head.join("\n").to_lowercase(),
                };
                let site = own.site.lock().expect("the site");
                let answer = match &site.fault {
                    Some((word, answer)) if target.contains(word) => answer.clone(),
                    _ => answer(&site, &asked, port),
                };
                drop(site);
                own.heard.lock().expect("the requests").push(asked.shown());
                let _ = stream.write_all(format!("HTTP/1.1 {answer}").as_bytes());
            }
        });
        server
    }

    pub fn change(&self, change: impl FnOnce(&mut Site)) {
        change(&mut self.site.lock().expect("the site"));
    }

    /// The requests since the last time, in few words.
    pub fn heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.heard.lock().expect("the requests"))
    }
}

impl Asked {
    fn get(&self, key: &str) -> Option<&str> {
        self.query.get(key).map(String::as_str)
    }

    fn number(&self, key: &str) -> usize {
        self.get(key).and_then(|number| number.parse().ok()).unwrap_or(1)
    }

    fn shown(&self) -> String {
        let is_light = [self.get("_fields"), self.get("fields")].into_iter().flatten().any(|fields| fields.len() < 20);
        let what = match (is_light, self.get("order")) {
            (_, None) => "page",
            (_, Some("desc" | "updated_at desc")) => "newest",
            (true, _) => "list",
            _ if self.get("modified_after").is_some() || self.get("filter").is_some_and(|f| f.contains("updated")) => {
                "changed"
            }
            _ if self.get("include").is_some_and(|ids| !ids.contains("author")) => "these",
            _ if self.get("filter").is_some() => "these",
            _ => "all",
        };
        let login = if self.head.contains("\nauthorization: basic ") { " login" } else { "" };
        let known = if self.head.contains("\nif-none-match: ") { " known" } else { "" };
        format!("{what}{login}{known}")
    }
}

/// An answer with a body.
pub fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("{status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn page_of<'p>(posts: impl Iterator<Item = &'p Value>, asked: &Asked, size: &str) -> Vec<&'p Value> {
    let (page, size) = (asked.number("page"), asked.number(size));
    posts.skip((page - 1) * size).take(size).collect()
}

fn wordpress(site: &Site, asked: &Asked, port: u16) -> String {
    let route = match (asked.get("rest_route"), site.without_pretty) {
        (Some(route), _) => route.to_owned(),
        (None, false) if asked.path.starts_with("/wp-json") => asked.path["/wp-json".len()..].to_owned(),
        (None, _) if asked.path == "/" => {
            let root = if site.without_pretty { "index.php?rest_route=/" } else { "wp-json/" };
            let link = format!(
                "Link: <http://127.0.0.1:{port}/feed/>; rel=\"alternate\", <http://127.0.0.1:{port}/{root}>; rel=\"https://api.w.org/\"\r\n"
            );
            return answer("200 OK", &link, "<!doctype html><title>La Jetée</title>");
        }
        _ => return answer("404 Not Found", "", "<!doctype html>"),
    };
    if let Some(login) = &site.login
        && !asked.head.contains(&format!("authorization: basic {}", login.to_lowercase()))
    {
        return answer("401 Unauthorized", "", "{\"code\":\"rest_not_logged_in\"}");
    }
    assert_eq!(route, "/wp/v2/posts");
    let mut posts: Vec<&Value> = site.posts.iter().filter(|post| post["status"] == "publish").collect();
    if asked.get("orderby") == Some("modified") {
        posts.sort_by_key(|post| std::cmp::Reverse(post["modified_gmt"].as_str().expect("a date")));
    }
    if let Some(after) = asked.get("modified_after") {
        posts.retain(|post| post["modified_gmt"].as_str().expect("a date") > after.trim_end_matches('Z'));
    }
    if let Some(ids) = asked.get("include") {
        posts.retain(|post| ids.split(',').any(|id| post["id"].as_u64() == id.parse().ok()));
    }
    let total = posts.len();
    let given = page_of(posts.into_iter(), asked, "per_page");
    let fields = |post: &Value| match asked.get("_fields") {
        Some("id,modified_gmt") => json!({"id": post["id"], "modified_gmt": post["modified_gmt"]}),
        _ => post.clone(),
    };
    let body = Value::from(given.into_iter().map(fields).collect::<Vec<_>>()).to_string();
    let etag = site.etag.as_deref().unwrap_or_default();
    let headers =
        format!("X-WP-Total: {total}\r\nX-WP-TotalPages: {}\r\n", total.div_ceil(asked.number("per_page").max(1)));
    if !etag.is_empty() && asked.head.contains(&format!("if-none-match: {etag}")) {
        return answer("304 Not Modified", &headers, "");
    }
    let etag = if etag.is_empty() { String::new() } else { format!("ETag: {etag}\r\n") };
    answer("200 OK", &format!("Content-Type: application/json\r\n{headers}{etag}"), &body)
}

/// The key that the site knows.
pub const KEY: &str = "22444f78447824223cefc48062";

fn ghost(site: &Site, asked: &Asked) -> String {
    if asked.path != "/blog/ghost/api/content/posts/" {
        return answer("404 Not Found", "", "<!doctype html>");
    }
    if asked.get("key") != Some(KEY) {
        return answer("401 Unauthorized", "", "{\"errors\":[{\"message\":\"Unknown Content API Key\"}]}");
    }
    let mut posts: Vec<&Value> = site.posts.iter().collect();
    if asked.get("order") == Some("updated_at desc") {
        posts.sort_by_key(|post| std::cmp::Reverse(post["updated_at"].as_str().expect("a date")));
    }
    if let Some(after) = asked.get("filter").and_then(|filter| filter.strip_prefix("updated_at:>'")) {
        posts.retain(|post| post["updated_at"].as_str().expect("a date") > after.trim_end_matches('\''));
    } else if let Some(filter) = asked.get("filter") {
        posts.retain(|post| filter.contains(post["id"].as_str().expect("an id")));
    }
    let total = posts.len();
    let given = page_of(posts.into_iter(), asked, "limit");
    let fields = |post: &Value| match asked.get("fields") {
        Some("id,updated_at") => json!({"id": post["id"], "updated_at": post["updated_at"]}),
        _ => post.clone(),
    };
    let posts: Vec<Value> = given.into_iter().map(fields).collect();
    let body = json!({"posts": posts, "meta": {"pagination": {"page": asked.number("page"), "total": total}}});
    answer("200 OK", "Content-Type: application/json\r\n", &body.to_string())
}
