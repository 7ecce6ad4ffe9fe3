//! What columns may hold: words, and all that feeds are known to stumble over.

use chrono::{Duration, TimeZone, Utc};
use gazetier::{
    ingest::clean::clean,
    locales::Lang,
    model::{Audio, Column, ColumnId, Image, Instant, Slug},
};
use proptest::{prelude::*, sample::select};
use url::Url;

use super::{now, web};

/// Texts that are legal but hard.
pub(super) const HARD: [&str; 40] = [
    "]]>",
    "<![CDATA[",
    "<b>",
    "</b>",
    "<br/>",
    "<!--",
    "-->",
    "<?xml",
    "<script>alert(1)</script>",
    "&",
    "&amp;",
    "&nbsp;",
    "&eacute",
    "&#60;",
    "&#x3C;",
    "&²",
    "&é1",
    "&_",
    "AT&T",
    "&;",
    "<",
    ">",
    "\"",
    "'",
    "שלום עולם",
    "\u{202e}rtl\u{202c}",
    "\u{200b}",
    "\u{2060}",
    "🦀",
    "e\u{301}",
    "\u{a0}",
    "\u{202f}",
    "\u{3000}",
    "\u{feff}",
    "{{ x }}",
    "\\",
    "%zz",
    "%",
    "</title>",
    "\u{e000}",
];

/// Texts that no feed can hold, or not there.
pub(super) const ILLEGAL: [&str; 12] = [
    "\0",
    "\u{1}",
    "\u{b}",
    "\u{1b}",
    "\u{7f}",
    "\u{85}",
    "\u{92}",
    "\u{fffd}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{fdd0}",
    "\u{1fffe}",
];

/// A text: words, hard pieces, and, `evil` times in a hundred, a piece that is illegal.
pub(super) fn text(evil: u32) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[a-zA-Zéèàçœ’0-9]{1,9}".prop_map(|word| word + " "),
        3 => select(&HARD[..]).prop_map(str::to_owned),
        1 => any::<char>().prop_filter("legal", |c| gazetier::model::text::is_legal(*c)).prop_map(String::from),
    ];
    let text = prop::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat());
    let illegal = (text.clone(), select(&ILLEGAL[..]), "[a-z]{0,3}").prop_map(|(a, b, c)| a + b + &c);
    let long = text.clone().prop_map(|text| (text + "é").repeat(100_000).chars().take(60_000).collect());
    prop_oneof![
        400 - 4 * evil => text,
        4 * evil => illegal,
        2 => long,
        12 => select(&["", " ", "\u{a0}", "\u{202f}\u{2003}"][..]).prop_map(str::to_owned),
    ]
}

/// HTML as it comes from anywhere.
pub(super) fn soup() -> impl Strategy<Value = String> {
    let tags = select(
        &[
            "<p>",
            "</p>",
            "<b>",
            "</b>",
            "<i>",
            "</i>",
            "<div>",
            "</div>",
            "<ul>",
            "</ul>",
            "<li>",
            "</li>",
            "<dl>",
            "<dt>",
            "<dd>",
            "</dl>",
            "<h2>",
            "</h2>",
            "<h3>",
            "<table>",
            "<tr>",
            "<td>",
            "</td>",
            "</tr>",
            "</table>",
            "<tbody>",
            "<tfoot>",
            "<caption>",
            "<colgroup>",
            "<col>",
            "<th>",
            "<a href=\"/relatif\">",
            "<a href=\"#note\">",
            "</a>",
            "<a href=\"https://a.example/é à.html?q=[x]|&b=1#f#g\">",
            "<a href='mailto:zoe@a.example?subject=a b'>",
            "<a href=\"java\tscript:alert(1)\">",
            "<a href=\"data:text/html,x\">",
            "<img src=\"a b.jpg\" alt=\"é > è\">",
            "<img srcset=\"a.jpg 1x, /b,c.jpg 2x, javascript:x 3x\" sizes=\"50vw\" src=x onerror=alert(1)>",
            "<picture>",
            "<source srcset=\"d.avif\" type=\"image/avif\">",
            "</picture>",
            "<script>alert(1)</script>",
            "<style>@import 'x'</style>",
            "<iframe src=\"//a.example/\"></iframe>",
            "<form action=\"/x\">",
            "<input>",
            "</form>",
            "<button>",
            "</button>",
            "<select><option>",
            "</select>",
            "<a href=\"tel:+33 1 (2)|3\" id=\"é\">",
            "<p id=note style=\"text-align:right\">",
            "<ol reversed start=3>",
            "<li value='2\"'>",
            "<bdo dir=rtl>",
            "<bdi dir=x>",
            "<ruby>",
            "<rt>",
            "<rtc>",
            "<time datetime=\"2026\">",
            "<section>",
            "<address>",
            "<video><source src=/v.mp4></video>",
            "<audio src=v.mp3>",
            "<object data=x><embed src=y>",
            "<iframe src=x title=\"a<b\">",
            "<title>",
            "</title>",
            "<textarea>",
            "<xmp>",
            "<plaintext>",
            "<noscript>",
            "<nom du bateau>",
            "<!-- a",
            "<svg>",
            "<foreignObject>",
            "</foreignObject>",
            "</svg>",
            "<math><mtext>",
            "</mtext></math>",
            "<object data=\"x\">",
            "</object>",
            "<embed src=\"x\">",
            "<ruby>",
            "<rt>",
            "<rtc>",
            "</ruby>",
            "<bdo dir=\"rtl\">",
            "</bdo>",
            "<p style=\"background:url(x)\" onclick=\"x()\">",
            "<template>",
            "</template>",
            "<video src=\"v.mp4\" poster=\"p.jpg\">",
            "</video>",
            "<details><summary>",
            "</summary></details>",
            "<pre>\n",
            "</pre>",
            "<hr>",
            "<br>",
            "<q cite=\"/c\">",
            "</q>",
            "<blockquote cite=\"c d\">",
            "</blockquote>",
            "<marquee>",
            "<center>",
            "<font color=red>",
            "<nobr>",
            "<textarea>",
            "</textarea>",
            "<title>",
            "</title>",
            "<!-- c -->",
            "<!doctype html>",
            "<![CDATA[x]]>",
            "<?php x ?>",
            "</",
            "<",
            "<a",
            "<a href=",
            "<p/",
            "<plaintext>",
            "<frameset>",
            "<body onload=x>",
            "<base href=\"https://b.example/\">",
            "<noscript>",
            "<image src=y>",
        ][..],
    )
    .prop_map(str::to_owned);
    let entities = select(
        &[
            "&#0;",
            "&#1;",
            "&#x85;",
            "&#x92;",
            "&#xFFFE;",
            "&#xD800;",
            "&#x110000;",
            "&#xFDD0;",
            "&check;",
            "&eacute;",
            "&eacute",
            "&foo;",
            "&",
            "&&",
            "&#",
            "&amp;lt;",
            "&#38;#1;",
        ][..],
    )
    .prop_map(str::to_owned);
    let piece = prop_oneof![6 => tags, 2 => text(4), 1 => entities];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

/// A body: what the cleaner makes of soup, or soup as it is.
pub(super) fn body() -> impl Strategy<Value = String> {
    let page = web("https://estran.example.org/chroniques/phare");
    let cleaned = soup().prop_map(move |soup| clean(&soup, &page, &page, Lang::english()));
    let long = "[a-zéè ]{40}".prop_map(|text| format!("<p>{}</p>", text.repeat(2_000)));
    prop_oneof![30 => cleaned, 3 => soup(), 1 => long, 4 => Just(String::new()), 1 => Just("\n ".to_owned())]
}

pub(super) fn url() -> impl Strategy<Value = Url> {
    let good = select(
        &[
            "https://estran.example.org/chroniques/phare",
            "https://estran.example.org/à la carte/été?q=île de ré#déjà vu",
            "https://münchen.example/ä",
            "https://estran.example.org/a|b[c]^`{d}?q=[1]|{2}`'\"#x#y[",
            "https://estran.example.org/100%/%zz?a=1&b=2&amp;c",
            "http://user:pw@estran.example.org:8080/;a,b=c",
        ][..],
    );
    let bad = select(&["http://[::1]/a", "data:text/plain,a", "mailto:zoe@example.org", "https://a\"b.example/"][..]);
    prop_oneof![40 => good, 1 => bad].prop_map(web)
}

pub(super) fn guid() -> impl Strategy<Value = String> {
    prop_oneof![
        20 => "[a-z]{6,9}".prop_map(|key| format!("tag:estran.example.org,2026-01-01:markdown/{key}")),
        8 => "[0-9]{3,5}".prop_map(|n| format!("https://estran.example.org/?p={n}")),
        4 => "[0-9]{3,5}".prop_map(|n| format!("{n} at HTTP://Estran.example.org")),
        4 => text(1),
        2 => "[0-9]{1,9}",
        2 => select(&["http://é.example/", "urn:uuid:x", "spip:article12", "http://a.example", "e\u{301}", ""][..])
            .prop_map(str::to_owned),
    ]
}

pub(super) fn dates() -> impl Strategy<Value = (Instant, Instant)> {
    let recent = (0..400_000_000_i64).prop_map(|seconds| now() - Duration::seconds(seconds));
    let odd = select(&[1, 499_000_000, 4_070_908_800, 253_402_300_799, 400_000_000_000, -70_000_000_000][..])
        .prop_map(|seconds| Utc.timestamp_opt(seconds, 0).single().expect("an instant"));
    let one = prop_oneof![60 => recent, 1 => odd, 4 => Just(now())];
    (one.clone(), one, 0..20_u8).prop_map(|(a, b, order)| match order {
        0 => (a, b),
        1..10 => (a, a),
        _ => (a.min(b), a.max(b)),
    })
}

pub(super) fn picture() -> impl Strategy<Value = Image> {
    let kind = prop_oneof![
        4 => Just("image/jpeg".to_owned()),
        1 => select(&["", "jpeg", "image/", "image/x y", "text/html", "image/<b>"][..]).prop_map(str::to_owned),
    ];
    let size = || prop::option::of(prop_oneof![1 => Just(0), 3 => 1..5_000_u32]);
    (url(), text(1), prop::option::of(text(1)), prop::option::of(kind), size(), size(), size()).prop_map(
        |(url, alt, credit, media_type, width, height, length)| Image {
            url,
            alt,
            credit,
            media_type,
            width,
            height,
            length: length.map(u64::from),
        },
    )
}

pub(super) fn recording() -> impl Strategy<Value = Audio> {
    let kind = select(&["audio/mpeg", "audio/x-m4a", "audio/mpeg", "audio/<b>", "audio/", "video/mp4", ""][..]);
    let number = || prop::option::of(prop_oneof![1 => Just(0), 3 => 1..5_000_000_000_u64]);
    (url(), kind, number(), number()).prop_map(|(url, kind, length, seconds)| Audio {
        url,
        media_type: kind.to_owned(),
        length,
        seconds,
    })
}

pub(super) fn column() -> impl Strategy<Value = Column> {
    let rubrique = prop::option::of(select(&["edito", "humeur", "carnet", "inconnue"][..]));
    let byline = prop::option::of(prop_oneof![8 => text(1), 1 => Just("Zoé <zoe@example.org>".to_owned())]);
    let names = (byline.clone(), byline.clone(), prop::collection::vec(text(1), 0..3));
    let words = (text(1), text(1), names, body());
    let media = (prop::option::of(picture()), prop::option::weighted(0.3, recording()));
    (guid(), rubrique, words, url(), media, dates()).prop_map(
        |(
            guid,
            rubrique,
            (title, standfirst, (byline, second, tags), body),
            url,
            (image, audio),
            (published, updated),
        )| {
            Column {
                id: ColumnId(0),
                guid,
                rubrique: rubrique.and_then(|slug| Slug::parse(slug).ok()),
                title,
                standfirst,
                bylines: byline.iter().cloned().chain(second).collect(),
                byline,
                tags,
                body,
                url,
                image,
                audio,
                published,
                updated,
            }
        },
    )
}
