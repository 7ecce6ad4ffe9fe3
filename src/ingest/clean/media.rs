//! What only a page can play, and the link that stands in its place: to where readers find it, with what it is before
//! its name. Nothing is asked of the network.

use std::borrow::Cow;

use url::Url;

use crate::locales::{Lang, fill};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediumKind {
    Video,
    Audio,
    /// Something else that stands in a frame.
    Page,
}

/// What an address plays.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Medium<'a> {
    pub(super) kind: MediumKind,
    /// Where readers find it, as HTML has it.
    pub(super) address: Cow<'a, str>,
    /// The house that shows it.
    house: Option<&'static str>,
}

impl<'a> Medium<'a> {
    /// What stands behind the address of a frame, as HTML has it.
    pub(super) fn of_frame(address: &'a str, page: &Url) -> Self {
        let url = page.join(&address.trim().replace("&amp;", "&"));
        match url.ok().and_then(|url| known(&url)) {
            Some((kind, house, address)) => {
                Self { kind, address: address.replace('&', "&amp;").into(), house: Some(house) }
            }
            None => Self { kind: MediumKind::Page, address: address.into(), house: None },
        }
    }

    pub(super) fn recording(kind: MediumKind, address: Cow<'a, str>) -> Self {
        Self { kind, address, house: None }
    }

    /// What the link says; `title` is what the page calls it, as HTML has it.
    pub(super) fn words(&self, title: Option<&str>, shown: &str, lang: Lang) -> String {
        let words = &lang.words().column;
        // A player's own name tells nobody anything.
        let title = title.filter(|title| !self.house.is_some_and(|house| is_players(title, house)));
        let title = title.or(self.house).unwrap_or(shown);
        match self.kind {
            MediumKind::Video => fill(&words.video, &[("title", &title)]),
            MediumKind::Audio => fill(&words.audio, &[("title", &title)]),
            MediumKind::Page => title.to_owned(),
        }
    }
}

fn is_players(title: &str, house: &str) -> bool {
    let title = title.to_lowercase();
    title.starts_with(&house.to_lowercase()) && (title.ends_with("player") || title.len() == house.len())
}

/// The kind, the house and the readers' address of what houses show in frames of their own.
fn known(url: &Url) -> Option<(MediumKind, &'static str, String)> {
    use MediumKind::{Audio, Video};
    let host = url.host_str()?;
    let host = host.strip_prefix("www.").unwrap_or(host);
    let parts: Vec<&str> = url.path_segments()?.filter(|part| !part.is_empty()).collect();
    let query = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let found = match (host, parts.as_slice()) {
        ("youtube.com" | "youtube-nocookie.com" | "m.youtube.com", ["embed", "videoseries"]) => {
            (Video, "YouTube", format!("https://www.youtube.com/playlist?list={}", query("list")?))
        }
        ("youtube.com" | "youtube-nocookie.com" | "m.youtube.com", ["embed" | "v" | "shorts" | "live", id]) => {
            (Video, "YouTube", format!("https://www.youtube.com/watch?v={id}"))
        }
        ("youtu.be", [id]) => (Video, "YouTube", format!("https://www.youtube.com/watch?v={id}")),
        ("youtube.com", ["watch"]) => (Video, "YouTube", format!("https://www.youtube.com/watch?v={}", query("v")?)),
        ("player.vimeo.com", ["video", id]) | ("vimeo.com", [id]) => {
            (Video, "Vimeo", format!("https://vimeo.com/{id}"))
        }
        ("dailymotion.com", ["embed", "video", id]) => {
            (Video, "Dailymotion", format!("https://www.dailymotion.com/video/{id}"))
        }
        ("geo.dailymotion.com", _) => {
            (Video, "Dailymotion", format!("https://www.dailymotion.com/video/{}", query("video")?))
        }
        ("w.soundcloud.com", ["player"]) => (Audio, "SoundCloud", query("url")?),
        ("open.spotify.com", ["embed", rest @ ..]) if !rest.is_empty() => {
            (Audio, "Spotify", format!("https://open.spotify.com/{}", rest.join("/")))
        }
        ("embed.podcasts.apple.com", rest) => {
            (Audio, "Apple Podcasts", format!("https://podcasts.apple.com/{}", rest.join("/")))
        }
        ("widget.deezer.com", ["widget", _, kind, id]) => {
            (Audio, "Deezer", format!("https://www.deezer.com/{kind}/{id}"))
        }
        ("player.twitch.tv", _) => match (query("video"), query("channel")) {
            (Some(video), _) => {
                (Video, "Twitch", format!("https://www.twitch.tv/videos/{}", video.trim_start_matches('v')))
            }
            (None, channel) => (Video, "Twitch", format!("https://www.twitch.tv/{}", channel?)),
        },
        // PeerTube has many hosts and one form of address.
        (_, ["videos", "embed", id]) => (Video, "PeerTube", format!("{}/w/{id}", url.origin().ascii_serialization())),
        _ => return None,
    };
    let (kind, house, address) = found;
    // What was taken out of an address must make one.
    let address = Url::parse(&address).ok().filter(|url| matches!(url.scheme(), "https" | "http"))?;
    Some((kind, house, address.into()))
}

/// An address without what readers need not see of it.
pub(super) fn shown_address(address: &str) -> Cow<'_, str> {
    let path = address.split(['?', '#']).next().unwrap_or(address);
    let path = path.trim_start_matches("https:").trim_start_matches("http:").trim_start_matches("//");
    Cow::from(path.trim_start_matches("www.").trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_houses_frames_lead_to_what_readers_find() {
        let page = Url::parse("https://estran.example.org/").expect("a URL");
        for (frame, address) in [
            ("//www.youtube-nocookie.com/embed/Ab-1?rel=0&amp;start=4", "https://www.youtube.com/watch?v=Ab-1"),
            ("https://www.youtube.com/embed/videoseries?list=PL1", "https://www.youtube.com/playlist?list=PL1"),
            ("https://player.vimeo.com/video/123?h=a", "https://vimeo.com/123"),
            ("https://www.dailymotion.com/embed/video/x1", "https://www.dailymotion.com/video/x1"),
            ("https://geo.dailymotion.com/player.html?video=x1", "https://www.dailymotion.com/video/x1"),
            (
                "https://w.soundcloud.com/player/?url=https%3A//api.soundcloud.com/tracks/1&amp;color=red",
                "https://api.soundcloud.com/tracks/1",
            ),
            ("https://open.spotify.com/embed/episode/4a?si=b", "https://open.spotify.com/episode/4a"),
            ("https://tube.example/videos/embed/9c-4", "https://tube.example/w/9c-4"),
            ("https://c.example/carte?a=1&amp;b=2", "https://c.example/carte?a=1&amp;b=2"),
            ("https://w.soundcloud.com/player/?url=javascript:x", "https://w.soundcloud.com/player/?url=javascript:x"),
        ] {
            assert_eq!(Medium::of_frame(frame, &page).address, address);
        }
    }
}
