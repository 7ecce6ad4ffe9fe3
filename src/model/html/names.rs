//! The names that HTML for feeds goes by: what the W3C feed validator accepts in HTML as safe,
//! less what has no place in a column (forms, plug-ins of old), and the languages it knows.

use Kind::{Block, Phrase, Table, Void};

/// A name of up to 16 letters as a number: the same in capitals, in the order of the alphabet, and
/// compared at once. Longer names are 0, and nothing's.
pub(super) type Name = u128;

/// A name as a number.
pub(super) const fn name(text: &str) -> Name {
    let bytes = text.as_bytes();
    if bytes.len() > 16 || bytes.is_empty() {
        return 0;
    }
    let mut name = 0;
    let mut at = 0;
    while at < bytes.len() {
        name = name << 8 | bytes[at].to_ascii_lowercase() as Name;
        at += 1;
    }
    name << (8 * (16 - bytes.len()))
}

/// How an element may be nested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Within a line.
    Phrase,
    /// A block, which a paragraph cannot hold.
    Block,
    /// Without content and without an end.
    Void,
    /// A part of a table.
    Table,
}

/// The kind of an element that a feed may carry.
pub(super) fn element(element: Name) -> Option<Kind> {
    ELEMENTS.binary_search_by(|(known, _)| known.cmp(&element)).ok().map(|at| ELEMENTS[at].1)
}

/// In the order of the alphabet.
#[rustfmt::skip]
static ELEMENTS: [(Name, Kind); 86] = [
    (name("a"), Phrase), (name("abbr"), Phrase), (name("acronym"), Phrase), (name("address"), Block),
    (name("area"), Void), (name("article"), Block), (name("aside"), Block), (name("audio"), Phrase),
    (name("b"), Phrase), (name("bdi"), Phrase), (name("big"), Phrase), (name("blockquote"), Block),
    (name("br"), Void), (name("caption"), Table), (name("center"), Block), (name("cite"), Phrase),
    (name("code"), Phrase), (name("col"), Void), (name("colgroup"), Table), (name("data"), Phrase),
    (name("dd"), Block), (name("del"), Phrase), (name("details"), Block), (name("dfn"), Phrase), (name("dir"), Block),
    (name("div"), Block), (name("dl"), Block), (name("dt"), Block), (name("em"), Phrase), (name("figcaption"), Block),
    (name("figure"), Block), (name("font"), Phrase), (name("footer"), Block), (name("h1"), Block),
    (name("h2"), Block), (name("h3"), Block), (name("h4"), Block), (name("h5"), Block), (name("h6"), Block),
    (name("header"), Block), (name("hgroup"), Block), (name("hr"), Void), (name("i"), Phrase), (name("img"), Void),
    (name("ins"), Phrase), (name("kbd"), Phrase), (name("li"), Block), (name("main"), Block), (name("map"), Phrase),
    (name("mark"), Phrase), (name("menu"), Block), (name("nav"), Block), (name("ol"), Block), (name("p"), Block),
    (name("picture"), Phrase), (name("pre"), Block), (name("q"), Phrase), (name("rp"), Phrase), (name("rt"), Phrase),
    (name("ruby"), Phrase), (name("s"), Phrase), (name("samp"), Phrase), (name("section"), Block),
    (name("small"), Phrase), (name("source"), Void), (name("span"), Phrase), (name("strike"), Phrase),
    (name("strong"), Phrase), (name("sub"), Phrase), (name("summary"), Block), (name("sup"), Phrase),
    (name("table"), Block), (name("tbody"), Table), (name("td"), Table), (name("tfoot"), Table), (name("th"), Table),
    (name("thead"), Table), (name("time"), Phrase), (name("tr"), Table), (name("track"), Void), (name("tt"), Phrase),
    (name("u"), Phrase), (name("ul"), Block), (name("var"), Phrase), (name("video"), Phrase), (name("wbr"), Void),
];

/// Whether a feed's HTML may carry an attribute.
pub(super) fn is_attribute(attribute: Name) -> bool {
    ATTRIBUTES.binary_search(&attribute).is_ok()
}

/// In the order of the alphabet.
#[rustfmt::skip]
static ATTRIBUTES: [Name; 76] = [
    name("abbr"), name("align"), name("alt"), name("border"), name("cellpadding"), name("cellspacing"), name("char"),
    name("charoff"), name("cite"), name("class"), name("clear"), name("color"), name("cols"), name("colspan"),
    name("compact"), name("coords"), name("datetime"), name("decoding"), name("dir"), name("download"), name("face"),
    name("frame"), name("headers"), name("height"), name("hidden"), name("href"), name("hreflang"), name("hspace"),
    name("id"), name("ismap"), name("itemid"), name("itemprop"), name("itemref"), name("itemscope"), name("itemtype"),
    name("kind"), name("label"), name("lang"), name("loading"), name("longdesc"), name("loop"), name("media"),
    name("muted"), name("name"), name("nohref"), name("noshade"), name("nowrap"), name("open"), name("playsinline"),
    name("poster"), name("preload"), name("rel"), name("rev"), name("reversed"), name("rows"), name("rowspan"),
    name("rules"), name("scope"), name("shape"), name("size"), name("sizes"), name("span"), name("src"),
    name("srclang"), name("srcset"), name("start"), name("summary"), name("target"), name("title"), name("translate"),
    name("type"), name("usemap"), name("valign"), name("value"), name("vspace"), name("width"),
];

/// The entities of HTML 4 and `apos`, which every reader knows.
pub(super) fn is_entity(name: &str) -> bool {
    // Those that a cleaner writes are nearly all there are.
    matches!(name, "amp" | "nbsp" | "lt" | "gt" | "quot") || ENTITIES.binary_search(&name).is_ok()
}

/// In the order of their bytes.
const ENTITIES: [&str; 253] = [
    "AElig", "Aacute", "Acirc", "Agrave", "Alpha", "Aring", "Atilde", "Auml", "Beta", "Ccedil", "Chi", "Dagger",
    "Delta", "ETH", "Eacute", "Ecirc", "Egrave", "Epsilon", "Eta", "Euml", "Gamma", "Iacute", "Icirc", "Igrave",
    "Iota", "Iuml", "Kappa", "Lambda", "Mu", "Ntilde", "Nu", "OElig", "Oacute", "Ocirc", "Ograve", "Omega", "Omicron",
    "Oslash", "Otilde", "Ouml", "Phi", "Pi", "Prime", "Psi", "Rho", "Scaron", "Sigma", "THORN", "Tau", "Theta",
    "Uacute", "Ucirc", "Ugrave", "Upsilon", "Uuml", "Xi", "Yacute", "Yuml", "Zeta", "aacute", "acirc", "acute",
    "aelig", "agrave", "alefsym", "alpha", "amp", "and", "ang", "apos", "aring", "asymp", "atilde", "auml", "bdquo",
    "beta", "brvbar", "bull", "cap", "ccedil", "cedil", "cent", "chi", "circ", "clubs", "cong", "copy", "crarr", "cup",
    "curren", "dArr", "dagger", "darr", "deg", "delta", "diams", "divide", "eacute", "ecirc", "egrave", "empty",
    "emsp", "ensp", "epsilon", "equiv", "eta", "eth", "euml", "euro", "exist", "fnof", "forall", "frac12", "frac14",
    "frac34", "frasl", "gamma", "ge", "gt", "hArr", "harr", "hearts", "hellip", "iacute", "icirc", "iexcl", "igrave",
    "image", "infin", "int", "iota", "iquest", "isin", "iuml", "kappa", "lArr", "lambda", "lang", "laquo", "larr",
    "lceil", "ldquo", "le", "lfloor", "lowast", "loz", "lrm", "lsaquo", "lsquo", "lt", "macr", "mdash", "micro",
    "middot", "minus", "mu", "nabla", "nbsp", "ndash", "ne", "ni", "not", "notin", "nsub", "ntilde", "nu", "oacute",
    "ocirc", "oelig", "ograve", "oline", "omega", "omicron", "oplus", "or", "ordf", "ordm", "oslash", "otilde",
    "otimes", "ouml", "para", "part", "permil", "perp", "phi", "pi", "piv", "plusmn", "pound", "prime", "prod", "prop",
    "psi", "quot", "rArr", "radic", "rang", "raquo", "rarr", "rceil", "rdquo", "real", "reg", "rfloor", "rho", "rlm",
    "rsaquo", "rsquo", "sbquo", "scaron", "sdot", "sect", "shy", "sigma", "sigmaf", "sim", "spades", "sub", "sube",
    "sum", "sup", "sup1", "sup2", "sup3", "supe", "szlig", "tau", "there4", "theta", "thetasym", "thinsp", "thorn",
    "tilde", "times", "trade", "uArr", "uacute", "uarr", "ucirc", "ugrave", "uml", "upsih", "upsilon", "uuml",
    "weierp", "xi", "yacute", "yen", "yuml", "zeta", "zwj", "zwnj",
];

/// Whether a text is a language tag (RFC 5646) whose language ISO 639 knows: one of its two-letter
/// codes, or three letters.
pub fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default().to_ascii_lowercase();
    let known = match first.len() {
        2 => LANGUAGES.as_bytes().chunks(3).any(|code| code[..2] == *first.as_bytes()),
        3 => first.bytes().all(|b| b.is_ascii_lowercase()),
        _ => false,
    };
    known && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// ISO 639-1.
const LANGUAGES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy \
    da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii \
    ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr \
    ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl \
    sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh \
    zu";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found() {
        assert!(ENTITIES.is_sorted() && ELEMENTS.is_sorted_by_key(|(name, _)| *name) && ATTRIBUTES.is_sorted());
        assert!(["nbsp", "amp", "zwnj", "AElig", "eacute"].into_iter().all(is_entity));
        assert!(!is_entity("check") && !is_entity("Nbsp"));
        assert!(["fr", "fr-FR", "FR-fr", "de-CH-1996", "zh-Hant", "zu", "gsw"].into_iter().all(is_language));
        assert!(!["", "f", "xx", "french", "fr-", "fr-é", "x-fr", "fr_FR"].into_iter().any(is_language));
    }
}
