//! Columns made of a small list of words by a seeded generator: the same number gives the same
//! column, on every machine.

use chrono::{DateTime, Duration, Utc};
use gazetier::model::{Draft, Image, Slug};
use url::Url;

use super::magazine;

/// How long a body is, in bytes, but for its last paragraph.
const BODY: usize = 5_000;

/// SplitMix64: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.throw() % bound as u64).unwrap_or(0)
    }

    fn pick(&mut self, words: &[&'static str]) -> &'static str {
        words[self.below(words.len())]
    }
}

const WHO: &[&str] = &[
    "le gardien du phare",
    "ma voisine de ponton",
    "un goéland bien nourri",
    "la patronne du café des Brumes",
    "l’équipage du vieux cotre",
    "un estivant en avance",
    "la marée d’équinoxe",
    "notre correspondante à l’écluse",
    "le vendeur de cirés",
    "une huître de trois ans",
    "l’harmonie municipale",
    "le facteur des îles",
];
const DOES: &[&str] = &[
    "surveille",
    "raconte à qui veut l’entendre",
    "a perdu puis retrouvé",
    "repeint chaque printemps",
    "n’a jamais compris",
    "traverse sans lever les yeux",
    "garde pour les jours de pluie",
    "échangerait volontiers",
    "a décidé de ne plus regretter",
    "mesure au bout d’une ficelle",
];
const WHAT: &[&str] = &[
    "la couleur de l’estran",
    "trois casiers et un parapluie",
    "l’horaire du dernier bac",
    "une bouée sans navire",
    "le banc du bout de la jetée",
    "l’odeur du goudron neuf",
    "les papiers du canot",
    "un coefficient de cent douze",
    "le silence d’après la corne de brume",
    "la recette de la soupe grise",
    "un nœud que personne n’enseigne",
    "quarante et une marches",
];
const WHEN: &[&str] = &[
    "à l’heure où les filets sèchent",
    "quand le vent tourne au nord",
    "depuis l’hiver des grandes eaux",
    "entre deux averses",
    "au grand étonnement des mouettes",
    "sans déranger personne",
    "comme on ferme un volet",
    "pour le plaisir de revenir",
    "malgré l’avis du syndicat d’initiative",
    "jusqu’à la prochaine lune",
];
const NAMES: &[&str] = &[
    "Aurèle Penmarc’h",
    "Basile Hauterive",
    "Céleste Ormeau",
    "Diane Le Corsec",
    "Émile Vasard",
    "Félicie Grève",
    "Gaspard & Zoé Tréhic",
    "Hélène Sablon",
];

/// A sentence without its full stop, in lower case.
fn clause(dice: &mut Dice) -> String {
    format!("{} {} {} {}", dice.pick(WHO), dice.pick(DOES), dice.pick(WHAT), dice.pick(WHEN))
}

/// The text with its first letter in upper case.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn sentence(dice: &mut Dice) -> String {
    let first = capital(&clause(dice));
    match dice.below(6) {
        0 => format!("{first}\u{202f}; {}.", clause(dice)),
        1 => format!("«\u{202f}{first}\u{202f}», dit-on."),
        2 => format!("{first}\u{202f}!"),
        _ => format!("{first}."),
    }
}

/// The body as the cleaner leaves one: paragraphs with emphasis, links, a heading, perhaps a
/// picture.
fn body(dice: &mut Dice, picture: Option<&str>) -> String {
    let mut html = String::with_capacity(BODY + 1_024);
    if let Some(address) = picture {
        html.push_str(&format!("<p><img src=\"{address}\" alt=\"Le port, vu du large\"></p>\n"));
    }
    while html.len() < BODY {
        if html.len() > BODY / 2 && !html.contains("<h2>") {
            html.push_str(&format!("<h2>{}</h2>\n", capital(dice.pick(WHAT))));
        }
        html.push_str("<p>");
        for place in 0..3 + dice.below(4) {
            if place > 0 {
                html.push(' ');
            }
            let sentence = sentence(dice);
            match dice.below(7) {
                0 => html.push_str(&format!("<em>{sentence}</em>")),
                1 => html.push_str(&format!(
                    "<a href=\"https://large.example.org/chroniques/{}?d=a&amp;p={}\">{sentence}</a>",
                    dice.below(10_000),
                    dice.below(90)
                )),
                2 => html.push_str(&format!("{sentence} (Vent &amp; marée, \"n° {}\")", dice.below(400))),
                _ => html.push_str(&sentence),
            }
        }
        html.push_str("</p>\n");
    }
    html
}

/// Column `number` of a corpus of `of` columns in `rubriques` rubriques, spread evenly over twenty
/// years so that the rubriques interleave. Number `of` and above follow the corpus, a minute apart.
pub fn column(number: u64, of: u64, rubriques: usize) -> Draft {
    let mut dice = Dice(number.wrapping_mul(0xd134_2543_de82_ef95) ^ 0x6761_7a65_7469_6572);
    let rubrique = magazine::rubrique(dice.below(rubriques)).slug;
    // 2005-06-01 to 2025-05-27.
    let start = DateTime::<Utc>::from_timestamp(1_117_584_000, 0).unwrap_or_default();
    let years = Duration::days(7_300).num_seconds();
    let step = years / i64::try_from(of.max(1)).unwrap_or(i64::MAX).min(years);
    let number_signed = i64::try_from(number.min(of)).unwrap_or(0);
    let after = i64::try_from(number.saturating_sub(of)).unwrap_or(0);
    let published = start + Duration::seconds(number_signed * step + after * 60);
    // Every eighth was mended later, to the millisecond.
    let mended = if dice.below(8) == 0 {
        Duration::milliseconds(1_234 + i64::from(step > 60) * 40_000)
    } else {
        Duration::zero()
    };
    let url = |text: String| Url::parse(&text).expect("an address of the corpus");
    let picture = (dice.below(3) == 0).then(|| format!("https://media.large.example.org/{number}/grande%20vue.jpg"));
    // Of the pictures, some stand in the body already.
    let in_body = picture.as_deref().filter(|_| dice.below(4) == 0);
    let body = body(&mut dice, in_body);
    let image = picture.map(|address| Image {
        url: url(address),
        alt: capital(&clause(&mut dice)),
        credit: (dice.below(2) == 0).then(|| dice.pick(NAMES).to_owned()),
        media_type: Some("image/jpeg".into()),
        width: Some(1_600),
        height: Some(900 + u32::try_from(dice.below(300)).unwrap_or(0)),
        length: Some(200_000 + dice.below(90_000) as u64),
    });
    let title = match dice.below(10) {
        0 => format!("{} & {}", capital(dice.pick(WHAT)), dice.pick(WHAT)),
        1 => format!("\"{}\"\u{202f}?", capital(dice.pick(WHAT))),
        _ => capital(&format!("{} {}", dice.pick(WHO), dice.pick(WHEN))),
    };
    let standfirst = (0..2 + dice.below(2)).map(|_| sentence(&mut dice)).collect::<Vec<_>>().join(" ");
    let byline = (dice.below(10) > 0).then(|| dice.pick(NAMES).to_owned());
    Draft {
        source: "corpus".into(),
        key: number.to_string(),
        guid: magazine::tag(&format!("corpus/{number}")),
        rubrique: Some(Slug::parse(&rubrique).expect("a slug of the corpus")),
        title,
        standfirst,
        bylines: byline.iter().cloned().collect(),
        byline,
        tags: Vec::new(),
        body_raw: body.clone(),
        body,
        cleaner: gazetier::ingest::clean::CLEANER,
        withdrawn: false,
        url: url(format!("{}chroniques/{number}", magazine::SITE)),
        image,
        audio: None,
        published,
        updated: published + mended,
    }
}
