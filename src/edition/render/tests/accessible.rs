//! What the Email Markup Consortium asks of each letter, in our own words, looked for in a thousand editions that nobody
//! has chosen: in three languages, both ways of writing, and all layouts.

use super::{super::tags, at, draft, magazine};
use crate::{
    edition::{
        layout::EditionDraft,
        render::{
            render,
            tags::{HtmlPiece, LetterTag},
            view::NIGHT_PALETTE,
        },
    },
    model::{Choice, Colour, Column, ColumnId, Image, LetterLayout, colour::MIN_CONTRAST},
};

/// Numbers that look like chance, and are the same each time (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

const TITLES: [&str; 7] = [
    "Une marée",
    "L’été, enfin\u{202f}!",
    "البحر والمنارة في الشتاء",
    "<b>Gras</b> & \"guillemets\"",
    "A title that goes on and on, past any line that a telephone has, because nobody told its author to stop in time",
    "2026",
    "Anticonstitutionnellement\u{a0}: le mot de la semaine",
];

const BODIES: [&str; 4] = [
    "",
    "<p>Un.</p><h1>Titre</h1><p>Deux <a href=\"https://a.example/\">ici</a>.</p><h4>Plus bas</h4><ul><li>a</li></ul>",
    "<h3>Un</h3><p><img src=\"https://a.example/i.jpg\" alt=\"Un quai\"><img src=\"https://a.example/j.jpg\" alt=\"\"></p>",
    "<blockquote><p>Cité</p></blockquote><table><tr><th>a</th></tr><tr><td>b</td></tr></table><hr><pre>x\ny</pre>",
];

const COLOURS: [&str; 6] = ["#ffe600", "#ff0000", "#0000ff", "#7f7f7f", "#000000", "#0f5568"];

fn column(chance: &mut Chance, id: usize, like: &Column) -> Column {
    let picture = |chance: &mut Chance| Image {
        url: "https://estran.example.org/a.jpg".parse().expect("an address"),
        alt: ["Un phare", ""][chance.below(2)].to_owned(),
        credit: chance.one_in(2).then(|| "Zoé".to_owned()),
        media_type: None,
        width: [None, Some(40), Some(300), Some(1200)][chance.below(4)],
        height: [None, Some(200), Some(2000)][chance.below(3)],
        length: None,
    };
    Column {
        id: ColumnId(id as i64),
        title: chance.pick(&TITLES).to_owned(),
        standfirst: ["", "Un chapô. Et <i>sa</i> suite."][chance.below(2)].to_owned(),
        byline: chance.one_in(2).then(|| "Maëlle & fils".to_owned()),
        body: chance.pick(&BODIES).to_owned(),
        image: chance.one_in(3).then(|| picture(chance)),
        audio: chance.one_in(6).then(|| crate::model::Audio {
            url: "https://estran.example.org/a.mp3".parse().expect("an address"),
            media_type: "audio/mpeg".into(),
            length: None,
            seconds: None,
        }),
        ..like.clone()
    }
}

/// An edition by its number.
fn edition(number: u64) -> (crate::config::Config, EditionDraft) {
    let chance = &mut Chance(number * 2_654_435_769 + 1);
    let mut config = magazine(["fr", "en", "ar"][number as usize % 3]);
    config.digest.layout = LetterLayout::ALL[chance.below(3)];
    config.digest.max_columns = 1 + chance.below(30);
    for rubrique in &mut config.rubriques {
        rubrique.colour = chance.pick(&COLOURS).parse().expect("a colour");
    }
    config.theme.accent = chance.pick(&COLOURS).parse().expect("a colour");
    if chance.one_in(2) {
        config.letters.archive_url = Some("https://estran.example.org/lettre/archive/".parse().expect("one"));
        config.theme.footer = "Offrez *la revue* & [plus](https://estran.example.org/x).".into();
    }
    if chance.one_in(3) {
        config.theme.logo = Some(crate::config::Logo {
            url: "https://estran.example.org/logo.png".parse().expect("an address"),
            width: 240,
            alt: "L’Estran".into(),
        });
    }
    let mut draft = draft(&config);
    let like = draft.columns[0].clone();
    let count = [1, 2, 3, 9, 12, 25][chance.below(6)];
    draft.columns = (0..count).map(|id| column(chance, id, &like)).collect();
    for column in &mut draft.columns {
        let rubrique = config.rubriques.get(chance.below(config.rubriques.len() + 1));
        column.rubrique = rubrique.map(|rubrique| rubrique.slug.clone());
        column.published = at("2026-11-20T08:00:00Z");
    }
    if chance.one_in(2) {
        draft.changes.signed = Some("Yann Kerdoncuff".into());
        draft.changes.portrait = Some("https://estran.example.org/yann.jpg".into());
        draft.changes.closing = Some("À bientôt, [ici](https://estran.example.org/).".into());
    }
    (config, draft)
}

/// An element that is open, with what its words have from it and from those around it.
#[derive(Clone)]
struct Open {
    tag: LetterTag,
    ink: Colour,
    ground: Colour,
    pixels: f64,
    is_hidden: bool,
}

fn declared<'t>(tag: &'t LetterTag, property: &str) -> Option<&'t str> {
    let style = tag.attribute("style")?;
    style
        .split(';')
        .filter_map(|one| one.split_once(':'))
        .filter(|(name, _)| *name == property)
        .map(|(_, v)| v)
        .next_back()
}

fn is_void(name: &str) -> bool {
    ["img", "br", "hr", "meta", "link", "input", "source", "wbr"].contains(&name)
}

/// What a letter is found wanting in.
fn faults(html: &str, language: &str, dir: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let pieces = tags::pieces(html);
    let all: Vec<&LetterTag> =
        pieces.iter().filter_map(|p| if let HtmlPiece::Open(t) = p { Some(t) } else { None }).collect();
    let first = |name: &str| all.iter().find(|tag| tag.name == name);
    let mut fault = |what: String| faults.push(what);
    // The whole: language, direction, title, charset, zoom, and the letter's own landmark.
    if first("html").is_none_or(|tag| tag.attribute("lang") != Some(language) || tag.attribute("dir") != Some(dir)) {
        fault("html has another language or direction".into());
    }
    let landmark = all.iter().find(|tag| tag.attribute("role") == Some("article"));
    if landmark.is_none_or(|tag| {
        tag.attribute("lang") != Some(language)
            || tag.attribute("aria-roledescription") != Some("email")
            || tag.attribute("aria-label").is_none_or(|label| label.trim().is_empty())
    }) {
        fault("there is no article with a name and a language".into());
    }
    let title = html.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap_or_default();
    if title.trim().is_empty() || html.matches("<title>").count() != 1 {
        fault("there is not one title".into());
    }
    if !html.to_lowercase().contains("charset=utf-8") && !html.contains("charset=\"UTF-8\"") {
        fault("no charset is told".into());
    }
    let viewport =
        all.iter().find(|tag| tag.attribute("name") == Some("viewport")).and_then(|tag| tag.attribute("content"));
    if viewport.is_none_or(|content| content.contains("user-scalable") || content.contains("maximum-scale")) {
        fault(format!("it cannot be made larger: {viewport:?}"));
    }
    // The elements, with what is around them.
    let (black, white) = (Colour::new(0, 0, 0), Colour::new(255, 255, 255));
    let mut open: Vec<Open> = Vec::new();
    let mut levels = Vec::new();
    let mut links: Vec<(usize, String)> = Vec::new();
    for piece in &pieces {
        match piece {
            HtmlPiece::Open(tag) => {
                let around = open.last().cloned();
                let own =
                    |property: &str| declared(tag, property).and_then(|v| v.split(' ').next()?.parse::<Colour>().ok());
                let ground = own("background-color").or(own("background"));
                let pixels = declared(tag, "font-size").and_then(|size| size.strip_suffix("px")?.parse().ok());
                let now = Open {
                    tag: tag.clone(),
                    ink: own("color").or(around.as_ref().map(|a| a.ink)).unwrap_or(black),
                    ground: ground.or(around.as_ref().map(|a| a.ground)).unwrap_or(white),
                    pixels: pixels.or(around.as_ref().map(|a| a.pixels)).unwrap_or(16.0),
                    is_hidden: around.as_ref().is_some_and(|a| a.is_hidden)
                        || declared(tag, "display") == Some("none")
                        || ["style", "title"].contains(&tag.name.as_str()),
                };
                check_tag(tag, &open, &mut fault, &mut links);
                if let [b'h', level @ b'1'..=b'6'] = tag.name.as_bytes() {
                    levels.push(level - b'0');
                }
                if !is_void(&tag.name) {
                    open.push(now);
                }
            }
            HtmlPiece::Close(name) if is_void(name) => {}
            HtmlPiece::Close(name) => {
                let closed = open.pop();
                if closed.as_ref().is_none_or(|closed| closed.tag.name != *name) {
                    fault(format!("</{name}> closes {:?}", closed.map(|closed| closed.tag.name)));
                }
                if name == "a"
                    && let Some((_, said)) = links.pop()
                    && said.trim().is_empty()
                {
                    fault("a link says nothing".into());
                }
            }
            HtmlPiece::Text(words) if words.trim().is_empty() => {}
            HtmlPiece::Text(words) => {
                links.iter_mut().for_each(|(_, said)| said.push_str(words));
                let Some(around) = open.last().filter(|around| !around.is_hidden) else { continue };
                let contrast = around.ink.contrast(around.ground);
                if contrast < MIN_CONTRAST {
                    fault(format!("{words:?}: {} on {}: {contrast:.2}", around.ink, around.ground));
                }
                if around.pixels < 13.0 {
                    fault(format!("{words:?} has {} pixels", around.pixels));
                }
            }
        }
    }
    if levels.first() != Some(&1) || levels.iter().filter(|level| **level == 1).count() != 1 {
        fault(format!("not one heading of the first level, before all others: {levels:?}"));
    }
    if levels.windows(2).any(|pair| pair[1] > pair[0] + 1) {
        fault(format!("a level of headings is left out: {levels:?}"));
    }
    faults
}

fn check_tag(tag: &LetterTag, open: &[Open], fault: &mut impl FnMut(String), links: &mut Vec<(usize, String)>) {
    let is_in = |names: &[&str]| open.iter().any(|open| names.contains(&open.tag.name.as_str()));
    let parent = open.last().map_or("", |open| open.tag.name.as_str());
    match tag.name.as_str() {
        // A table of data has none of the marks of one that only lays out.
        "table" if declared(tag, "border-collapse") == Some("collapse") && declared(tag, "margin").is_some() => {}
        "table" if tag.attribute("role") != Some("presentation") => fault(format!("a table lays out: {tag:?}")),
        "img" => {
            let alt = tag.attribute("alt").unwrap_or_default();
            if alt.trim().is_empty() || tag.attribute("width").is_none() {
                fault(format!("a picture has no description or width: {tag:?}"));
            }
            links.iter_mut().for_each(|(_, said)| said.push_str(alt));
        }
        "a" => {
            links.push((open.len(), String::new()));
            let is_seen = declared(tag, "text-decoration") != Some("none")
                || declared(tag, "border-bottom").is_some()
                || declared(tag, "background").is_some()
                || is_in(&["h1", "h2", "h3"]);
            // A picture is seen by itself.
            let is_picture = declared(tag, "text-decoration") == Some("none") && matches!(parent, "div" | "td");
            if !is_seen && !is_picture {
                fault(format!("a link looks like other words: {tag:?}"));
            }
        }
        "li" if !matches!(parent, "ul" | "ol") => fault("an item is in no list".into()),
        "center" | "font" | "marquee" | "blink" => fault(format!("{} is of another time", tag.name)),
        _ => {}
    }
    if declared(tag, "text-align") == Some("justify") || tag.attribute("align") == Some("justify") {
        fault("lines are of one length".into());
    }
}

#[test]
fn a_thousand_editions_pass_each_rule_of_the_email_markup_consortium() {
    let mut layouts = std::collections::BTreeMap::new();
    for number in 0..1_000 {
        let (config, draft) = edition(number);
        let letter = render(&config, &draft, &Choice::all()).expect("a letter").expect("columns");
        let (language, dir) = (config.magazine.language.as_str(), config.magazine.lang.dir());
        let faults = faults(&letter.html, language, dir);
        assert!(faults.is_empty(), "edition {number}, {}: {faults:#?}\n{}", config.digest.layout, letter.html);
        *layouts.entry((config.digest.layout.as_str(), dir)).or_insert(0) += 1;
    }
    assert!(layouts.len() == 6 && layouts.values().all(|count| *count > 50), "{layouts:?}");
}

#[test]
fn what_breaks_a_rule_is_found() {
    let (config, draft) = edition(0);
    let good = render(&config, &draft, &Choice::all()).expect("a letter").expect("columns").html;
    assert!(faults(&good, "fr", "ltr").is_empty());
    for (from, to, fault) in [
        (" dir=\"ltr\"", "", "another language or direction"),
        ("role=\"article\"", "", "no article"),
        ("<title>", "<title></title><title>", "not one title"),
        ("role=\"presentation\"", "", "a table lays out"),
        ("<h1", "<h4", "not one heading of the first level"),
        ("<h2", "<h6", "a level of headings"),
        ("</h1>", "</h1><img src=\"https://a.example/x.gif\">", "a picture has no description"),
        ("</h1>", "</h1><a href=\"https://a.example/\"> </a>", "a link says nothing"),
        (
            "</h1>",
            "</h1><p><a href=\"https://a.example/\" style=\"text-decoration:none\">x</a></p>",
            "looks like other",
        ),
        ("</h1>", "</h1><p style=\"color:#dddddd\">pâle</p>", "\"pâle\""),
        ("</h1>", "</h1><p style=\"font-size:9px\">petit</p>", "has 9 pixels"),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good, "{from}");
        let faults = faults(&bad, "fr", "ltr");
        assert!(faults.iter().any(|found| found.contains(fault)), "{to}: {faults:?}");
    }
}

#[test]
fn words_can_be_read_at_night_too() {
    let night = NIGHT_PALETTE;
    for ink in [night.ink, night.muted] {
        for ground in [night.paper, night.surface] {
            assert!(ink.contrast(ground) >= MIN_CONTRAST);
        }
    }
}
