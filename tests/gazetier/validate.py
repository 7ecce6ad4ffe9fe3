"""What a feed validator says of written feeds: one JSON object a line in, one list of findings a line out.

Written from the specifications, without a look at the program: RSS 2.0 and the RSS Advisory Board's
profile, RFC 4287 (Atom), RFC 5005 (history), RFC 6721 (tombstones), JSON Feed 1.1, Media RSS, RFC 3339, RFC 822, RFC 3986, RFC 4151, and from the
names of the W3C feed validator's messages, which findings begin with where there is one. It knows the
elements and attributes that we write, and takes any other for a mistake.

In: {"rss": text, "atom": text, "json": text, "self": {"rss": URL, …}, "at": RFC 3339}.
"""

import datetime
import html
import html.parser
import json
import re
import sys
import unicodedata
import urllib.parse
import xml.etree.ElementTree as ET

ATOM = "{http://www.w3.org/2005/Atom}"
MEDIA = "{http://search.yahoo.com/mrss/}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
PODCAST = "{https://podcastindex.org/namespace/1.0}"
TOMBSTONE = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
DC = "{http://purl.org/dc/elements/1.1/}"
CREATIVE_COMMONS = "{http://backend.userland.com/creativeCommonsRssModule}license"
RSL = "{https://rslstandard.org/rsl}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
XML = "{http://www.w3.org/XML/1998/namespace}"
LARGEST = 5_000_000

# W3C documentation of SecurityRisk and SecurityRiskAttr, and what HTML has brought since.
ELEMENTS = set(
    """a abbr acronym address area article aside audio b bdi big blockquote br caption center cite code col
    colgroup data dd del details dfn dir div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header
    hgroup hr i img ins kbd li main map mark menu nav ol p picture pre q rp rt ruby s samp section small
    source span strike strong sub summary sup table tbody td tfoot th thead time tr track tt u ul var video wbr""".split()
)
VOID = set("area br col hr img source track wbr".split())
ATTRIBUTES = set(
    """abbr accesskey align alt axis border cellpadding cellspacing char charoff cite class clear color cols
    colspan compact coords datetime dir disabled frame headers height href hreflang hspace id ismap label
    lang longdesc maxlength media name nohref noshade nowrap rel rev rows rowspan rules scope shape size
    sizes span src srcset start summary tabindex target title type usemap valign value vspace width
    loading decoding poster preload reversed open""".split()
)
# ISO 639-1, without those nobody writes a magazine in.
LANGUAGES = set(
    """ar be bg bn br bs ca co cs cy da de el en eo es et eu fa fi fo fr fy ga gd gl gu he hi hr hu hy ia id is
    it ja ka kk km kn ko ku la lb lt lv mg mk ml mn mr ms mt my nb ne nl nn no oc pa pl ps pt qu rm ro ru se
    si sk sl sq sr sv sw ta te tg th tl tr tt uk ur uz vi wa yi zh zu""".split()
)


class Report(list):
    def __init__(self, form):
        super().__init__()
        self.form = form

    def add(self, rule, where, what=""):
        self.append(f"{self.form}: {where}: {rule}: {str(what)[:200]!r}")


# Text ---------------------------------------------------------------------------------------------


def characters(report, where, text):
    for c in text:
        code = ord(c)
        if 0x80 <= code <= 0x9F or c == "\ufffd" or code < 32 and c not in "\t\n\r" or code == 0x7F:
            return report.add("BadCharacters", where, f"U+{code:04X}")
        if code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
            return report.add("Noncharacter", where, f"U+{code:04X}")


def no_html(report, where, text, rss=False):
    """A text that no reader takes for HTML."""
    if re.search(r"</\w+>", text):
        report.add("ContainsHTML", where, text)
    for name in re.findall(r"&(#?\w+)", text):
        if name in html.entities.name2codepoint or name == "apos" or not name.isalpha():
            report.add("ContainsHTML", where, "&" + name)
    if rss and re.search(r"&#[x0-9]|<[/a-zA-Z!?]", text):
        report.add("CharacterData", where, text)


def not_blank(report, where, text):
    if not (text or "").strip():
        report.add("NotBlank", where)


# Addresses ----------------------------------------------------------------------------------------

URI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*"
    r"(?:#(?:[A-Za-z0-9\-._~:/?@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)?"
)


def web(report, where, address):
    if not address or not URI.fullmatch(address):
        return report.add("InvalidFullLink", where, address)
    parts = urllib.parse.urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        report.add("InvalidFullLink", where, address)


def canonical(address):
    """The normal form of a URI (RFC 3986, 6.2), None if it has none."""
    if not URI.fullmatch(address):
        return None
    match = re.fullmatch(r"([^:]+):(//[^/?#]*)?([^?#]*)(\?[^#]*)?(#.*)?", address)
    scheme, authority, path, query, fragment = match.groups()
    scheme = scheme.lower()

    def octets(text):
        try:
            decoded = urllib.parse.unquote_to_bytes(text).decode()
        except UnicodeDecodeError:
            return None
        if unicodedata.normalize("NFC", decoded) != decoded:
            return None
        parts = re.split(r"(%[0-9A-Fa-f]{2})", text)
        for index in range(1, len(parts), 2):
            octet = chr(int(parts[index][1:], 16))
            parts[index] = octet if re.match(r"[A-Za-z0-9\-._~]", octet) else parts[index].upper()
        return "".join(parts)

    pieces = [octets(piece or "") for piece in (path, query, fragment)]
    if None in pieces:
        return None
    if authority is not None:
        authority = authority.lower()
        authority = re.sub(":(80)?$" if scheme == "http" else ":(443)?$", "", authority)
        authority = re.sub(r"\.(:\d+)?$", r"\1", authority)
        pieces[0] = pieces[0] or "/"
        if re.search(r"/\.\.?(/|$)", pieces[0]):
            return None
    return scheme + ":" + (authority or "") + "".join(pieces)


TAG = re.compile(r"tag:([a-z0-9\-._]+@)?[a-z0-9.\-]+,\d{4}(-\d{2}(-\d{2})?)?:[^\[\]#]+")
URN = re.compile(r"urn:[a-zA-Z0-9][a-zA-Z0-9-]{1,31}:([a-zA-Z0-9()+,.:=@;$_!*'\-]|%[0-9A-Fa-f]{2})+")


def atom_id(report, where, text):
    if text != text.strip():
        report.add("UnexpectedWhitespace", where, text)
    scheme = text.split(":")[0]
    if scheme == "tag" and not TAG.fullmatch(text):
        report.add("InvalidTAG", where, text)
    elif scheme == "urn" and not URN.fullmatch(text):
        report.add("InvalidURN", where, text)
    elif scheme not in ("tag", "urn", "http", "https"):
        report.add("SchemeNotIANARegistered", where, text)
    if canonical(text) != text:
        report.add("NonCanonicalURI", where, f"{text} is {canonical(text)}")


# Dates --------------------------------------------------------------------------------------------


def plausible(report, where, date, at):
    if date.year < 1990 or date > at + datetime.timedelta(minutes=10):
        report.add("ImplausibleDate", where, date)


RFC_822 = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d?) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4}) "
    r"(\d\d):(\d\d):(\d\d) \+0000"
)


def rfc_822(report, where, text, at):
    match = RFC_822.fullmatch(text or "")
    if not match:
        return report.add("InvalidRFC2822Date", where, text)
    date = datetime.datetime.strptime(text, "%a, %d %b %Y %H:%M:%S %z")
    if date.strftime("%a") != match[1]:
        report.add("IncorrectDOW", where, text)
    plausible(report, where, date, at)


RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def rfc_3339(report, where, text, at):
    if not RFC_3339.fullmatch(text or ""):
        return report.add("InvalidRFC3339Date", where, text)
    date = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if at:
        plausible(report, where, date, at)
    return date


def language(report, where, text):
    if not re.fullmatch(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{1,8})*", text or "") or text[:2].lower() not in LANGUAGES:
        report.add("InvalidLanguage", where, text)


# HTML ---------------------------------------------------------------------------------------------


class Html(html.parser.HTMLParser):
    def __init__(self, report, where):
        super().__init__(convert_charrefs=False)
        self.report, self.where, self.stack, self.images = report, where, [], []

    def bad(self, rule, what=""):
        self.report.add(rule, self.where, what)

    def handle_starttag(self, tag, attributes):
        if tag not in ELEMENTS:
            self.bad("SecurityRisk", tag)
        names = [name for name, _ in attributes]
        if len(names) != len(set(names)):
            self.bad("NotHtml", f"{tag} {names}")
        for name, value in attributes:
            value = value or ""
            if name not in ATTRIBUTES and not name.startswith("data-"):
                self.bad("SecurityRiskAttr", name)
            elif name in ("href", "src", "cite", "poster", "longdesc"):
                self.address(tag, name, value)
            elif name == "srcset":
                for candidate in re.split(r",\s+", value):
                    self.address(tag, name, candidate.split()[0] if candidate.split() else "")
        if tag not in VOID:
            self.stack.append(tag)

    def address(self, tag, name, value):
        scheme = value.split(":")[0]
        if scheme in ("mailto", "tel") and (tag, name) == ("a", "href"):
            return
        if scheme not in ("http", "https"):
            self.bad("ContainsRelRef", f"{name}={value}")
        elif not re.fullmatch(r"https?://[A-Za-z0-9\-._~:/?#@!$&'()*+,;=%\[\]]+", value):
            self.bad("InvalidUriChar", f"{name}={value}")
        if tag == "img":
            self.images.append(value)

    def handle_endtag(self, tag):
        if not self.stack or self.stack.pop() != tag:
            self.bad("NotHtml", f"</{tag}>")

    def handle_decl(self, what):
        self.bad("NotHtml", what)

    handle_pi = unknown_decl = handle_decl

    def handle_data(self, data):
        if "<" in data:
            self.bad("NotHtml", data)


def safe_html(report, where, text):
    """Harmless, well-formed HTML; gives the addresses of its pictures."""
    parser = Html(report, where)
    parser.feed(text)
    parser.close()
    if parser.stack:
        report.add("NotHtml", where, f"open: {parser.stack}")
    for match in re.finditer(r"&(#?\w*)(;?)", text):
        name, end = match.groups()
        if name == "" and re.compile(r"[\s<&]|$").match(text, match.end()):
            continue
        if not end or not name.startswith("#") and name + ";" not in html.entities.html5:
            report.add("UndefinedNamedEntity", where, match[0])
        elif name.startswith("#"):
            characters(report, where, html.unescape(match[0]))
    return parser.images


# XML ----------------------------------------------------------------------------------------------


def parse(report, text):
    if not text.startswith('<?xml version="1.0" encoding="utf-8"?>') or "<!DOCTYPE" in text:
        report.add("Declaration", "document", text[:60])
    if len(text.encode()) > LARGEST:
        report.add("ValidatorLimit", "document", len(text.encode()))
    try:
        root = ET.fromstring(text.encode())
    except ET.ParseError as error:
        return report.add("SAXError", "document", error)
    for element in root.iter():
        for value in (element.text, element.tail, *element.attrib.values()):
            characters(report, element.tag, value or "")
    return root


def once(report, parent, allowed, several=()):
    tags = [child.tag for child in parent]
    for tag in set(tags):
        if tag not in allowed:
            report.add("UndefinedElement", parent.tag, tag)
        elif tag not in several and tags.count(tag) > 1:
            report.add("DuplicateElement", parent.tag, tag)
    if len(parent) and ((parent.text or "").strip() or any((child.tail or "").strip() for child in parent)):
        report.add("UnexpectedText", parent.tag, parent.text)


def attributes(report, element, allowed):
    for name in element.attrib:
        if name not in allowed:
            report.add("UnexpectedAttribute", element.tag, name)


def media(report, where, element):
    attributes(report, element, ("url", "medium", "type", "width", "height", "fileSize"))
    once(report, element, {MEDIA + "description", MEDIA + "credit"})
    web(report, where, element.get("url"))
    if element.get("medium") != "image":
        report.add("InvalidMediaMedium", where, element.get("medium"))
    for name in ("width", "height", "fileSize"):
        if name in element.attrib and not re.fullmatch("[1-9][0-9]*", element.get(name)):
            report.add("InvalidPositiveInteger", where, element.get(name))
    if "type" in element.attrib and not re.fullmatch(r"image/[A-Za-z0-9!#$&^_.+-]+", element.get("type")):
        report.add("InvalidMIMEAttribute", where, element.get("type"))
    for child in element:
        not_blank(report, child.tag, child.text)
        if child.tag == MEDIA + "description":
            attributes(report, child, ("type",))
            if child.get("type", "plain") == "html":
                safe_html(report, child.tag, child.text or "")
            else:
                no_html(report, child.tag, child.text or "")


def history(report, where, root, links, own):
    """Where a document stands in its feed's history (RFC 5005), by its links: pairs of rel and href."""
    is_archive, is_complete = (root.find(HISTORY + name) for name in ("archive", "complete"))
    for mark in (is_archive, is_complete):
        if mark is not None and ((mark.text or "").strip() or len(mark) or mark.attrib):
            report.add("NotEmpty", where, mark.tag)
    if is_archive is not None and is_complete is not None:
        report.add("ArchiveAndComplete", where)
    ends = {rel: href for rel, href in links}
    if is_archive is not None and ends.get("current", own) == own:
        report.add("MissingCurrent", where, links)
    if is_archive is not None and is_complete is None and not {"prev-archive", "next-archive"} & set(ends):
        report.add("ArchiveIncomplete", where, links)
    if "next-archive" in ends and (is_archive is None or ends["next-archive"] in (own, ends.get("prev-archive"))):
        report.add("NextArchiveIsNone", where, links)
    if is_archive is None and "current" in ends:
        report.add("CurrentOfNoArchive", where, links)
    if is_complete is not None and "prev-archive" in ends:
        report.add("CompleteHasArchives", where, links)
    if ends.get("prev-archive") in (own, ends.get("current", own)):
        report.add("PrevArchiveIsSelf", where, links)


def licences(report, where, links):
    """The licences of a document (RFC 4946): of several, each has a title."""
    named = [link for link in links if link.get("rel") == "license"]
    if len(named) > 1 and not all((link.get("title") or "").strip() for link in named):
        report.add("LicenceWithoutTitle", where)


USES = {"all", "ai-all", "ai-train", "ai-input", "ai-index", "search"}
PAYMENTS = set("free attribution contribution purchase subscription training crawl use".split())


def rsl(report, where, content, page):
    """Terms of RSL 1.0, for the page of an item."""
    attributes(report, content, ("url",))
    once(report, content, {RSL + "license"})
    if content.get("url") != page:
        report.add("RslElsewhere", where, content.get("url"))
    for licence in content:
        attributes(report, licence, ())
        once(report, licence, {RSL + "permits", RSL + "prohibits", RSL + "payment"})
        for part in licence:
            attributes(report, part, ("type",))
            if part.tag == RSL + "payment":
                once(report, part, {RSL + "custom"})
                if part.get("type") not in PAYMENTS:
                    report.add("RslPayment", where, part.get("type"))
                for custom in part:
                    web(report, where, custom.text)
            elif part.get("type") != "usage" or not set((part.text or "").split()) <= USES or not (part.text or "").split():
                report.add("RslUse", where, part.text)


def enclosure(report, where, element):
    """RSS 2.0: all three attributes, the length in bytes, 0 where nobody knows it."""
    if set(element.attrib) != {"url", "length", "type"} or (element.text or "").strip() or len(element):
        report.add("MissingAttribute", where, element.attrib)
    web(report, where, element.get("url"))
    if not re.fullmatch("[0-9]+", element.get("length", "")):
        report.add("InvalidNonNegativeInteger", where, element.get("length"))
    if not re.fullmatch(r"audio/[A-Za-z0-9!#$&^_.+-]+", element.get("type", "")):
        report.add("InvalidMIMEAttribute", where, element.get("type"))


# As Apple has them, those without further ones alone.
CATEGORIES = "Government History Technology".split() + ["Society & Culture", "True Crime", "News", "Arts"]


def podcast(report, channel):
    """What Apple wants of a podcast, and Podcasting 2.0 says of it."""
    said = [child for child in channel if child.tag.startswith((ITUNES, PODCAST))]
    if not said:
        return
    for name in ("category", "explicit", "image", "author"):
        if channel.find(ITUNES + name) is None:
            report.add("MissingItunesElement", "channel", name)
    for child in said:
        where = f"channel {child.tag}"
        if child.tag == ITUNES + "explicit" and child.text not in ("true", "false"):
            report.add("InvalidTrueFalse", where, child.text)
        elif child.tag == ITUNES + "image":
            attributes(report, child, ("href",))
            web(report, where, child.get("href"))
        elif child.tag == ITUNES + "category":
            attributes(report, child, ("text",))
            if child.get("text") not in CATEGORIES:
                report.add("InvalidItunesCategory", where, child.get("text"))
            once(report, child, {ITUNES + "category"})
        elif child.tag == ITUNES + "owner":
            once(report, child, {ITUNES + "name", ITUNES + "email"})
            if not re.fullmatch(r"[^@<> ]+@[^@<> ]+", child.findtext(ITUNES + "email") or ""):
                report.add("InvalidContact", where, child.findtext(ITUNES + "email"))
        elif child.tag == ITUNES + "type" and child.text not in ("episodic", "serial"):
            report.add("InvalidItunesChannelType", where, child.text)
        elif child.tag == ITUNES + "author":
            not_blank(report, where, child.text)
        elif child.tag == PODCAST + "guid":
            if not re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", child.text or ""):
                report.add("InvalidUUID", where, child.text)
        elif child.tag == PODCAST + "locked":
            attributes(report, child, ("owner",))
            if child.text not in ("yes", "no"):
                report.add("InvalidYesNo", where, child.text)
        elif child.tag == PODCAST + "medium" and child.text != "podcast":
            report.add("InvalidMedium", where, child.text)


def episode(report, where, item):
    for child in item:
        if child.tag.startswith((ITUNES, PODCAST)) and item.find("enclosure") is None:
            report.add("NoEpisode", where, child.tag)
        if child.tag == ITUNES + "duration" and not re.fullmatch("[1-9][0-9]*", child.text or ""):
            report.add("InvalidDuration", where, child.text)
        if child.tag == ITUNES + "episodeType" and child.text not in ("full", "trailer", "bonus"):
            report.add("InvalidItunesEpisodeType", where, child.text)
        if child.tag == PODCAST + "person":
            attributes(report, child, ("role", "group", "img", "href"))
            not_blank(report, where, child.text)
            if len(child.text or "") > 128:
                report.add("TooLong", where, child.text)


def rss(text, own, at):
    report = Report("rss")
    root = parse(report, text)
    if root is None:
        return report
    if root.tag != "rss" or root.get("version") != "2.0" or [child.tag for child in root] != ["channel"]:
        report.add("InvalidRSSVersion", "document", root.tag)
        return report
    channel = root[0]
    plain = {"title", "link", "description", "language", "copyright", "lastBuildDate", "pubDate", "generator", "docs", "ttl", "image"}
    plain |= {ITUNES + name for name in "author category image explicit owner type".split()}
    plain |= {PODCAST + name for name in "guid medium locked".split()}
    once(report, channel, plain | {ATOM + "link", CREATIVE_COMMONS, HISTORY + "complete", HISTORY + "archive", "item", "category"}, ("item", "category", ATOM + "link"))
    for name in ("title", "link", "description"):
        if channel.find(name) is None:
            report.add("MissingElement", "channel", name)
    for name in ("title", "description", "copyright"):
        if channel.find(name) is not None:
            not_blank(report, f"channel/{name}", channel.findtext(name))
            no_html(report, f"channel/{name}", channel.findtext(name), rss=True)
    web(report, "channel/link", channel.findtext("link"))
    podcast(report, channel)
    picture = channel.find("image")
    if picture is not None:
        once(report, picture, {"url", "title", "link"})
        web(report, "channel/image", picture.findtext("url"))
        for name in ("title", "link"):
            if picture.findtext(name) != channel.findtext(name):
                report.add("ImageTitleDoesntMatch", "channel/image", picture.findtext(name))
    language(report, "channel/language", channel.findtext("language"))
    rfc_822(report, "channel/lastBuildDate", channel.findtext("lastBuildDate"), at)
    tags = [child.tag for child in channel]
    if "item" in tags and any(tag != "item" for tag in tags[tags.index("item") :]):
        report.add("MisplacedItem", "channel")
    selves = [link.get("href") for link in channel.findall(ATOM + "link") if link.get("rel") == "self"]
    if selves != [own]:
        report.add("SelfDoesntMatchLocation" if selves else "MissingAtomSelfLink", "channel", selves)
    for link in channel.findall(ATOM + "link"):
        attributes(report, link, ("href", "rel", "type", "title"))
        web(report, "channel/atom:link", link.get("href"))
    licences(report, "channel", channel.findall(ATOM + "link"))
    if channel.find(CREATIVE_COMMONS) is not None:
        web(report, "channel/creativeCommons:license", channel.findtext(CREATIVE_COMMONS))
    history(report, "channel", channel, [(link.get("rel"), link.get("href")) for link in channel.findall(ATOM + "link")], own)
    guids = []
    for number, item in enumerate(channel.findall("item"), 1):
        where = f"item {number}"
        allowed = {"title", "link", "description", "category", "guid", "pubDate", "enclosure"}
        allowed |= {ITUNES + "duration", ITUNES + "episodeType", PODCAST + "person"}
        allowed |= {CONTENT + "encoded", DC + "creator", MEDIA + "content", RSL + "content"}
        once(report, item, allowed, ("category", DC + "creator", MEDIA + "content", PODCAST + "person"))
        if item.find("enclosure") is not None:
            enclosure(report, f"{where} enclosure", item.find("enclosure"))
        episode(report, where, item)
        if item.find("title") is None and item.find("description") is None:
            report.add("ItemMustContainTitleOrDescription", where)
        if item.find("title") is not None:
            not_blank(report, f"{where} title", item.findtext("title"))
            no_html(report, f"{where} title", item.findtext("title") or "", rss=True)
        web(report, f"{where} link", item.findtext("link"))
        guid = item.find("guid")
        if guid is None or guid.get("isPermaLink") != "false" or set(guid.attrib) != {"isPermaLink"}:
            report.add("MissingGuid", where)
        else:
            not_blank(report, f"{where} guid", guid.text)
            if len(guid.text or "") < 9 and (guid.text or "").isdigit():
                report.add("NotSufficientlyUnique", where, guid.text)
            if guid.text in guids:
                report.add("DuplicateValue", where, guid.text)
            guids.append(guid.text)
        if item.find("pubDate") is not None:
            rfc_822(report, f"{where} pubDate", item.findtext("pubDate"), at)
        tags = [child.tag for child in item]
        images = []
        if CONTENT + "encoded" in tags:
            if "description" not in tags[: tags.index(CONTENT + "encoded")]:
                report.add("NeedDescriptionBeforeContent", where)
            not_blank(report, f"{where} content:encoded", item.findtext(CONTENT + "encoded"))
            images = safe_html(report, f"{where} content:encoded", item.findtext(CONTENT + "encoded") or "")
        if item.find("description") is not None:
            not_blank(report, f"{where} description", item.findtext("description"))
            safe_html(report, f"{where} description", item.findtext("description") or "")
        for terms in item.findall(RSL + "content"):
            rsl(report, f"{where} rsl:content", terms, item.findtext("link"))
        for category in item.findall("category"):
            not_blank(report, f"{where} category", category.text)
            no_html(report, f"{where} category", category.text or "", rss=True)
        for creator in item.findall(DC + "creator"):
            not_blank(report, f"{where} dc:creator", creator.text)
        for picture in item.findall(MEDIA + "content"):
            media(report, f"{where} media:content", picture)
            if picture.get("url") in images:
                report.add("SameImageTwice", where, picture.get("url"))
    return report


def atom_text(report, where, element):
    attributes(report, element, ("type",))
    if len(element):
        report.add("UndefinedElement", where, element[0].tag)
    text = element.text or ""
    not_blank(report, where, text)
    kind = element.get("type", "text")
    if kind == "html":
        return safe_html(report, where, text)
    if kind != "text":
        report.add("InvalidTextType", where, kind)
    no_html(report, where, text)
    return []


def person(report, where, element):
    once(report, element, {ATOM + "name", ATOM + "uri", ATOM + "email"})
    name = element.findtext(ATOM + "name")
    not_blank(report, where, name)
    no_html(report, where, name or "")
    if re.search(r"<[\w.+'-]+@[\w.-]+>", name or ""):
        report.add("ContainsEmail", where, name)
    if element.find(ATOM + "uri") is not None:
        web(report, where, element.findtext(ATOM + "uri"))


def atom_links(report, where, parent):
    kinds = []
    for link in parent.findall(ATOM + "link"):
        attributes(report, link, ("href", "rel", "type", "hreflang", "title", "length"))
        if "length" in link.attrib and not re.fullmatch("[0-9]+", link.get("length")):
            report.add("InvalidNonNegativeInteger", where, link.get("length"))
        web(report, f"{where} link", link.get("href"))
        rel = link.get("rel", "alternate")
        if rel not in ("self", "alternate", "hub", "current", "prev-archive", "next-archive", "related", "via", "license", "enclosure"):
            report.add("UnregisteredAtomLinkRel", where, rel)
        if not re.fullmatch(r"[\w.+-]+/[\w.+-]+", link.get("type", "text/html")):
            report.add("InvalidMIMEType", where, link.get("type"))
        if (link.text or "").strip() or len(link):
            report.add("AtomLinkNotEmpty", where)
        kinds.append((rel, link.get("type"), link.get("hreflang"), link.get("href") if rel != "alternate" else None))
    if len(kinds) != len(set(kinds)):
        report.add("DuplicateAtomLink", where, kinds)
    licences(report, where, parent.findall(ATOM + "link"))
    return kinds


def atom(text, own, at):
    report = Report("atom")
    root = parse(report, text)
    if root is None:
        return report
    if root.tag != ATOM + "feed":
        report.add("InvalidNamespace", "document", root.tag)
        return report
    language(report, "feed", root.get(XML + "lang"))
    named = {ATOM + name for name in "title subtitle id updated author generator link rights entry category icon logo".split()}
    named |= {HISTORY + "complete", HISTORY + "archive", TOMBSTONE}
    once(report, root, named, (TOMBSTONE, ATOM + "link", ATOM + "entry", ATOM + "author", ATOM + "category"))
    for name in ("title", "id", "updated", "author"):
        if root.find(ATOM + name) is None:
            report.add("MissingElement", "feed", name)
    for name in ("title", "subtitle", "rights"):
        if root.find(ATOM + name) is not None:
            atom_text(report, f"feed/{name}", root.find(ATOM + name))
    for name in ("icon", "logo"):
        if root.find(ATOM + name) is not None:
            web(report, f"feed/{name}", root.findtext(ATOM + name))
    atom_id(report, "feed/id", root.findtext(ATOM + "id") or "")
    rfc_3339(report, "feed/updated", root.findtext(ATOM + "updated"), at)
    for element in root.findall(ATOM + "author"):
        person(report, "feed/author", element)
    kinds = atom_links(report, "feed", root)
    if [kind[3] for kind in kinds if kind[0] == "self"] != [own]:
        report.add("SelfDoesntMatchLocation", "feed", kinds)
    tags = [child.tag for child in root]
    if ATOM + "entry" in tags and any(tag != ATOM + "entry" for tag in tags[tags.index(ATOM + "entry") :]):
        report.add("MisplacedMetadata", "feed")
    history(report, "feed", root, [(link.get("rel"), link.get("href")) for link in root.findall(ATOM + "link")], own)
    deleted = []
    for number, stone in enumerate(root.findall(TOMBSTONE), 1):
        where = f"deleted-entry {number}"
        attributes(report, stone, ("ref", "when"))
        if (stone.text or "").strip() or len(stone):
            report.add("NotEmpty", where)
        atom_id(report, f"{where} ref", stone.get("ref") or "")
        rfc_3339(report, f"{where} when", stone.get("when") or "", at)
        if stone.get("ref") in deleted:
            report.add("DuplicateValue", where, stone.get("ref"))
        deleted.append(stone.get("ref"))
    ids, updates = [], []
    for number, entry in enumerate(root.findall(ATOM + "entry"), 1):
        where = f"entry {number}"
        named = {ATOM + name for name in "title id updated published author link category summary content rights".split()}
        once(report, entry, named | {MEDIA + "content"}, (ATOM + "link", ATOM + "author", ATOM + "category"))
        for name in ("title", "id", "updated"):
            if entry.find(ATOM + name) is None:
                report.add("MissingElement", where, name)
                return report
        atom_text(report, f"{where} title", entry.find(ATOM + "title"))
        own_id = entry.findtext(ATOM + "id") or ""
        atom_id(report, f"{where} id", own_id)
        if own_id in ids:
            report.add("DuplicateEntries", where, own_id)
        if own_id in deleted:
            report.add("DeletedEntryIsThere", where, own_id)
        ids.append(own_id)
        updated = rfc_3339(report, f"{where} updated", entry.findtext(ATOM + "updated"), at)
        if updated in updates:
            report.add("DuplicateUpdated", where, updated)
        updates.append(updated)
        if entry.find(ATOM + "published") is not None:
            rfc_3339(report, f"{where} published", entry.findtext(ATOM + "published"), at)
        for element in entry.findall(ATOM + "author"):
            person(report, f"{where} author", element)
        kinds = atom_links(report, where, entry)
        images = []
        content = entry.find(ATOM + "content")
        if content is not None:
            if content.get("type") != "html":
                report.add("InvalidTextType", where, content.get("type"))
            images = atom_text(report, f"{where} content", content)
        elif entry.find(ATOM + "summary") is None:
            report.add("MissingTextualContent", where)
        if content is None and not any(kind[0] == "alternate" for kind in kinds):
            report.add("MissingContentOrAlternate", where)
        if entry.find(ATOM + "summary") is not None:
            atom_text(report, f"{where} summary", entry.find(ATOM + "summary"))
        for category in entry.findall(ATOM + "category"):
            attributes(report, category, ("term", "label", "scheme"))
            not_blank(report, f"{where} category", category.get("term"))
            no_html(report, f"{where} category", category.get("label", ""))
        for picture in entry.findall(MEDIA + "content"):
            media(report, f"{where} media:content", picture)
            if picture.get("url") in images:
                report.add("SameImageTwice", where, picture.get("url"))
    return report


def keys(report, where, value, allowed):
    for key in value:
        if key not in allowed and not key.startswith("_"):
            report.add("UndefinedKey", where, key)


def json_authors(report, where, authors):
    if not isinstance(authors, list) or not authors:
        return report.add("InvalidAuthors", where, authors)
    for author in authors:
        keys(report, where, author, ("name", "url", "avatar"))
        not_blank(report, where, author.get("name"))
        if "url" in author:
            web(report, where, author["url"])


def json_feed(text, own, at):
    report = Report("json")
    if len(text.encode()) > LARGEST:
        report.add("ValidatorLimit", "document", len(text.encode()))
    try:
        feed = json.loads(text)
    except ValueError as error:
        report.add("Syntax", "document", error)
        return report
    if feed.get("version") != "https://jsonfeed.org/version/1.1":
        report.add("InvalidVersion", "feed", feed.get("version"))
    top = "version title home_page_url feed_url description language authors items hubs next_url icon favicon expired"
    keys(report, "feed", feed, top.split())
    not_blank(report, "feed/title", feed.get("title"))
    web(report, "feed/home_page_url", feed.get("home_page_url"))
    if feed.get("feed_url") != own:
        report.add("SelfDoesntMatchLocation", "feed", feed.get("feed_url"))
    if "next_url" in feed:
        web(report, "feed/next_url", feed["next_url"])
        if feed["next_url"] == own:
            report.add("NextIsSelf", "feed", own)
    for name in ("icon", "favicon"):
        if name in feed:
            web(report, f"feed/{name}", feed[name])
    language(report, "feed/language", feed.get("language"))
    json_authors(report, "feed/authors", feed.get("authors"))
    ids = []
    for number, item in enumerate(feed.get("items"), 1):
        where = f"item {number}"
        allowed = "id url title content_html content_text summary date_published date_modified authors tags image language attachments"
        keys(report, where, item, allowed.split())
        for key, value in item.items():
            if value is None or value == "":
                report.add("NotBlank", f"{where} {key}", value)
            if isinstance(value, str):
                characters(report, f"{where} {key}", value)
        not_blank(report, f"{where} id", item.get("id"))
        if item.get("id") in ids:
            report.add("DuplicateValue", where, item.get("id"))
        ids.append(item.get("id"))
        web(report, f"{where} url", item.get("url"))
        if not item.get("content_html") and not item.get("content_text"):
            report.add("MissingTextualContent", where)
        images = safe_html(report, f"{where} content_html", item.get("content_html", ""))
        # Optional, and of any year that RFC 3339 can write.
        if "date_published" in item:
            rfc_3339(report, f"{where} date_published", item["date_published"], None)
        rfc_3339(report, f"{where} date_modified", item.get("date_modified"), at)
        if "authors" in item:
            json_authors(report, f"{where} authors", item["authors"])
        for attached in item.get("attachments", []):
            keys(report, f"{where} attachments", attached, ("url", "mime_type", "title", "size_in_bytes", "duration_in_seconds"))
            web(report, f"{where} attachments", attached.get("url"))
            if not re.fullmatch(r"audio/[A-Za-z0-9!#$&^_.+-]+", attached.get("mime_type") or ""):
                report.add("InvalidMIMEType", where, attached.get("mime_type"))
            for name in ("size_in_bytes", "duration_in_seconds"):
                if attached.get(name, 1) <= 0:
                    report.add("InvalidPositiveInteger", where, attached)
        for tag in item.get("tags", []):
            not_blank(report, f"{where} tags", tag)
        if "image" in item:
            web(report, f"{where} image", item["image"])
            if item["image"] in images:
                report.add("SameImageTwice", where, item["image"])
    return report


def main():
    for line in sys.stdin:
        case = json.loads(line)
        at = datetime.datetime.fromisoformat(case["at"].replace("Z", "+00:00"))
        own = case["self"]
        found = []
        for form, read in (("rss", rss), ("atom", atom), ("json", json_feed)):
            if form in case:
                found += read(case[form], own[form], at)
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
