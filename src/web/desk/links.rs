//! Tries links, a few at a time and not for long: an editor waits for the answer.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::task::JoinSet;
use url::Url;

use crate::{
    fetch::{self, FetchLimits, Fetcher},
    locales::{Desk as Words, fill},
    model::token::PLACEHOLDER,
};

/// So many at once.
const PARALLEL_REQUESTS: usize = 12;
/// No more than these: the answer must come while somebody waits.
const MAX_LINKS: usize = 60;
/// What one of them may take. Whether it answers is all that is asked: nothing of what it holds is read.
const REQUEST_LIMITS: FetchLimits = FetchLimits { time: Duration::from_secs(4), redirects: 5, bytes: 0 };

/// What came of a letter's links.
#[derive(Debug, Default)]
pub(super) struct LinkReport {
    /// Those that lead nowhere, each with why.
    pub(super) broken: Vec<String>,
    /// How many were not tried, because there are too many.
    pub(super) left: usize,
}

/// Tries the links of a letter. Hosts that are named may have private addresses.
pub(super) async fn try_links(html: &str, private_hosts: &[String], words: &'static Words) -> LinkReport {
    let mut links = BTreeSet::new();
    for name in [" href=\"", " src=\""] {
        for rest in html.split(name).skip(1) {
            let address = rest.split('"').next().unwrap_or_default().replace("&amp;", "&").replace("&#38;", "&");
            // A way to leave is nobody's before the letter is.
            if address.starts_with("http") && !address.contains(PLACEHOLDER) {
                links.insert(address);
            }
        }
    }
    let left = links.len().saturating_sub(MAX_LINKS);
    let queue = Arc::new(Mutex::new(links.into_iter().take(MAX_LINKS).collect::<Vec<_>>()));
    let fetcher = Fetcher::new(private_hosts, REQUEST_LIMITS);
    let mut workers = JoinSet::new();
    for _ in 0..PARALLEL_REQUESTS {
        let (queue, fetcher) = (Arc::clone(&queue), fetcher.clone());
        workers.spawn_blocking(move || work(&queue, &fetcher, words));
    }
    let mut broken = Vec::new();
    while let Some(found) = workers.join_next().await {
        broken.extend(found.unwrap_or_default());
    }
    broken.sort();
    LinkReport { broken, left }
}

fn work(queue: &Mutex<Vec<String>>, fetcher: &Fetcher, words: &Words) -> Vec<String> {
    let mut broken = Vec::new();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some(address) = next else { return broken };
        match address.parse::<Url>().map(|parsed| fetcher.get(&parsed)) {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => broken.push(format!("{address} ({})", why(&error, words))),
            Err(_) => broken.push(format!("{address} ({})", words.link_errors.address)),
        }
    }
}

/// Why an address gave nothing, in the language of the desk.
fn why(error: &fetch::Error, words: &Words) -> String {
    let words = &words.link_errors;
    match error {
        fetch::Error::Address(_) => words.address.clone(),
        fetch::Error::Private { host, address } => fill(&words.private, &[("host", host), ("address", address)]),
        fetch::Error::Status { status, .. } => fill(&words.status, &[("status", status)]),
        fetch::Error::TooManyRedirects(count) => fill(&words.redirects, &[("count", count)]),
        fetch::Error::Timeout(after) => fill(&words.timeout, &[("count", &after.as_secs())]),
        // In the words of a library; an editor can only look for themselves.
        fetch::Error::TooLong(_) | fetch::Error::Failed(_) => words.failed.clone(),
    }
}
