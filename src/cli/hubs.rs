//! Tells the hubs what was published, after `publish` and after the letters of `run`: whatever
//! becomes of it, the feeds are live and the letters out.

use super::session::{Session, clock};
use crate::outbox::{
    OutboxReport,
    hubs::{HubNotifier, HubReport},
};

/// Tells the hubs what they are to be told of by now; gives lines for who looks on. What was
/// given up is told on standard error.
pub(super) async fn tell(session: &Session) -> anyhow::Result<Vec<String>> {
    if session.is_copy {
        return Ok(Vec::new());
    }
    let hubs = HubNotifier { config: &session.config, store: &session.store, at: session.at, clock };
    let mut lines = Vec::new();
    for HubReport { hub, is_search, counts: OutboxReport { sent, waiting, failed, reply } } in hubs.notify().await? {
        if sent > 0 {
            lines.push(format!("{hub}: told of {sent} changes"));
        }
        if waiting > 0 {
            lines.push(format!("{hub}: {waiting} changes wait to be told, because {reply}"));
        }
        if failed > 0 && is_search {
            eprintln!(
                "gazetier: {hub} could not be told of {failed} changed pages for days, the last time because {reply}; look \
                 whether search_engines.indexnow_key stands at the root of the magazine's host"
            );
        } else if failed > 0 {
            eprintln!(
                "gazetier: the hub {hub} could not be told of {failed} changed feeds for days, the last time because \
                 {reply}; it is told of them when they change again. If it is gone, take it out of feeds.hubs"
            );
        }
    }
    Ok(lines)
}
