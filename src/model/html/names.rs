//! The names that HTML for feeds goes by: what the W3C feed validator accepts in HTML as safe,
//! less what has no place in a column (forms, plug-ins of old), and the languages it knows.

use Kind::{Block, Phrase, Table, Void};

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

/// An element that a feed may carry: its name in small letters, and its kind.
pub(super) fn element(name: &str) -> Option<(&'static str, Kind)> {
    let find = |name: &str| ELEMENTS.binary_search_by(|(known, _)| (*known).cmp(name)).ok();
    let found = find(name).or_else(|| {
        // Nothing that cleans HTML writes capitals.
        name.bytes().any(|b| b.is_ascii_uppercase()).then(|| find(&name.to_ascii_lowercase())).flatten()
    });
    found.map(|at| ELEMENTS[at])
}

/// In the order of their bytes.
#[rustfmt::skip]
const ELEMENTS: [(&str, Kind); 86] = [
    ("a", Phrase), ("abbr", Phrase), ("acronym", Phrase), ("address", Block), ("area", Void), ("article", Block),
    ("aside", Block), ("audio", Phrase), ("b", Phrase), ("bdi", Phrase), ("big", Phrase), ("blockquote", Block),
    ("br", Void), ("caption", Table), ("center", Block), ("cite", Phrase), ("code", Phrase), ("col", Void),
    ("colgroup", Table), ("data", Phrase), ("dd", Block), ("del", Phrase), ("details", Block), ("dfn", Phrase),
    ("dir", Block), ("div", Block), ("dl", Block), ("dt", Block), ("em", Phrase), ("figcaption", Block),
    ("figure", Block), ("font", Phrase), ("footer", Block), ("h1", Block), ("h2", Block), ("h3", Block),
    ("h4", Block), ("h5", Block), ("h6", Block), ("header", Block), ("hgroup", Block), ("hr", Void), ("i", Phrase),
    ("img", Void), ("ins", Phrase), ("kbd", Phrase), ("li", Block), ("main", Block), ("map", Phrase),
    ("mark", Phrase), ("menu", Block), ("nav", Block), ("ol", Block), ("p", Block), ("picture", Phrase),
    ("pre", Block), ("q", Phrase), ("rp", Phrase), ("rt", Phrase), ("ruby", Phrase), ("s", Phrase), ("samp", Phrase),
    ("section", Block), ("small", Phrase), ("source", Void), ("span", Phrase), ("strike", Phrase), ("strong", Phrase),
    ("sub", Phrase), ("summary", Block), ("sup", Phrase), ("table", Block), ("tbody", Table), ("td", Table),
    ("tfoot", Table), ("th", Table), ("thead", Table), ("time", Phrase), ("tr", Table), ("track", Void),
    ("tt", Phrase), ("u", Phrase), ("ul", Block), ("var", Phrase), ("video", Phrase), ("wbr", Void),
];

/// The attributes that a feed's HTML may carry; `data-` attributes may stand as well.
pub(super) fn is_attribute(name: &str) -> bool {
    matches!(
        name,
        "abbr"
            | "align"
            | "alt"
            | "border"
            | "cellpadding"
            | "cellspacing"
            | "char"
            | "charoff"
            | "cite"
            | "class"
            | "clear"
            | "color"
            | "cols"
            | "colspan"
            | "compact"
            | "coords"
            | "datetime"
            | "decoding"
            | "dir"
            | "download"
            | "face"
            | "frame"
            | "headers"
            | "height"
            | "hidden"
            | "href"
            | "hreflang"
            | "hspace"
            | "id"
            | "ismap"
            | "itemid"
            | "itemprop"
            | "itemref"
            | "itemscope"
            | "itemtype"
            | "kind"
            | "label"
            | "lang"
            | "loading"
            | "longdesc"
            | "loop"
            | "media"
            | "muted"
            | "name"
            | "nohref"
            | "noshade"
            | "nowrap"
            | "open"
            | "playsinline"
            | "poster"
            | "preload"
            | "rel"
            | "rev"
            | "reversed"
            | "rows"
            | "rowspan"
            | "rules"
            | "scope"
            | "shape"
            | "size"
            | "sizes"
            | "span"
            | "src"
            | "srclang"
            | "srcset"
            | "start"
            | "summary"
            | "target"
            | "title"
            | "translate"
            | "type"
            | "usemap"
            | "valign"
            | "value"
            | "vspace"
            | "width"
    ) || name.starts_with("data-")
}

/// The attributes that hold an address.
pub(super) fn is_address(name: &str) -> bool {
    matches!(name, "href" | "src" | "cite" | "poster" | "longdesc" | "usemap")
}

/// The entities of HTML 4 and `apos`, which every reader knows.
pub(super) fn is_entity(name: &str) -> bool {
    ENTITIES.binary_search(&name).is_ok()
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
        assert!(ENTITIES.is_sorted() && ELEMENTS.is_sorted_by_key(|(name, _)| *name));
        assert!(["nbsp", "amp", "zwnj", "AElig", "eacute"].into_iter().all(is_entity));
        assert!(!is_entity("check") && !is_entity("Nbsp"));
        assert!(["fr", "fr-FR", "FR-fr", "de-CH-1996", "zh-Hant", "zu", "gsw"].into_iter().all(is_language));
        assert!(!["", "f", "xx", "french", "fr-", "fr-é", "x-fr", "fr_FR"].into_iter().any(is_language));
    }
}
