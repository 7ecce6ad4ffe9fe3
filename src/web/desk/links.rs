//! Tries links, a few at a time and not for long: an editor waits for the answer.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::task::JoinSet;

use crate::digest::token::PLACEHOLDER;

/// So many at once, and each for so long.
const AT_ONCE: usize = 12;
const PATIENCE: Duration = Duration::from_secs(4);
/// No more than these: the answer must come while somebody waits.
const MOST: usize = 60;

/// The links of a letter that lead nowhere, each with why.
pub(super) async fn broken(html: &str) -> Vec<String> {
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
    let queue = Arc::new(Mutex::new(links.into_iter().take(MOST).collect::<Vec<_>>()));
    let mut workers = JoinSet::new();
    for _ in 0..AT_ONCE {
        let queue = Arc::clone(&queue);
        workers.spawn_blocking(move || work(&queue));
    }
    let mut broken = Vec::new();
    while let Some(found) = workers.join_next().await {
        broken.extend(found.unwrap_or_default());
    }
    broken.sort();
    broken
}

fn work(queue: &Mutex<Vec<String>>) -> Vec<String> {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).max_redirects(5).build().into();
    let mut broken = Vec::new();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some(address) = next else { return broken };
        if let Err(error) = agent.get(&address).call() {
            broken.push(format!("{address} ({error})"));
        }
    }
}
