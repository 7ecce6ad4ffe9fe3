"""Reads feeds with feedparser and prints what it found as JSON: `read_feeds.py FILE…`.

The tests compare it with what was written. feedparser's cleaning is switched off: it would hide
what a reader without it gets to see.
"""

import html
import json
import sys

import feedparser


def picture(entry):
    contents = entry.get("media_content", [])
    if not contents:
        return None
    (content,) = contents
    (credit,) = [credit["content"] for credit in entry.get("media_credit", [])] or [None]
    return {
        "url": content["url"],
        "media_type": content.get("type"),
        "width": int(content["width"]) if "width" in content else None,
        "height": int(content["height"]) if "height" in content else None,
        # feedparser takes media:description for the entry's own: it cannot be told which it is.
        "alt": None,
        "credit": credit,
    }


def text(detail):
    # Atom says which texts are HTML: those that could be taken for it.
    return html.unescape(detail.value) if detail.type == "text/html" else detail.value


def entry(entry, is_rss):
    # Where there is no content, feedparser gives a picture's description, which is no HTML.
    contents = [content.value for content in entry.get("content", []) if "<" in content.value]
    assert len(contents) <= 1, contents
    summary = entry.get("summary") or None
    # Where there is none, feedparser gives the content.
    if contents and summary == contents[0]:
        summary = None
    labels = [tag.get("label") or tag["term"] for tag in entry.get("tags", [])]
    assert len(labels) <= 1, labels
    # Whoever takes a title for HTML must find no markup in it.
    assert entry.title_detail.type == "text/plain" or "<" not in entry.title, entry.title_detail
    is_html = is_rss or entry.get("summary_detail", {}).get("type") == "text/html"
    return {
        "id": entry.id,
        "title": text(entry.title_detail),
        "page": entry.link,
        # RSS has HTML here, Atom says what it has.
        "standfirst": html.unescape(summary) if is_html and summary else summary,
        "html": contents[0] if contents else None,
        "byline": entry.get("author"),
        "label": labels[0] if labels else None,
        "published": entry.published,
        # Where there is none, feedparser gives the other date.
        "updated": None if is_rss else entry.updated,
        "picture": picture(entry),
    }


def feed(path):
    read = feedparser.parse(path, sanitize_html=False, resolve_relative_uris=False)
    is_rss = read.version == "rss20"
    links = {link["rel"]: link["href"] for link in read.feed.links}
    return {
        "version": read.version,
        "bozo": repr(read.get("bozo_exception")) if read.bozo else None,
        "title": text(read.feed.title_detail),
        "description": text(read.feed.subtitle_detail) if "subtitle" in read.feed else None,
        "rights": text(read.feed.rights_detail) if "rights" in read.feed else None,
        "language": read.feed.get("language"),
        "itself": links.get("self"),
        "previous": links.get("prev-archive"),
        "home": read.feed.link,
        "updated": read.feed.updated,
        "entries": [entry(item, is_rss) for item in read.entries],
    }


json.dump([feed(path) for path in sys.argv[1:]], sys.stdout, ensure_ascii=False)
