//! Whether readers find at the public addresses what the configuration says is there.

use std::time::Duration;

use chrono::{DateTime, Utc};
use url::Url;

use super::{Examined, Finding};
use crate::{
    config::Config,
    fetch::{self, FetchLimits, Fetched, Fetcher},
};

/// How long a page may take.
const LIMITS: FetchLimits = FetchLimits { time: Duration::from_secs(8), redirects: 5, bytes: 1 << 20 };

/// What was found, and the clocks of the servers that answered.
#[derive(Debug, Default)]
pub struct Pages {
    pub findings: Vec<Finding>,
    pub clocks: Vec<(String, DateTime<Utc>)>,
    /// Whether the magazine's site answers; none if it was not asked.
    pub has_site: Option<bool>,
}

/// An address, and what must be there.
struct Page {
    key: &'static str,
    url: Url,
    expected: Expected,
}

enum Expected {
    /// Any page.
    Anything,
    /// A feed of ours.
    Feed,
    /// A page that leaves: without a token that is known it may say so, but it must be there.
    Leaving,
}

/// Asks for each public address.
pub async fn examine(examined: &Examined<'_>) -> Pages {
    let config = examined.config;
    let mut found = Pages::default();
    for page in pages(config) {
        let host = page.url.host_str().unwrap_or_default().to_owned();
        if examined.is_reserved(&host) {
            found
                .findings
                .push(Finding::note("web", format!("{} has a name for examples, and is not asked", page.url)));
            continue;
        }
        let fetcher = Fetcher::new(&config.fetch.private_hosts, LIMITS);
        let url = page.url.clone();
        let Ok(answer) = tokio::task::spawn_blocking(move || fetcher.get(&url)).await else { continue };
        if let Ok(fetched) = &answer
            && let Some(at) = clock_of(fetched)
        {
            found.clocks.push((host, at));
        }
        let finding = judge(&page, answer);
        if page.key == "magazine.url" {
            found.has_site = match finding.level {
                super::Level::Fine => Some(true),
                super::Level::Wrong => Some(false),
                _ => None,
            };
        }
        found.findings.push(finding);
    }
    found
}

fn pages(config: &Config) -> Vec<Page> {
    let mut pages = vec![Page { key: "magazine.url", url: config.magazine.url.clone(), expected: Expected::Anything }];
    if let Ok(url) = config.feeds.url.join("rss.xml") {
        pages.push(Page { key: "feeds.url", url, expected: Expected::Feed });
    }
    // A token of the right form that nobody has.
    let leaving = format!("{}{}", config.letters.unsubscribe_url, "0".repeat(32));
    if let Ok(url) = Url::parse(&leaving) {
        pages.push(Page { key: "letters.unsubscribe_url", url, expected: Expected::Leaving });
    }
    if let Some(url) = &config.feeds.newsletter_url {
        pages.push(Page { key: "feeds.newsletter_url", url: url.clone(), expected: Expected::Anything });
    }
    if let Some(url) = &config.letters.archive_url {
        pages.push(Page { key: "letters.archive_url", url: url.clone(), expected: Expected::Anything });
    }
    pages
}

fn judge(page: &Page, answer: Result<Fetched, fetch::Error>) -> Finding {
    let url = &page.url;
    let fine = || Finding::fine("web", format!("{url} answers")).at(page.key);
    let wrong = |what: String, mend: &str| Finding::wrong("web", what).at(page.key).mend(mend);
    match (answer, &page.expected) {
        (Ok(fetched), Expected::Feed) if !is_feed(&fetched) => wrong(
            format!("{url} is no feed"),
            "have the web server serve the folder feeds.path there: gazetier feeds snippet nginx",
        ),
        (Ok(_), _) => fine(),
        // Ours says so of a token that it does not know.
        (Err(error), Expected::Leaving) if error.status().is_some_and(|status| matches!(status, 400 | 403 | 410)) => {
            fine()
        }
        (Err(error), Expected::Leaving) if error.status() == Some(404) => Finding::advice(
            "web",
            format!(
                "{url} answers 404: readers could not leave, unless that is what is said of a token that nobody has"
            ),
        )
        .at(page.key)
        .mend("lead this address to `gazetier serve`"),
        (Err(error @ fetch::Error::Private { .. }), _) => {
            wrong(format!("{url}: {error}"), "readers cannot get there: name an address on the public internet")
        }
        (Err(error @ fetch::Error::Timeout(_)), _) => {
            Finding::not_asked("web", format!("{url} could not be asked: {error}")).at(page.key)
        }
        (Err(error), _) => {
            let mend = match page.expected {
                Expected::Feed => {
                    "publish once (gazetier run), and have the web server serve the folder: gazetier feeds snippet nginx"
                }
                _ => "mend the address, the web server or its certificate; `gazetier serve` answers for readers' pages",
            };
            wrong(format!("{url}: {error}"), mend)
        }
    }
}

fn is_feed(fetched: &Fetched) -> bool {
    let head = String::from_utf8_lossy(&fetched.body);
    head.contains("<rss") || head.contains("<feed")
}

fn clock_of(fetched: &Fetched) -> Option<DateTime<Utc>> {
    let date = fetched.headers.get("date")?.to_str().ok()?;
    Some(httpdate::parse_http_date(date).ok()?.into())
}
